//! Syslog lines to JSON.

use standpipe_logline::json::{name, number, string};
use standpipe_logline::syslog::Line;
use standpipe_sdk::{Buffer, Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn syslog_to_json(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let line = Line::parse(record.payload())?;
    out.emit_with(|json| {
        json.reserve(record.payload().len() + 128);
        name(json, true, "timestamp");
        string(json, line.timestamp);
        name(json, false, "hostname");
        string(json, line.hostname);
        member(json, "program", line.program);
        member(json, "processid", line.processid);
        member(json, "message", Some(line.message));
        if let Some((facility, severity)) = line.priority {
            name(json, false, "facility");
            number(json, &[b'0' + facility / 10, b'0' + facility % 10]);
            name(json, false, "severity");
            number(json, &[b'0' + severity]);
        }
        member(json, "msgid", line.msgid);
        member(json, "structured_data", line.structured_data);
        json.push(b'}');
        Ok(())
    })
}

fn member(json: &mut Buffer, key: &str, value: Option<&[u8]>) {
    if let Some(value) = value {
        name(json, false, key);
        string(json, value);
    }
}

#[cfg(test)]
mod tests;
