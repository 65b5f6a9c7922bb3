//! What the README says of sending records is so.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::host::{Host, drain};
use crate::python::{aws, aws_on_path, python};
use crate::wire::delivered;

fn section(title: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(top.join("README.md")).unwrap();
    readme.split(&format!("\n## {title}\n")).nth(1).unwrap().split("\n## ").next().unwrap().to_owned()
}

/// The block of the section, from 0, with this label.
fn block(section: &str, label: &str, number: usize) -> String {
    let blocks = section.split("```").skip(1).step_by(2);
    let mut labelled = blocks.filter(|block| block.starts_with(&format!("{label}\n")));
    labelled.nth(number).unwrap().split_once('\n').unwrap().1.to_owned()
}

#[test]
fn its_config_and_its_commands_work() {
    let section = section("Send records");
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

/// Commands of a transcript, each with what it prints.
fn transcript(text: &str) -> Vec<(String, String)> {
    let mut told: Vec<(String, String)> = Vec::new();
    let mut in_command = false;
    for line in text.lines() {
        if let Some(begin) = line.strip_prefix("$ ") {
            told.push((format!("{begin}\n"), String::new()));
            in_command = true;
        } else {
            let (command, printed) = told.last_mut().unwrap();
            // A command goes on while a line ends in `\` or a quote is open.
            let open = command.trim_end().ends_with('\\') || command.matches('\'').count() % 2 == 1;
            in_command &= open;
            *(if in_command { command } else { printed }) += &format!("{line}\n");
        }
    }
    told
}

/// Whether text is what was written, where `…` stands for anything on its line.
fn is_like(written: &str, text: &str) -> bool {
    let line = |(written, text): (&str, &str)| match written.split_once('…') {
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
        None => written == text,
    };
    written.lines().count() == text.lines().count() && written.lines().zip(text.lines()).all(line)
}

#[test]
fn the_flow_of_the_tutorial_needs_only_an_endpoint() {
    let Some(python) = python() else { return };
    let section = section("Make streams by the API");
    let folder = tempfile::tempdir().unwrap();
    let config = block(&section, "toml", 0).replace(":4573\"", ":0\"");
    fs::write(folder.path().join("standpipe.toml"), format!("admin_listen = \"127.0.0.1:0\"\n{config}"))
        .unwrap();
    let host = Host::start(folder.path());
    let commands = transcript(&block(&section, "console", 0));
    assert_eq!(commands.len(), 4);
    for (command, written) in commands {
        let command = command.replace("http://127.0.0.1:4573", &host.url());
        // The CLI that registries have is version 1.
        let command = command.replace("eyJjdXN0b21lciI6ImFjbWUifQo=", r#"{\"customer\":\"acme\"}\n"#);
        let run = || {
            let mut shell = Command::new("sh");
            aws_on_path(&mut shell, &python, folder.path());
            let done = shell.args(["-c", &command]).current_dir(folder.path()).output().unwrap();
            (done.status.success(), String::from_utf8(done.stdout).unwrap(), done.stderr)
        };
        if command.starts_with("cat ") {
            // Longer than usual: as at Firehose, a partition stays open for a minute.
            let until = Instant::now() + Duration::from_secs(180);
            while !run().0 && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        let (good, printed, said) = run();
        assert!(good, "{command}{}", String::from_utf8_lossy(&said));
        assert!(is_like(&written, &printed), "{command}{printed}instead of\n{written}");
    }
}
