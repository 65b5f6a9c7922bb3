//! Files as sources, and what is said of those that cannot be read.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use standpipe_record::{Batch, Cause, Kind, ManualClock};
use standpipe_source::{Error, Refused, Source, Step};

const CLOCK: fn() -> ManualClock = || ManualClock::at(7);

/// Reads to the end or to an error.
fn all(source: &mut Source) -> (Batch, Result<(), Error>) {
    let mut batch = Batch::new();
    loop {
        match source.read(&mut batch, &mut Vec::new(), &CLOCK()) {
            Ok(Step::More) => {}
            Ok(Step::End) => return (batch, Ok(())),
            Err(error) => return (batch, Err(error)),
        }
    }
}

#[test]
fn a_file_is_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "a\r\n\nlast").unwrap();
    let mut source = Source::open(&path).unwrap();
    assert_eq!((source.name(), source.position()), (path.to_str().unwrap(), 0));
    let (batch, end) = all(&mut source);
    end.unwrap();
    assert_eq!(batch.iter().collect::<Vec<_>>(), [&b"a\r"[..], b"", b"last"]);
    assert_eq!(source.position(), 8);

    fs::write(&path, "").unwrap();
    let (batch, end) = all(&mut Source::open(&path).unwrap());
    end.unwrap();
    assert!(batch.is_empty());
}

#[test]
fn what_cannot_be_opened_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let refusal = |path: &Path| {
        let error = Source::open(path).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        error.to_string().replace(&folder.path().display().to_string(), "")
    };
    assert_eq!(
        refusal(&folder.path().join("nothing")),
        "cannot read `/nothing`: no such file; check the path"
    );
    assert_eq!(refusal(folder.path()), "cannot read ``: it is a folder; name a file");
    assert_eq!(
        refusal(&folder.path().join("file/x")),
        "cannot read `/file/x`: a part of its path is not a folder; check the path"
    );
}

#[test]
fn a_file_that_got_shorter_is_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let lines = "0123456789\n".repeat(20_000);
    for left in [0, 100, 219_999] {
        fs::write(&path, &lines).unwrap();
        let mut source = Source::open(&path).unwrap();
        let mut batch = Batch::new();
        assert_eq!(source.read(&mut batch, &mut Vec::new(), &CLOCK()).unwrap(), Step::More);
        OpenOptions::new().write(true).open(&path).unwrap().set_len(left).unwrap();
        let error = all(&mut source).1.unwrap_err();
        let (name, offset) = (path.display(), left.max(65_536));
        assert_eq!(
            error.to_string(),
            format!(
                "cannot read `{name}` at byte {offset}: it had 220000 bytes and has {left} now; start again once nothing shortens it any more"
            )
        );
        assert_eq!(error.kind(), Kind::Invalid);
    }
}

#[test]
fn a_file_that_grew_and_got_shorter_again_is_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "a\n").unwrap();
    let mut source = Source::open(&path).unwrap();
    fs::write(&path, "a\nb\n").unwrap();
    let mut batch = Batch::new();
    assert_eq!(source.read(&mut batch, &mut Vec::new(), &CLOCK()).unwrap(), Step::More);
    fs::write(&path, "a\n").unwrap();
    let message = all(&mut source).1.unwrap_err().to_string();
    assert!(message.contains("at byte 4: it had 4 bytes and has 2 now"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_the_kernel_makes_up_has_no_size_to_fall_below() {
    let (batch, end) = all(&mut Source::open(Path::new("/proc/self/status")).unwrap());
    end.unwrap();
    assert!(batch.iter().any(|line| line.starts_with(b"Pid:")));
}

#[test]
fn a_file_that_grows_is_read_to_its_end_of_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "a\n").unwrap();
    let mut source = Source::open(&path).unwrap();
    fs::write(&path, "a\nb\n").unwrap();
    let (batch, end) = all(&mut source);
    end.unwrap();
    assert_eq!(batch.len(), 2);
}

#[test]
fn an_error_of_the_device_names_the_place_and_may_pass() {
    struct Breaks;
    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(5))
        }
    }
    let mut source = Source::new("tape", (&b"one\ntw"[..]).chain(Breaks));
    let (batch, end) = all(&mut source);
    let error = end.unwrap_err();
    assert_eq!(error.to_string(), "cannot read `tape` at byte 6: Input/output error (os error 5); try again");
    assert_eq!(error.kind(), Kind::Retry);
    assert_eq!(batch.len(), 1, "what was complete has been given out");
}

#[test]
fn a_refused_line_says_how_long_it_was() {
    let line = Refused { offset: 3, length: 2_000_000, head: Vec::new(), arrival_ms: 7, before: 0 };
    let failure = line.failure(4);
    assert_eq!((failure.index, failure.cause), (4, Cause::Refused));
    assert_eq!(failure.message, "the line has 2000000 bytes; the limit is 1024000; split it up");
}
