use std::io::Write;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use standpipe_sdk::testing::{self, TestOutcomes};

use crate::gzip::Inflater;

fn cases(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases").join(name)
}

fn check(name: &str, outcomes: &TestOutcomes) {
    let out: Vec<u8> =
        outcomes.outputs.iter().flat_map(|output| [&output.payload[..], b"\n"].concat()).collect();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        std::fs::read_to_string(cases(&format!("{name}.out"))).unwrap()
    );
    let failed = outcomes.failed.iter().map(|failed| {
        let (code, message) = (json!(failed.failure.code()), json!(failed.failure.message()));
        format!("{{\"line\":{},\"code\":{code},\"message\":{message}}}\n", failed.index + 1)
    });
    let failed: String = failed.collect();
    assert_eq!(failed, std::fs::read_to_string(cases(&format!("{name}.failed"))).unwrap());
    let dropped: String = outcomes.dropped.iter().map(|record| format!("{}\n", record + 1)).collect();
    assert_eq!(dropped, std::fs::read_to_string(cases(&format!("{name}.dropped"))).unwrap());
}

#[test]
fn every_case_comes_out_as_its_files_say() {
    let records = std::fs::read_to_string(cases("subscription.records")).unwrap();
    let records = records.lines().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        STANDARD.decode(record["base64"].as_str().unwrap()).unwrap()
    });
    check("subscription", &testing::run::<crate::Plugin>("{}", &records.collect::<Vec<_>>()));
    let lines = std::fs::read(cases("lines.in")).unwrap();
    let lines: Vec<_> =
        lines.split_inclusive(|&byte| byte == b'\n').map(|line| &line[..line.len() - 1]).collect();
    check("lines", &testing::run::<crate::Plugin>("{}", &lines));
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn envelope(messages: &[String]) -> Vec<u8> {
    let events: Vec<_> =
        messages.iter().map(|message| json!({"id": "1", "message": message, "timestamp": 2})).collect();
    json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": events}).to_string().into_bytes()
}

/// Both sides of the bound, and a length that the trailer does not tell.
#[test]
fn what_inflates_to_more_than_32_mib_fails() {
    const MOST: usize = 32 << 20;
    let mut inflater = Inflater::new();
    let mut most = gzip(&vec![b' '; MOST]);
    assert_eq!(inflater.inflate(&most).unwrap().len(), MOST);
    let more = gzip(&vec![b' '; MOST + 1]);
    assert_eq!(inflater.inflate(&more).unwrap_err().code(), "too-large");
    let mut lies = more;
    let end = lies.len();
    lies[end - 4..].copy_from_slice(&[1, 0, 0, 0]);
    assert_eq!(Inflater::new().inflate(&lies).unwrap_err().code(), "too-large");
    most.extend(gzip(b" "));
    assert_eq!(inflater.inflate(&most).unwrap_err().code(), "too-large");
    assert_eq!(inflater.inflate(&gzip(b"after that")).unwrap(), b"after that");
}

proptest! {
    #[test]
    fn messages_come_out_with_a_newline_each(messages in prop::collection::vec(any::<String>(), 0..8), cut in any::<prop::sample::Index>()) {
        let json = envelope(&messages);
        let (head, tail) = json.split_at(cut.index(json.len() + 1));
        let members = [gzip(head), gzip(tail)].concat();
        let outcomes = testing::run::<crate::Plugin>("{}", &[gzip(&json), members]);
        let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
        prop_assert_eq!(outcomes.texts(), [lines.clone(), lines]);
    }

    #[test]
    fn what_is_cut_or_longer_fails(messages in prop::collection::vec("[a-z]{0,20}", 0..4), cut in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..12)) {
        let whole = gzip(&envelope(&messages));
        let cut = &whole[..cut.index(whole.len())];
        let longer = [&whole[..], &more].concat();
        let outcomes = testing::run::<crate::Plugin>("{}", &[cut, &longer]);
        prop_assert_eq!(outcomes.failed.len(), 2);
        for failed in outcomes.failed {
            prop_assert_eq!(failed.failure.code(), "not-gzip");
        }
    }

    #[test]
    fn a_byte_that_is_another_never_gives_other_messages(messages in prop::collection::vec("[a-z]{0,20}", 1..4), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut record = gzip(&envelope(&messages));
        // The time, the extra flags and the system of a header say nothing of the content.
        let at = 10 + at.index(record.len() - 10);
        record[at] ^= flip;
        let outcomes = testing::run::<crate::Plugin>("{}", &[record]);
        let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
        for text in outcomes.texts() {
            prop_assert_eq!(text.as_str(), lines.as_str());
        }
    }

    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200), flags in any::<u8>()) {
        let record = [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3], &bytes[..]].concat();
        let json = gzip(&bytes);
        let outcomes = testing::run::<crate::Plugin>("{}", &[record, bytes, json]);
        prop_assert_eq!(outcomes.failed.len() + outcomes.outputs.len() + outcomes.dropped.len(), 3);
    }
}
