//! Syslog lines to CSV.

use standpipe_logline::csv::field;
use standpipe_logline::syslog::Line;
use standpipe_sdk::{Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn syslog_to_csv(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let line = Line::parse(record.payload())?;
    out.emit_with(|csv| {
        field(csv, line.timestamp);
        let program = line.program.unwrap_or_default();
        let process = line.processid.unwrap_or_default();
        for text in [line.hostname, program, process, line.message] {
            csv.push(b',');
            field(csv, text);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
