use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{access_log, run, standpipe};

fn config(folder: &Path, size: &str, compression: &str) {
    let config = format!(
        r#"
state = "./state"

[s3]
directory = "./buckets"

[plugins.apache]
source = "blueprint:apache-log-to-json"

[streams.web]
transform = ["apache"]

[streams.web.source.file]
path = "access.log"

[streams.web.destination.s3]
bucket = "logs"
prefix = "web/!{{timestamp:yyyy/MM/dd}}/"
error_output_prefix = "failed/!{{firehose:error-output-type}}/"
compression = "{compression}"
buffering = {{ size = "{size}", interval = "300s" }}
"#
    );
    std::fs::write(folder.join("standpipe.toml"), config).unwrap();
}

/// Every object of a bucket by its key.
pub(crate) fn objects(bucket: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, into);
            } else {
                let key = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                into.insert(key, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(bucket, bucket, &mut all);
    all
}

fn gunzip(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("object.gz");
    std::fs::write(&path, bytes).unwrap();
    let out = Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn every_line_is_in_one_object_or_in_the_error_output() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = std::fs::read_to_string(access_log()).unwrap();
    log.push_str("not a line\n\nnor this");
    std::fs::write(folder.path().join("access.log"), &log).unwrap();
    config(folder.path(), "256KiB", "gzip");
    let (code, out, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.starts_with("web: 5,003 records read, 5,000 out, 0 dropped, 3 failed; "), "{err}");

    let objects = objects(&folder.path().join("buckets/logs"));
    let (mut delivered, mut failed) = (Vec::new(), Vec::new());
    for (key, body) in &objects {
        if let Some(name) = key.strip_prefix("failed/processing-failed/") {
            assert!(name.starts_with("web-1-") && !name.contains('.'), "{key}");
            failed.extend(String::from_utf8(body.clone()).unwrap().lines().map(str::to_owned));
        } else {
            // web/yyyy/MM/dd/web-1-yyyy-MM-dd-HH-mm-ss-uuid.gz
            let name = key.strip_prefix("web/").unwrap().get(11..).unwrap();
            assert!(name.starts_with("web-1-2") && name.ends_with(".gz"), "{key}");
            assert_eq!(name.len(), "web-1-yyyy-MM-dd-HH-mm-ss-".len() + 36 + ".gz".len(), "{key}");
            delivered.extend(gunzip(body).lines().map(str::to_owned));
        }
    }
    assert!(objects.len() > 4, "{:?}", objects.keys());
    assert_eq!(failed.len(), 3);
    // The same records, in whatever order the objects' names have, as `pipe` makes of the log.
    let mut command = standpipe(folder.path());
    let (_, piped, _) = run(command.args(["pipe", "--plugin", "apache-log-to-json", "access.log"]), b"");
    let mut want: Vec<String> = piped.lines().map(str::to_owned).collect();
    want.sort();
    delivered.sort();
    assert_eq!(delivered, want);
}

#[test]
fn a_host_whose_file_has_ended_waits_for_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(access_log(), folder.path().join("access.log")).unwrap();
    config(folder.path(), "5MiB", "none");
    let mut child = standpipe(folder.path())
        .args(["--log-format", "json", "run"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The summary comes once the file is delivered; the host goes on.
    let mut err = child.stderr.take().unwrap();
    let mut seen = String::new();
    let mut byte = [0];
    while !seen.contains("5,000 records read") && err.read(&mut byte).unwrap() == 1 {
        seen.push(char::from(byte[0]));
    }
    assert!(child.try_wait().unwrap().is_none(), "{seen}");
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert!(child.wait().unwrap().success());
    let objects = objects(&folder.path().join("buckets/logs"));
    assert_eq!(
        objects.values().map(|body| body.split(|byte| *byte == b'\n').count() - 1).sum::<usize>(),
        5_000
    );
}

/// Small parcels make the stream slower than its reader, so that much is in the log when SIGTERM comes.
#[test]
fn what_was_read_before_sigterm_is_delivered_once_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "4KiB", "none");
    let path = folder.path().join("standpipe.toml");
    let file = "[streams.web.source.file]\npath = \"access.log\"";
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(file));
    std::fs::write(&path, text.replace(file, "[streams.web.source.stdin]")).unwrap();

    let mut child =
        standpipe(folder.path()).arg("run").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&std::fs::read(access_log()).unwrap()).unwrap();
    // The pipe is empty once everything was read. It stays open: no end tells the reader to stop.
    while rustix::io::ioctl_fionread(&input).unwrap() > 0 {
        std::thread::yield_now();
    }
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(child.wait().unwrap().success(), "{err}");
    drop(input);
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 0, "{err}");
    let objects = objects(&folder.path().join("buckets/logs"));
    let lines = objects.values().map(|body| body.split(|byte| *byte == b'\n').count() - 1).sum::<usize>();
    assert_eq!(lines, 5_000, "{err}");
}

#[test]
fn a_file_is_read_on_where_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let log = std::fs::read_to_string(access_log()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let file = folder.path().join("access.log");
    config(folder.path(), "5MiB", "none");
    let drain = || run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    let delivered = || {
        let objects = objects(&folder.path().join("buckets/logs"));
        objects.values().map(|body| body.split(|byte| *byte == b'\n').count() - 1).sum::<usize>()
    };

    std::fs::write(&file, lines[..10].join("\n")).unwrap();
    assert_eq!(drain().0, 0);
    assert_eq!(delivered(), 10);
    let (code, _, err) = drain();
    assert_eq!((code, delivered()), (0, 10));
    assert!(err.contains("nothing was added"), "{err}");

    // The last line had no newline: it was a record, and so is what is added to it.
    let mut grown = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    write!(grown, " more\n{}\n", lines[10]).unwrap();
    let (_, _, err) = drain();
    assert!(err.contains("a record of its own"), "{err}");
    assert_eq!(delivered(), 12, "one in the error output: {err}");

    // Shorter than it was, it is another file.
    std::fs::write(&file, format!("{}\n", lines[11])).unwrap();
    assert_eq!(drain().0, 0);
    assert_eq!(delivered(), 13);
}

