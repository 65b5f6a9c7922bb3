//! Syslog lines to JSON.

use standpipe_logline::json::{number, string};
use standpipe_logline::syslog::Line;
use standpipe_sdk::{Buffer, Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn syslog_to_json(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let line = Line::parse(record.payload())?;
    out.emit_with(|json| {
        json.reserve(record.payload().len() + 128);
        string(json, b"{\"timestamp\":\"", line.timestamp);
        string(json, b",\"hostname\":\"", line.hostname);
        member(json, b",\"program\":\"", line.program);
        member(json, b",\"processid\":\"", line.processid);
        string(json, b",\"message\":\"", line.message);
        if let Some((facility, severity)) = line.priority {
            number(json, b",\"facility\":", &[b'0' + facility / 10, b'0' + facility % 10]);
            number(json, b",\"severity\":", &[b'0' + severity]);
        }
        member(json, b",\"msgid\":\"", line.msgid);
        member(json, b",\"structured_data\":\"", line.structured_data);
        json.push(b'}');
        Ok(())
    })
}

fn member<const N: usize>(json: &mut Buffer, head: &[u8; N], value: Option<&[u8]>) {
    if let Some(value) = value {
        string(json, head, value);
    }
}

#[cfg(test)]
mod tests;
