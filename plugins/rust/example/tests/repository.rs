//! What holds for this example among the others: a plugin made from it has no use for this file.

use std::path::Path;

use standpipe_logline::testing::{Case, run_cases};

/// The cases that the examples of all languages share.
#[test]
fn the_shared_cases_come_out_as_their_files_say() {
    let cases = Case::within(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases"));
    assert!(!cases.is_empty());
    run_cases::<zones::Plugin>(&cases);
}

#[test]
fn the_readme_shows_this_plugin() {
    let (source, _) = include_str!("../src/lib.rs").split_once("#[cfg(test)]").unwrap();
    let (_, code) = source.split_once("\n\n").unwrap();
    assert!(include_str!("../../README.md").contains(code.trim_end()), "copy it into plugins/rust/README.md");
}
