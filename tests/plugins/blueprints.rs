//! `plugin new --blueprint` starts from a blueprint's source, which builds and passes its cases.

use crate::languages::{Language, done, standpipe};

fn from_its_source(language: &str, blueprint: &str) {
    if !Language::named(language).is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    done(standpipe(folder).args(["plugin", "new", language, "mine", "--blueprint", blueprint]));
    done(standpipe(folder).args(["plugin", "build", "mine"]));
    let tested = String::from_utf8(done(standpipe(folder).args(["plugin", "test", "mine"])).stdout).unwrap();
    assert!(tested.contains("ok"), "{tested}");
}

#[test]
fn in_rust() {
    from_its_source("rust", "json-to-csv");
}

#[test]
fn in_javascript() {
    from_its_source("javascript", "json-redact");
}

#[test]
fn in_python() {
    from_its_source("python", "csv-to-json");
}

#[test]
fn in_go() {
    from_its_source("go", "key-value-to-json");
}
