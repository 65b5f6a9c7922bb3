//! What the attribute makes of a function, and what a plugin says.

use std::fmt::Write as _;

use standpipe_sdk::testing::{self, Input};
use standpipe_sdk::{Failure, Level, OrFail, Outputs, Record, Transform, Verdict};

#[standpipe_sdk::plugin(
    name = "talk",
    version = "2.1.0",
    columns("kafka-key", "route"),
    metrics("bytes", "seen")
)]
fn talk(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    standpipe_sdk::count("seen", 1);
    standpipe_sdk::count("bytes", record.payload().len() as u64);
    let line = std::str::from_utf8(record.payload()).or_fail("not-utf-8")?;
    if line.is_empty() {
        standpipe_sdk::log(Level::Warn, "an empty line");
        return Ok(Verdict::dropped());
    }
    let key = record.column("kafka-key").unwrap_or(b"none");
    out.emit_with(|output| {
        assert!(output.is_empty(), "a second output begins anew");
        write!(output, "{} {line} ", record.arrival_ms())?;
        output.extend(key);
        if output.len() > 12 {
            return Err(Failure::new("too-long", format!("{} bytes; the limit is 12", output.len())));
        }
        Ok(())
    })
}

mod unnamed {
    use super::*;

    #[standpipe_sdk::plugin]
    fn copy(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
        assert_eq!(record.column("kafka-key"), None, "a column that is not asked for is not passed");
        Ok(out.emit(record.payload()))
    }
}

fn manifest<P: Transform>() -> serde_json::Value {
    let text = P::MANIFEST.to_string();
    assert_eq!(P::MANIFEST.json_len(), text.len());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_manifest_says_what_the_attribute_says() {
    let params = serde_json::json!({
        "type": "object", "properties": {}, "required": [], "additionalProperties": false
    });
    assert_eq!(
        manifest::<Plugin>(),
        serde_json::json!({
            "name": "talk", "version": "2.1.0", "params": params,
            "columns": ["kafka-key", "route"], "metrics": ["bytes", "seen"],
        })
    );
    assert_eq!(
        manifest::<unnamed::Plugin>(),
        serde_json::json!({
            "name": "standpipe-sdk", "version": env!("CARGO_PKG_VERSION"), "params": params,
            "columns": [], "metrics": [],
        })
    );
}

#[test]
fn records_have_times_and_the_columns_asked_for() {
    let inputs = [Input::new("a").arrived(7).column("kafka-key", "k"), Input::new("b").column("other", "o")];
    let outcomes = testing::run_inputs::<Plugin>("{}", &inputs);
    assert_eq!(outcomes.texts(), ["7 a k", "0 b none"]);
    let copies = testing::run_inputs::<unnamed::Plugin>("{}", &inputs);
    assert_eq!(copies.texts(), ["a", "b"]);
}

#[test]
fn what_a_plugin_says_is_kept() {
    let records: [&[u8]; 4] = [b"a", b"", b"\xff\xff", b"rather a long line"];
    let outcomes = testing::run::<Plugin>("{}", &records);
    assert_eq!(outcomes.logs, [(Level::Warn, "an empty line".to_owned())]);
    assert_eq!(outcomes.counts, [("bytes", 21), ("seen", 4)].into());
    assert_eq!(outcomes.dropped, [1]);
    let failed: Vec<_> = outcomes.failed.iter().map(|failed| failed.failure.to_string()).collect();
    assert_eq!(
        failed,
        ["not-utf-8: invalid utf-8 sequence of 1 bytes from index 0", "too-long: 25 bytes; the limit is 12",]
    );
    let again = testing::run::<Plugin>("{}", &["a"]);
    assert_eq!((again.logs.len(), again.counts), (0, [("bytes", 1), ("seen", 1)].into()));
}

#[test]
fn a_plugin_without_params_takes_none() {
    assert_eq!(testing::init::<Plugin>("{}"), Ok(()));
    for (params, message) in [
        (r#"{"x":1}"#, "`params.x`: unknown field `x`, there are no fields at line 1 column 4"),
        ("[1]", "`params`: trailing characters at line 1 column 2"),
        ("", "`params`: EOF while parsing a value at line 1 column 0"),
        ("{} {}", "`params`: trailing characters at line 1 column 4"),
    ] {
        let failure = testing::init::<Plugin>(params).unwrap_err();
        assert_eq!((failure.code(), failure.message()), ("bad-params", message));
    }
}
