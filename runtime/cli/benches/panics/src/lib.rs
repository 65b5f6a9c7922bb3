//! For benchmarks: a plugin that parses as the blueprints do and panics at a line that begins with `panic`.

use standpipe_logline::apache::{Line, Time};
use standpipe_logline::json::{number, string};
use standpipe_sdk::{Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn panics(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    assert!(!record.payload().starts_with(b"panic"), "a line begins with `panic`");
    let line = Line::parse(record.payload())?;
    let time = Time::parse(line.datetime)?;
    out.emit_with(|json| {
        string(json, b"{\"host\":\"", line.host);
        string(json, b",\"request\":\"", line.request);
        number(json, b",\"bytes\":", line.bytes);
        json.literal(b",\"@timestamp_utc\":");
        time.write_utc(json);
        string(json, b",\"referrer\":\"", line.referrer.unwrap_or_default());
        string(json, b",\"agent\":\"", line.agent.unwrap_or_default());
        json.push(b'}');
        Ok(())
    })
}
