//! Apache access-log lines, common or combined, to JSON.

use standpipe_logline::apache::{Line, Time};
use standpipe_logline::json::{name, number, string};
use standpipe_sdk::{Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn apache_log_to_json(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let line = Line::parse(record.payload())?;
    let time = Time::parse(line.datetime)?;
    out.emit_with(|json| {
        json.reserve(record.payload().len() + 256);
        name(json, true, "host");
        string(json, line.host);
        name(json, false, "ident");
        string(json, line.ident);
        name(json, false, "authuser");
        string(json, line.authuser);
        name(json, false, "request");
        string(json, line.request);
        name(json, false, "response");
        number(json, line.response);
        name(json, false, "bytes");
        number(json, line.bytes);
        if let Some(verb) = line.verb() {
            name(json, false, "verb");
            string(json, verb);
        }
        name(json, false, "@timestamp");
        time.write_local(json);
        if let Some(zone) = time.zone {
            name(json, false, "timezone");
            string(json, zone);
            name(json, false, "@timestamp_utc");
            time.write_utc(json);
        }
        for (member, value) in [("referrer", line.referrer), ("agent", line.agent)] {
            if let Some(value) = value {
                name(json, false, member);
                string(json, value);
            }
        }
        json.push(b'}');
        Ok(())
    })
}

#[cfg(test)]
mod tests;
