//! What a state folder holds, as `status` and `log` say it: after a kill, with something wrong, beside a host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use crate::program::{access_log, run, standpipe};
use crate::run::objects;

const SEALED: &str = "parcels/00000000000000000001-00000";
const JOURNAL: &str = "journal/00000000000000000001.journal";
const LOG: &str = "log/00000000000000000001.log";

/// A folder with a stream `web` and one `hosts`, and what a run left that ended itself at `failpoint`.
fn left(failpoint: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(access_log(), folder.path().join("web.log")).unwrap();
    fs::write(folder.path().join("hosts.log"), "").unwrap();
    let stream = |name: &str| {
        format!(
            "[streams.{name}]\ntransform = []\nsource.file = {{ path = \"{name}.log\" }}\n\
             [streams.{name}.destination.s3]\nbucket = \"logs\"\nprefix = \"{name}/\"\n\
             error_output_prefix = \"failed/\"\ncompression = \"none\"\n\
             buffering = {{ size = \"256KiB\", interval = \"300s\" }}\n"
        )
    };
    let head = "state = \"./state\"\n[s3]\ndirectory = \"./buckets\"\n";
    let config = [head.to_owned(), stream("hosts"), stream("web")].concat();
    fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    let mut killed = standpipe(folder.path());
    killed.env("STANDPIPE_FAILPOINT", failpoint).args(["run", "--drain"]);
    assert_ne!(run(&mut killed, b"").0, 0);
    folder
}

fn file(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join("state/streams/web/lane-0").join(name)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn verify(folder: &TempDir, what: &str) -> (i32, String) {
    let (code, out, err) = run(standpipe(folder.path()).args(["log", "verify", what]), b"");
    assert_eq!(err, "");
    (code, out)
}

fn status(folder: &TempDir) -> (i32, String) {
    let (code, out, err) = run(standpipe(folder.path()).arg("status"), b"");
    assert_eq!(err, "");
    (code, out)
}

/// Verified, it is refused with these words, and `status` shows both streams and says no less.
#[track_caller]
fn refused(folder: &TempDir, words: &[&str]) {
    let (code, out) = verify(folder, "state");
    assert_eq!(code, 1, "{out}");
    for word in words {
        assert!(out.contains(word), "{word}: {out}");
    }
    assert!(out.contains("\n  a run would refuse the stream until this is mended\n"), "{out}");
    assert!(out.ends_with("1 lane, 1 not good\n"), "{out}");
}

#[track_caller]
fn refused_by_status_too(folder: &TempDir, words: &[&str]) {
    refused(folder, words);
    let (code, out) = status(folder);
    assert_eq!(code, 1, "{out}");
    assert!(out.starts_with("hosts: ok: nothing was read yet\nweb: corrupt: "), "{out}");
    for word in words {
        assert!(out.contains(word), "{word}: {out}");
    }
}

/// The next run delivers every line.
#[track_caller]
fn goes_on(folder: &TempDir) {
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 0, "{err}");
    let objects = objects(&folder.path().join("buckets/logs"));
    let bytes: usize = objects.values().map(Vec::len).sum();
    assert_eq!(bytes as u64, fs::metadata(folder.path().join("web.log")).unwrap().len());
    let (code, out) = status(folder);
    assert!(
        code == 0 && out.contains("web: ok; 5,000 records settled in 1 lane with nothing left, "),
        "{out}"
    );
}

#[test]
fn a_kill_before_the_entry_leaves_all_to_be_run() {
    let folder = left("entry.before:1");
    let (code, out) = verify(&folder, "state");
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("web, lane 0: good\n  log: "), "{out}");
    assert!(
        out.contains(&format!("would remove `streams/web/lane-0/{SEALED}`: no entry names it\n")),
        "{out}"
    );
    assert!(
        out.contains("would go on at record 0, with 5,000 records to run, again or for the first time\n")
    );
    assert!(out.ends_with("1 lane, all good\n"), "{out}");
    goes_on(&folder);
}

#[test]
fn a_kill_before_a_delivery_leaves_a_file_and_a_parcel() {
    let folder = left("entry.after:1");
    let (code, out) = verify(&folder, "state");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("\n  carries: ") && out.contains(" in 1 file\n"), "{out}");
    assert!(out.contains("recovery would deliver 00000000000000000001-00000: "), "{out}");
    assert!(!out.contains("would remove") && !out.contains("would cut"), "{out}");
    // Every folder leads to the same lane.
    for what in
        ["state/streams", "state/streams/web", "state/streams/web/lane-0", "state/streams/web/lane-0/log"]
    {
        assert_eq!(verify(&folder, what), (code, out.clone()), "{what}");
    }

    let (code, out, _) = run(standpipe(folder.path()).args(["log", "inspect", "state"]), b"");
    assert_eq!(code, 0);
    for line in [
        "web, lane 0: settled up to record ",
        "\n  segment 00000000000000000001.log: ",
        ", from record 0, the first\n",
        "\n  journal 00000000000000000001.journal: ",
        "\n  open parcel 1, destination: ",
        "\n  sealed file 00000000000000000001-00000, parcel 0, destination: ",
        "`web/",
        "\n  source file with inode ",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }

    let (code, out) = status(&folder);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("hosts: ok: nothing was read yet\nweb: waits: 1 file to deliver\n  lane 0: "),
        "{out}"
    );
    assert!(out.contains(" in 1 open parcel, ") && out.contains(" in 1 file to deliver, "), "{out}");
    goes_on(&folder);
}

