//! Apache access-log lines, common or combined, to JSON.

use standpipe_logline::apache::{Line, Time};
use standpipe_logline::json::{number, string};
use standpipe_sdk::{Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn apache_log_to_json(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let line = Line::parse(record.payload())?;
    let time = Time::parse(line.datetime)?;
    out.emit_with(|json| {
        json.reserve(record.payload().len() + 256);
        string(json, b"{\"host\":\"", line.host);
        string(json, b",\"ident\":\"", line.ident);
        string(json, b",\"authuser\":\"", line.authuser);
        string(json, b",\"request\":\"", line.request);
        number(json, b",\"response\":", line.response);
        number(json, b",\"bytes\":", line.bytes);
        if let Some(verb) = line.verb() {
            string(json, b",\"verb\":\"", verb);
        }
        json.literal(b",\"@timestamp\":");
        time.write_local(json);
        if let Some(zone) = time.zone {
            string(json, b",\"timezone\":\"", zone);
            json.literal(b",\"@timestamp_utc\":");
            time.write_utc(json);
        }
        if let Some(referrer) = line.referrer {
            string(json, b",\"referrer\":\"", referrer);
        }
        if let Some(agent) = line.agent {
            string(json, b",\"agent\":\"", agent);
        }
        json.push(b'}');
        Ok(())
    })
}

#[cfg(test)]
mod tests;
