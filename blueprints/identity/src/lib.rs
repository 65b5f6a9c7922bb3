//! Records as they are.

use standpipe_sdk::{Failure, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn identity(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    Ok(out.emit(record.payload()))
}

#[cfg(test)]
mod tests;
