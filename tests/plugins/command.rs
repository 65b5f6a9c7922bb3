//! A WASI command, of a compiler that knows nothing of the contract, is a plugin.

use std::fs;

use crate::languages::{Language, copy, done, standpipe};

#[test]
fn a_command_in_zig_speaks_lambdas_contract() {
    if !Language::named("zig").is_here() {
        return;
    }
    let (_kept, folder) = copy("plugins/zig/example-command");
    done(standpipe(&folder).args(["plugin", "build"]));
    fs::write(folder.join("in"), "{\"n\":1}\nno json\n{\"kind\":\"debug\"}\n{\"n\":2}\n").unwrap();
    let mut pipe = standpipe(&folder);
    pipe.args(["pipe", "--plugin", "./zones-command.wasm", "--failed", "failed.jsonl", "in"]);
    let out = String::from_utf8(done(&mut pipe).stdout).unwrap();
    assert_eq!(out, "{\"n\":1,\"zone\":\"eu\"}\n{\"n\":2,\"zone\":\"eu\"}\n");
    let failed = fs::read_to_string(folder.join("failed.jsonl")).unwrap();
    assert_eq!(failed.lines().count(), 1, "{failed}");
    assert!(failed.contains("Lambda.ProcessingFailedStatus"), "{failed}");
}
