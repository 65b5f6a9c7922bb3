//! The messages of what a CloudWatch Logs subscription sends, one a line.

mod envelope;
mod gzip;

use std::cell::RefCell;

use standpipe_sdk::{Failure, Outputs, Record, Verdict};

use crate::envelope::{Kind, read};
use crate::gzip::Inflater;

thread_local! {
    // Kept for the next record: it is as large as many records are.
    static INFLATER: RefCell<Inflater> = RefCell::new(Inflater::new());
}

#[standpipe_sdk::plugin]
fn cloudwatch_logs_processor(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    INFLATER.with_borrow_mut(|inflater| {
        let json = inflater.inflate(record.payload())?;
        let mut kind = Kind::Data;
        let verdict = out.emit_with(|messages| {
            kind = read(json, messages)?;
            Ok(())
        })?;
        Ok(match kind {
            Kind::Data => verdict,
            // Whether the subscription's end answers is all that is asked.
            Kind::Control => Verdict::Dropped,
        })
    })
}

#[cfg(test)]
mod tests;
