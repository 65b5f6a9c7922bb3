//! For benchmarks: a plugin that passes records on with the column `customer`, which is what stands in
//! `"customer":"…"`.

use memchr::{memchr, memmem};
use standpipe_sdk::{Failure, Outputs, Record, Verdict};

const BEFORE: &[u8] = b"\"customer\":\"";

#[standpipe_sdk::plugin]
fn keyed(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let payload = record.payload();
    let value = memmem::find(payload, BEFORE).and_then(|at| payload.get(at + BEFORE.len()..));
    let value = value.and_then(|value| value.get(..memchr(b'"', value)?));
    let value = value.ok_or_else(|| Failure::new("no-customer", "the record names no customer"))?;
    out.emit(payload);
    out.set("customer", value)?;
    Ok(out.verdict())
}
