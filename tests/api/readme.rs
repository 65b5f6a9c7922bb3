//! What the README says of sending records is so.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::host::{Host, drain};
use crate::python::{aws, python};
use crate::wire::delivered;

fn section() -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(top.join("README.md")).unwrap();
    readme.split("\n## Send records\n").nth(1).unwrap().split("\n## ").next().unwrap().to_owned()
}

/// The block of the section, from 0, with this label.
fn block(section: &str, label: &str, number: usize) -> String {
    let blocks = section.split("```").skip(1).step_by(2);
    let mut labelled = blocks.filter(|block| block.starts_with(&format!("{label}\n")));
    labelled.nth(number).unwrap().split_once('\n').unwrap().1.to_owned()
}

#[test]
fn its_config_and_its_commands_work() {
    let section = section();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "{}\nbuffering = {{ interval = \"1s\" }}\n[s3]\ndirectory = \"buckets\"\n",
        block(&section, "toml", 0)
    );
    let config = config.replace(":4573\"", ":0\"").replace(":4574\"", ":0\"");
    fs::write(folder.path().join("standpipe.toml"), &config).unwrap();
    fs::write(folder.path().join("events.jsonl"), "{\"a\":1}\n{\"a\":2}\n").unwrap();
    let host = Host::start(folder.path());
    let curl = block(&section, "", 1).replace("http://127.0.0.1:4573", &host.url());
    let sent = Command::new("sh")
        .args(["-c", &curl.replace("curl ", "curl --fail ")])
        .current_dir(folder.path())
        .output();
    let curl_is_there = Command::new("curl").arg("--version").output().is_ok();
    if curl_is_there {
        let sent = sent.unwrap();
        assert!(sent.status.success(), "{curl}: {sent:?}");
    } else {
        println!("skipped: curl is missing");
    }
    let mut want = if curl_is_there { "{\"a\":1}\n{\"a\":2}\n".to_owned() } else { String::new() };
    if let Some(python) = python() {
        let written = block(&section, "", 0);
        assert!(
            written.contains("put-record") && written.contains(r#"--record '{"Data":"hello\n"}'"#),
            "{written}"
        );
        let mut aws = aws(&python, &host);
        aws.args(["put-record", "--delivery-stream-name", "clicks", "--record", r#"{"Data":"hello\n"}"#]);
        let sent = aws.output().unwrap();
        assert!(sent.status.success(), "{sent:?}");
        want += "hello\n";
    }
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    let mut got: Vec<u8> = delivered(folder.path());
    got.sort_unstable();
    let mut want = want.into_bytes();
    want.sort_unstable();
    assert_eq!(got, want);
    // The second config is of what goes with the first.
    let keys = block(&section, "toml", 1);
    fs::write(folder.path().join("shop.secret"), "secret").unwrap();
    fs::write(folder.path().join("standpipe.toml"), format!("{config}\n{keys}")).unwrap();
    let checked = crate::host::program(folder.path()).arg("check").env("SHOP_KEY", "AKIA").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