#[test]
fn a_changed_byte_of_the_log_is_found() {
    let folder = left("entry.after:1");
    let log = format!("`streams/web/lane-0/{LOG}` is corrupt at byte ");
    flip(&file(&folder, LOG), 20);
    refused_by_status_too(&folder, &[&log, "the checksum of its header is wrong"]);
    flip(&file(&folder, LOG), 20);
    // Marks say that it was durable, or else the journal does.
    flip(&file(&folder, LOG), 5_000);
    let (code, out) = verify(&folder, "state");
    assert!(code == 1 && out.contains(&format!("{log}72: ")), "{out}");
    assert_eq!(status(&folder).0, 1);
}

#[test]
fn a_changed_byte_of_an_entry_or_of_a_carry_is_found() {
    let folder = left("release.before:2");
    let journal = file(&folder, JOURNAL);
    let bytes = fs::read(&journal).unwrap();
    let number =
        |at: usize| usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap();
    let entry = 32 + number(16) + number(24);
    let carry = entry + 32 + number(entry + 16);
    assert!(number(entry + 24) > 1_000, "it carries something");
    let said = format!(
        "`streams/web/lane-0/{JOURNAL}` is corrupt at byte {entry}: a frame that was durable fails its checks"
    );
    for at in [entry + 40, carry + 500] {
        flip(&journal, at);
        refused_by_status_too(&folder, &[&said]);
        flip(&journal, at);
    }
    flip(&journal, 40);
    refused_by_status_too(&folder, &["is corrupt at byte 0: it does not begin with a checkpoint"]);
    flip(&journal, 40);
    goes_on(&folder);
}

#[test]
fn a_sealed_file_that_is_gone_or_is_another_is_found() {
    let folder = left("entry.after:1");
    let sealed = file(&folder, SEALED);
    let bytes = fs::read(&sealed).unwrap();
    let named = format!("`streams/web/lane-0/{SEALED}` is ");
    flip(&sealed, 1_000);
    refused(&folder, &[&named, "corrupt: its ", " do not have the SHA-256 that the journal says"]);
    fs::write(&sealed, &bytes[1..]).unwrap();
    let short = format!("corrupt: it has {} bytes, the journal says {}", bytes.len() - 1, bytes.len());
    refused_by_status_too(&folder, &[&named, &short]);
    fs::remove_file(&sealed).unwrap();
    refused_by_status_too(&folder, &[&named, "missing: the journal names it, with ", " records for `web/"]);
    fs::write(&sealed, &bytes).unwrap();
    goes_on(&folder);
}

#[test]
fn torn_ends_and_what_was_begun_are_told_and_left_alone() {
    let folder = left("entry.after:1");
    let (journal, log) = (file(&folder, JOURNAL), file(&folder, LOG));
    let ends = [&journal, &log].map(|path| fs::metadata(path).unwrap().len());
    for path in [&journal, &log] {
        fs::write(path, [fs::read(path).unwrap(), b"torn off".to_vec()].concat()).unwrap();
    }
    fs::write(journal.with_file_name("00000000000000000002.journal.new"), "begun").unwrap();
    for _ in 0..2 {
        let (code, out) = verify(&folder, "state");
        assert_eq!(code, 0, "{out}");
        for (name, end) in [JOURNAL, LOG].iter().zip(&ends) {
            let path = format!("`streams/web/lane-0/{name}`");
            let cut =
                format!("recovery would cut 8 torn bytes of {path} at byte {end}: nobody relied on them\n");
            assert!(out.replace(',', "").contains(&cut), "{cut}: {out}");
        }
        assert!(out.contains("0002.journal.new`: it was not finished\n"), "{out}");
    }
    goes_on(&folder);
}

#[test]
fn a_stream_without_its_incarnation_is_corrupt_and_not_forgotten() {
    let folder = left("entry.after:1");
    fs::remove_file(folder.path().join("state/streams/web/incarnation")).unwrap();
    let said = "corrupt\n  `streams/web/incarnation` is missing or holds no number";
    for what in ["state", "state/streams/web", "state/streams/web/lane-0"] {
        let (code, out) = verify(&folder, what);
        assert!(code == 1 && out.contains(said), "{out}");
    }
    let (code, out) = status(&folder);
    assert!(code == 1 && out.contains("web: corrupt: `streams/web/incarnation` is missing"), "{out}");

    let config = folder.path().join("standpipe.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.split("[streams.web]").next().unwrap()).unwrap();
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain"]), b"");
    assert_eq!(code, 1);
    assert!(
        err.starts_with("error: stream `web`: `streams/web/incarnation` is missing or holds no number"),
        "{err}"
    );
    let (code, _, err) = run(standpipe(folder.path()).args(["run", "--drain", "--abandon", "web"]), b"");
    assert_eq!(code, 0, "{err}");
}

/// Small parcels make many files and entries, which come and go while they are looked at.
#[test]
fn nothing_is_wrong_beside_a_host_that_runs() {
    let folder = left("log.write.before:1");
    let config = folder.path().join("standpipe.toml");
    let text = fs::read_to_string(&config).unwrap().replace("256KiB", "2KiB");
    fs::write(&config, text).unwrap();
    let mut host = standpipe(folder.path())
        .args(["run", "--drain"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut looks = 0;
    while host.try_wait().unwrap().is_none() {
        if !file(&folder, LOG).exists() {
            continue;
        }
        for args in [&["log", "verify", "state"][..], &["log", "inspect", "state"], &["status"]] {
            let (code, out, err) = run(standpipe(folder.path()).args(args), b"");
            assert_eq!((code, err.as_str()), (0, ""), "{out}");
        }
        looks += 1;
    }
    assert!(host.wait().unwrap().success());
    assert!(looks > 0);
}