#[test]
fn a_stream_that_is_gone_from_the_config_is_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(access_log(), folder.path().join("access.log")).unwrap();
    config(folder.path(), "5MiB", "none");
    let path = folder.path().join("standpipe.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    // Killed in the middle, it leaves records behind.
    let mut killed = standpipe(folder.path());
    killed.env("STANDPIPE_FAILPOINT", "entry.before:1").args(["run", "--drain"]);
    assert_ne!(run(&mut killed, b"").0, 0);
    let (code, out, err) = run(standpipe(folder.path()).arg("status"), b"");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("web: ok\n  lane 0: 0 records settled, 5,000 in the log, "), "{out}");

    std::fs::write(&path, text.replace("streams.web", "streams.other")).unwrap();
    std::fs::write(folder.path().join("access.log"), "").unwrap();
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 1);
    assert!(err.contains("stream `web` is not in the config, and its state holds 5000 records"), "{err}");
    let (code, out, _) = run(standpipe(folder.path()).arg("status"), b"");
    assert_eq!(code, 0);
    let gone = "web: not in the config: restore it, or give its records up with `--abandon web`\n  lane 0: ";
    assert!(out.contains("other: ok: nothing was read yet\n") && out.contains(gone), "{out}");
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain", "--abandon", "web"]), b"");
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 0, "{err}");
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A host with more silent pipes than threads to read sources with.
#[test]
fn pipes_that_nobody_writes_to_stop_no_other_stream_and_no_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = "[s3]\ndirectory = \"./buckets\"\n".to_owned();
    for number in 0..40 {
        mkfifo(&folder.path().join(format!("{number}.pipe")));
        config += &format!(
            "[streams.p{number:02}]\nsource.file.path = \"{number}.pipe\"\ndestination.s3.bucket = \"logs\"\n"
        );
    }
    config += "[streams.web]\nsource.file.path = \"in.log\"\ndestination.s3.bucket = \"logs\"\n";
    std::fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    std::fs::write(folder.path().join("in.log"), "one\ntwo\n").unwrap();
    let mut host = standpipe(folder.path()).arg("run").stderr(Stdio::null()).spawn().unwrap();
    let bucket = folder.path().join("buckets/logs");
    while !bucket.exists() || !objects(&bucket).values().any(|body| body == b"one\ntwo\n") {
        assert!(host.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-TERM", &host.id().to_string()]).status().unwrap().success());
    assert!(host.wait().unwrap().success());
}

#[test]
fn files_behind_a_pipe_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pipe", "b.pipe"] {
        mkfifo(&folder.path().join(name));
    }
    std::fs::write(folder.path().join("c.log"), "three\n").unwrap();
    let config = "[s3]\ndirectory = \"./buckets\"\n[streams.web]\nlanes = 1\n\
                  source.file.path = [\"a.pipe\", \"b.pipe\", \"c.log\"]\ndestination.s3.bucket = \"logs\"\n";
    std::fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    let path = folder.path().to_owned();
    let writer = std::thread::spawn(move || {
        for (name, text) in [("a.pipe", "one\n"), ("b.pipe", "two\n")] {
            std::fs::write(path.join(name), text).unwrap();
        }
    });
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    writer.join().unwrap();
    assert_eq!(code, 0, "{err}");
    let bodies: Vec<u8> = objects(&folder.path().join("buckets/logs")).into_values().flatten().collect();
    assert_eq!(String::from_utf8(bodies).unwrap(), "one\ntwo\nthree\n");
}

#[test]
fn a_name_to_give_up_is_no_path() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "256KiB", "none");
    std::fs::write(folder.path().join("access.log"), "no line\n").unwrap();
    assert_eq!(run(standpipe(folder.path()).args(["run", "--drain"]), b"").0, 0);
    for name in ["web/lane-0", "../state", ".", ""] {
        let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain", "--abandon", name]), b"");
        assert_eq!(code, 1, "{err}");
        assert!(err.contains("there is no stream"), "{err}");
    }
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("web: 0 records read"), "{err}");
}

/// Somebody put other bytes where the object goes, between the entry that fixed its key and its delivery.
#[test]
fn a_key_that_is_taken_stops_the_stream_until_it_is_retried_with_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "256KiB", "none");
    std::fs::write(folder.path().join("access.log"), "no line\n").unwrap();
    let mut kill = standpipe(folder.path());
    assert_eq!(run(kill.args(["run", "--drain"]).env("STANDPIPE_FAILPOINT", "link.before:1"), b"").0, -1);
    let (_, told, _) = run(standpipe(folder.path()).args(["log", "verify", "state"]), b"");
    let key = told.split('`').find(|part| part.starts_with("failed/")).unwrap().to_owned();
    let place = folder.path().join("buckets/logs").join(&key);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, "somebody else's").unwrap();

    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("exists with other bytes") && err.contains(&key), "{err}");
    let (code, _, err) = run(standpipe(folder.path()).args(["retry", "web", "--new-key"]), b"");
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("0 objects delivered, 1 new key"), "{err}");
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 0, "{err}");
    let objects = objects(&folder.path().join("buckets/logs"));
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[&key], b"somebody else's");
    assert!(objects.values().any(|body| body.starts_with(b"{\"rawData\"")), "{:?}", objects.keys());
}
