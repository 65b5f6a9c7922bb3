//! Several files, several lanes, and what one bad stream may do to the others.

use std::path::Path;

use crate::program::{run, standpipe};

/// A config with a stream for each name, which reads `NAME.log` and others.
fn config(folder: &Path, streams: &[(&str, &str, u32)]) {
    let mut text =
        "quota = \"64MiB\"\nbuffer_memory = \"8MiB\"\n[s3]\ndirectory = \"./buckets\"\n".to_owned();
    for (name, files, lanes) in streams {
        text += &format!(
            "[streams.{name}]\nsource.file = {{ path = {files} }}\nlanes = {lanes}\n\
             destination.s3 = {{ bucket = \"{name}-logs\" }}\n"
        );
    }
    std::fs::write(folder.join("standpipe.toml"), text).unwrap();
}

fn lines(folder: &Path, name: &str, count: usize) -> Vec<String> {
    let lines: Vec<String> = (0..count).map(|number| format!("{name} {number} {:0100}", 0)).collect();
    std::fs::write(folder.join(format!("{name}.log")), lines.join("\n") + "\n").unwrap();
    lines
}

fn delivered(folder: &Path, stream: &str) -> Vec<String> {
    fn walk(folder: &Path, into: &mut Vec<String>) {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else {
                into.extend(std::fs::read_to_string(path).unwrap().lines().map(str::to_owned));
            }
        }
    }
    let mut all = Vec::new();
    walk(&folder.join("buckets").join(format!("{stream}-logs")), &mut all);
    all.sort();
    all
}

#[test]
fn several_files_fill_several_lanes_and_fewer_lanes_drain_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut all: Vec<String> = ["a", "b", "c"].iter().flat_map(|name| lines(folder, name, 20_000)).collect();
    config(folder, &[("web", r#"["a.log", "b.log", "c.log"]"#, 3)]);
    let mut killed = standpipe(folder);
    killed.env("STANDPIPE_FAILPOINT", "log.sync.after:3").args(["run", "--drain"]);
    assert_ne!(run(&mut killed, b"").0, 0);
    assert!(folder.join("state/streams/web/lane-1").is_dir(), "the first lane was behind");

    config(folder, &[("web", r#"["a.log", "b.log", "c.log"]"#, 1)]);
    let (code, _, err) = run(standpipe(folder).args(["run", "--drain"]), b"");
    assert_eq!(code, 0, "{err}");
    all.sort();
    assert!(delivered(folder, "web") == all, "each line of each file once");
    // And a file that is read to its end is not read again, whichever lane has it.
    let (code, _, err) = run(standpipe(folder).args(["run", "--drain"]), b"");
    assert_eq!((code, err.matches("nothing was added").count()), (0, 3), "{err}");
}

#[test]
fn a_lane_that_recovery_refuses_ends_its_stream_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    lines(folder, "bad", 80_000);
    let good = lines(folder, "good", 10);
    config(folder, &[("bad", r#""bad.log""#, 1)]);
    let mut killed = standpipe(folder);
    killed.env("STANDPIPE_FAILPOINT", "log.sync.after:1").args(["run", "--drain"]);
    assert_ne!(run(&mut killed, b"").0, 0);
    // In a segment that is not the newest one.
    let segment = folder.join("state/streams/bad/lane-0/log/00000000000000000001.log");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[300_000] ^= 1;
    std::fs::write(&segment, bytes).unwrap();

    config(folder, &[("bad", r#""bad.log""#, 1), ("good", r#""good.log""#, 1)]);
    let (code, _, err) = run(standpipe(folder).args(["run", "--drain"]), b"");
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("stream `bad`: `streams/bad/lane-0/log/00000000000000000001.log` is corrupt"),
        "{err}"
    );
    assert_eq!(delivered(folder, "good"), good);
}
