//! Apache access-log lines, common or combined, to CSV.

use standpipe_logline::apache::Line;
use standpipe_logline::csv::field;
use standpipe_sdk::{Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn apache_log_to_csv(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let line = Line::parse(record.payload())?;
    out.emit_with(|csv| {
        csv.reserve(record.payload().len() + 32);
        field(csv, line.host);
        let common = [line.ident, line.authuser, line.datetime, line.request, line.response, line.bytes];
        let combined = line.referrer.map(|referrer| [referrer, line.agent.unwrap_or_default()]);
        for text in common.into_iter().chain(combined.into_iter().flatten()) {
            csv.push(b',');
            field(csv, text);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
