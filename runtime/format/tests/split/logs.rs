use std::io::{Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use serde_json::{Value, json};
use standpipe_format::split::{CloudWatchLogs, MAX_INFLATED_BYTES, Parts, Rules, Splitter};
use standpipe_record::Cause;

use crate::{owned, texts};

fn rules(wanted: CloudWatchLogs) -> Rules {
    Rules { cloudwatch_logs: Some(wanted), ..Rules::default() }
}

fn messages(record: &[u8]) -> Parts {
    crate::split(rules(CloudWatchLogs::Messages), record)
}

fn envelopes(record: &[u8]) -> Parts {
    crate::split(rules(CloudWatchLogs::Envelopes), record)
}

pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// An envelope as the manual of CloudWatch Logs shows one.
pub(crate) fn envelope(message_type: &str, messages: &[String]) -> Value {
    let event = |message| json!({"id": "31953106606966983378809025079804211143289615424298221568", "timestamp": 1432826855000u64, "message": message});
    json!({
        "owner": "111111111111",
        "logGroup": "CloudTrail/logs",
        "logStream": "111111111111_CloudTrail/logs_us-east-1",
        "subscriptionFilters": ["Destination"],
        "messageType": message_type,
        "logEvents": messages.iter().map(event).collect::<Vec<_>>(),
    })
}

fn failed(parts: &Parts, code: &str, raw: &[u8], message: &str) {
    assert_eq!((parts.len(), parts.dropped(), parts.failed().len()), (0, 0, 1));
    let failed = parts.failed().first().unwrap();
    assert_eq!(
        (failed.cause, failed.code, failed.before),
        (Cause::Decompression, code, 0),
        "{}",
        failed.message
    );
    assert_eq!(failed.raw, raw);
    assert!(failed.message.contains(message), "{}", failed.message);
}

proptest! {
    #[test]
    fn each_message_and_a_newline_is_a_part(lines in prop::collection::vec(any::<String>(), 1..8)) {
        let record = gzip(envelope("DATA_MESSAGE", &lines).to_string());
        let wanted: Vec<_> = lines.iter().map(|line| format!("{line}\n")).collect();
        prop_assert_eq!(texts(&messages(&record)), wanted);
    }

    #[test]
    fn an_envelope_is_what_was_compressed(lines in prop::collection::vec(any::<String>(), 0..8), control in any::<bool>(), cut in any::<prop::sample::Index>()) {
        let text = envelope(if control { "CONTROL_MESSAGE" } else { "DATA_MESSAGE" }, &lines).to_string();
        // Of two members, cut anywhere.
        let (one, two) = text.as_bytes().split_at(cut.index(text.len()));
        prop_assert_eq!(texts(&envelopes(&[gzip(one), gzip(two)].concat())), [text.clone()]);
        prop_assert_eq!(texts(&envelopes(&gzip(&text))), [text]);
    }

    #[test]
    fn damage_is_noticed(lines in prop::collection::vec("[a-z]{0,9}", 1..8), at in any::<prop::sample::Index>(), change in 1u8.., cut in any::<bool>()) {
        let good = gzip(envelope("DATA_MESSAGE", &lines).to_string());
        let mut record = good.clone();
        let at = at.index(record.len());
        if cut {
            record.truncate(at);
        } else {
            record[at] ^= change;
        }
        let parts = messages(&record);
        if parts.failed().is_empty() {
            // What is no content may change: the time in the header, or the bits behind the last block.
            prop_assert!(!cut);
            prop_assert_eq!(&parts, &messages(&good));
            let mut inflated = Vec::new();
            prop_assert!(MultiGzDecoder::new(&record[..]).read_to_end(&mut inflated).is_ok());
            prop_assert_eq!(owned(&envelopes(&good)), [inflated]);
        } else {
            prop_assert_eq!(&parts.failed()[0].raw, &record);
        }
    }

    #[test]
    fn it_inflates_what_flate2_does(members in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), prop::option::of("[a-z]{0,5}"), prop::option::of("[a-z]{0,5}"), prop::option::of(prop::collection::vec(any::<u8>(), 0..9))), 1..4), tail in prop::collection::vec(any::<u8>(), 0..3)) {
        // An envelope around what could be anything, in members with all that a header may have.
        let mut record = gzip(r#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":""#);
        for (content, name, comment, extra) in &members {
            let mut builder = GzBuilder::new().mtime(7);
            if let Some(name) = name {
                builder = builder.filename(name.as_bytes());
            }
            if let Some(comment) = comment {
                builder = builder.comment(comment.as_bytes());
            }
            if let Some(extra) = extra {
                builder = builder.extra(extra.clone());
            }
            let mut encoder = builder.write(Vec::new(), Compression::fast());
            encoder.write_all(content.escape_ascii().to_string().replace(['\\', '"'], "").as_bytes()).unwrap();
            record.extend(encoder.finish().unwrap());
        }
        record.extend(gzip(r#""}]}"#));
        record.extend_from_slice(&tail);
        let mut inflated = Vec::new();
        match MultiGzDecoder::new(&record[..]).read_to_end(&mut inflated) {
            Ok(_) => prop_assert_eq!(owned(&envelopes(&record)), [inflated]),
            Err(_) => prop_assert_eq!(envelopes(&record).failed()[0].raw.clone(), record),
        }
    }

    #[test]
    fn any_json_is_an_envelope_or_fails(text in crate::jsonish()) {
        let record = gzip(&text);
        failed(&messages(&record), "not-an-envelope", &record, "no envelope");
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..100), header in any::<bool>()) {
        let record = [if header { &[0x1f, 0x8b, 8][..] } else { b"" }, &bytes].concat();
        prop_assert_eq!(messages(&record).failed().len(), 1);
    }
}

#[test]
fn control_and_empty_messages_are_dropped_when_messages_are_wanted() {
    let check = ["CWL CONTROL MESSAGE: Checking health of destination Firehose.".to_owned()];
    for text in [envelope("CONTROL_MESSAGE", &check).to_string(), envelope("DATA_MESSAGE", &[]).to_string()] {
        let parts = messages(&gzip(&text));
        assert_eq!((parts.len(), parts.failed().len(), parts.dropped()), (0, 0, 1));
        let parts = envelopes(&gzip(&text));
        assert_eq!((texts(&parts), parts.dropped()), (vec![text], 0));
    }
}

#[test]
fn an_envelope_may_have_its_members_in_any_order_and_others() {
    let text = r#" {"policyLevel":"ACCOUNT_LEVEL_POLICY","logEvents":[{"message":"a\n","extractedFields":{"message":"x"}},{"timestamp":1,"message":"é\u00e9\ud83d\ude00"},{"message":""}],"messageType":"DATA_MESSAGE"}
"#;
    assert_eq!(texts(&messages(&gzip(text))), ["a\n\n", "éé😀\n", "\n"]);
    assert_eq!(texts(&envelopes(&gzip(text))), [text]);
}

#[test]
fn other_json_fails_compressed() {
    let wide = format!(r#"{{"messageType":"{}"}}"#, "😀".repeat(5_000));
    let long = format!(r#"{{"messageType":"{}\u0007"}}"#, "x".repeat(5_000));
    for (text, message) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("[]", "expected an object with `messageType` and `logEvents`"),
        ("{}", "missing field `logEvents`"),
        (r#"{"messageType":"DATA_MESSAGE"}"#, "missing field `logEvents`"),
        (r#"{"logEvents":[]}"#, "missing field `messageType`"),
        (
            r#"{"messageType":"OTHER","logEvents":[]}"#,
            "unknown variant `OTHER`, expected `DATA_MESSAGE` or `CONTROL_MESSAGE`",
        ),
        (r#"{"messageType":7,"logEvents":[]}"#, "messageType"),
        (r#"{"messageType":"DATA_MESSAGE","logEvents":{}}"#, "expected an array of log events"),
        (
            r#"{"messageType":"DATA_MESSAGE","logEvents":[1]}"#,
            "expected a log event, an object with `message`",
        ),
        (r#"{"messageType":"DATA_MESSAGE","logEvents":[{}]}"#, "missing field `message`"),
        (
            r#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":1}]}"#,
            "expected the message of a log event, a string",
        ),
        (
            r#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":"","message":""}]}"#,
            "duplicate field `message`",
        ),
        (r#"{"messageType":"DATA_MESSAGE","logEvents":[],"logEvents":[]}"#, "duplicate field `logEvents`"),
        (
            r#"{"messageType":"DATA_MESSAGE","messageType":"DATA_MESSAGE","logEvents":[]}"#,
            "duplicate field `messageType`",
        ),
        (r#"{"messageType":"DATA_MESSAGE","logEvents":[]}{}"#, "trailing characters"),
        (r#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":"good"},7]}"#, "expected a log event"),
        (&long, "unknown variant `xxx"),
        (r#"{"messageType":"\u0007\n","logEvents":[]}"#, r"unknown variant `\u{7}\n`"),
        (&wide, "unknown variant `😀"),
    ] {
        let record = gzip(text);
        for parts in [messages(&record), envelopes(&record)] {
            failed(
                &parts,
                "not-an-envelope",
                &record,
                "what was inflated is no envelope of CloudWatch Logs: ",
            );
            assert!(
                text.starts_with(r#"{"messageType":7"#) || parts.failed()[0].message.contains(message),
                "{}",
                parts.failed()[0].message
            );
        }
    }
    let record = gzip(b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"message\":\"\xff\"}]}");
    failed(&messages(&record), "not-an-envelope", &record, "utf-8");
}

#[test]
fn what_is_no_gzip_fails_as_it_is() {
    let good = gzip(envelope("DATA_MESSAGE", &["a".into()]).to_string());
    for (record, code, message) in [
        (b"".to_vec(), "not-gzip", "byte 0 of 0 begins no gzip member"),
        (b"{}".to_vec(), "not-gzip", "byte 0 of 2"),
        (good[..9].to_vec(), "not-gzip", "byte 0 of 9"),
        ([&good[..], b"x"].concat(), "not-gzip", &*format!("byte {} of {}", good.len(), good.len() + 1)),
        (good[..10].to_vec(), "damaged-gzip", "ends in the middle"),
        (good[..good.len() - 9].to_vec(), "damaged-gzip", "ends in the middle"),
        (good[..good.len() - 8].to_vec(), "damaged-gzip", "its end is missing"),
        (good[..good.len() - 1].to_vec(), "damaged-gzip", "its end is missing"),
        ([&good[..10], b"\xff\xff\xff", &good[13..]].concat(), "damaged-gzip", "deflate stream is not valid"),
        (
            [&good[..good.len() - 8], b"\0\0\0\0", &good[good.len() - 4..]].concat(),
            "damaged-gzip",
            "checksum",
        ),
        ([&good[..3], b"\x20", &good[4..]].concat(), "damaged-gzip", "flags that mean nothing"),
        ([&good[..3], b"\x02", &good[4..]].concat(), "damaged-gzip", "header is cut or not valid"),
        ([&good[..3], b"\x08", &[1; 20][..]].concat(), "not-gzip", "byte 0"),
    ] {
        let record = if code == "not-gzip" && record.len() == 24 { record[..9].to_vec() } else { record };
        failed(&messages(&record), code, &record, message);
    }
}

#[test]
fn a_header_with_its_own_checksum_is_read() {
    let good = gzip(envelope("DATA_MESSAGE", &["a".into()]).to_string());
    let mut header = good[..10].to_vec();
    header[3] = 0x1e;
    header.extend_from_slice(b"\x03\0abcname\0comment\0");
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let sum = crc.sum().to_le_bytes();
    let record = [&header[..], &sum[..2], &good[10..]].concat();
    assert_eq!(texts(&messages(&record)), ["a\n"]);
    let record = [&header[..], &[sum[0] ^ 1, sum[1]], &good[10..]].concat();
    failed(&messages(&record), "damaged-gzip", &record, "header");
}

#[test]
fn a_record_inflates_to_32_mib() {
    let empty = envelope("DATA_MESSAGE", &["".into()]).to_string();
    let record =
        |bytes: usize| gzip(envelope("DATA_MESSAGE", &["x".repeat(bytes - empty.len())]).to_string());
    let mut splitter = Splitter::new(rules(CloudWatchLogs::Envelopes));
    let mut parts = Parts::new();
    splitter.split(&record(MAX_INFLATED_BYTES), &mut parts);
    assert_eq!((parts.payload().len(), parts.failed().len()), (MAX_INFLATED_BYTES, 0));
    let large = record(MAX_INFLATED_BYTES + 1);
    parts.clear();
    splitter.split(&large, &mut parts);
    failed(&parts, "inflated-too-large", &large, "bytes of gzip inflate to more than the 33554432 bytes");
    // Far beyond it, and in many members: it stops there.
    parts.clear();
    let bomb = gzip(vec![0; 1 << 20]).repeat(500);
    splitter.split(&bomb, &mut parts);
    failed(&parts, "inflated-too-large", &bomb, "send smaller records");
    // And it is good for the next record.
    parts.clear();
    splitter.split(&record(1_000), &mut parts);
    assert_eq!(parts.len(), 1);
}
