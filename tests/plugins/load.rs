//! A component that cannot be loaded says why in one sentence, with the next step.

use std::fs;
use std::path::Path;

use crate::languages::standpipe;

/// What `pipe` says of a plugin that is no plugin. It ends with 2.
fn refused(folder: &Path, bytes: &[u8]) -> String {
    fs::write(folder.join("p.wasm"), bytes).unwrap();
    let ran = standpipe(folder).args(["pipe", "--plugin", "./p.wasm", "/dev/null"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(2), "{ran:?}");
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "it is one sentence: {said}");
    assert!(said.contains(": "), "{said}");
    said
}

#[test]
fn each_way_of_being_no_plugin_has_its_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let valid =
        fs::read(crate::languages::top().join("blueprints/syslog-to-csv/syslog-to-csv.wasm")).unwrap();
    let cases: [(&str, Vec<u8>, [&str; 2]); 11] = [
        ("wrong world", wat("(component)"), ["exports neither", "build it with an SDK"]),
        (
            "another interface",
            wat(r#"(component (instance $i) (export "acme:other/run@1.0.0" (instance $i)))"#),
            ["`acme:other/run@1.0.0`", "build it with an SDK"],
        ),
        (
            "newer interface",
            wat(r#"(component (instance $i) (export "standpipe:transform/batch@9.0.0" (instance $i)))"#),
            ["knows version 0.1.0", "run a newer standpipe"],
        ),
        (
            "import that is not granted",
            wat(r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#),
            ["`wasi:http/outgoing-handler@0.2.0`, which is not granted", "build it without that"],
        ),
        (
            "core module of Emscripten",
            wat(r#"(module (import "env" "emscripten_resize_heap" (func)) (func (export "main")))"#),
            ["`env emscripten_resize_heap`", "clang and wasi-libc"],
        ),
        (
            "core module of wasm-bindgen",
            wat(r#"(module (import "__wbindgen_placeholder__" "describe" (func)))"#),
            ["wasm-bindgen", "build it without"],
        ),
        (
            "core module of Go for browsers",
            wat(r#"(module (import "gojs" "runtime.wasmExit" (func)))"#),
            ["`gojs runtime.wasmExit`", "GOOS=wasip1"],
        ),
        (
            "core module with nothing",
            wat("(module)"),
            ["does not carry the contract", "build it with an SDK"],
        ),
        (
            "corrupt file",
            valid[..valid.len() / 2].to_vec(),
            ["damaged or truncated", "copy or build it again"],
        ),
        ("no WebAssembly", b"#!/bin/sh\n".to_vec(), ["not WebAssembly", "give a component"]),
        ("empty file", Vec::new(), ["not WebAssembly", "give a component"]),
    ];
    for (what, bytes, parts) in cases {
        let said = refused(folder.path(), &bytes);
        for part in parts {
            assert!(said.contains(part), "{what}: {said}");
        }
    }
}

#[test]
fn a_component_over_the_size_limit_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("p.wasm")).unwrap();
    file.set_len(10 << 30).unwrap();
    let ran = standpipe(folder.path()).args(["pipe", "--plugin", "./p.wasm", "/dev/null"]).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(said.contains("larger than 67108864 bytes") && said.contains("stripped"), "{said}");
}

#[test]
fn another_digest_than_the_pinned_one_and_params_that_do_not_fit_are_found_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let from = crate::languages::top().join("blueprints/syslog-to-csv/syslog-to-csv.wasm");
    fs::copy(from, folder.path().join("p.wasm")).unwrap();
    let config = |more: &str| {
        format!(
            "state = \"state\"\n[s3]\ndirectory = \"b\"\n[plugins.p]\nsource = \"./p.wasm\"\n{more}\n\
             [streams.s]\nsource.stdin = {{}}\ntransform = [\"p\"]\ndestination.s3.bucket = \"logs\"\n"
        )
    };
    let check = |more: &str| {
        fs::write(folder.path().join("standpipe.toml"), config(more)).unwrap();
        let ran = standpipe(folder.path()).arg("check").output().unwrap();
        assert_eq!(ran.status.code(), Some(2), "{ran:?}");
        String::from_utf8(ran.stderr).unwrap()
    };
    let said = check(&format!("digest = \"sha256:{}\"", "0".repeat(64)));
    assert!(said.contains("the config pins sha256:000") && said.contains("pin the new digest"), "{said}");
    let said = check("params = { nothing = 1 }");
    assert!(said.contains("its params do not fit") && said.contains("nothing"), "{said}");
    assert!(said.contains("standpipe.toml:6:10"), "it points at the params: {said}");
}
