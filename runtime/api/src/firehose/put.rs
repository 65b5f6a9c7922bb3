//! `PutRecord` and `PutRecordBatch`: answered once the records are on disk.

use std::time::Instant;

use standpipe_record::{Batch, Clock, SystemClock};
use standpipe_stream::{Put as Accepted, PutError, PutKind, RECORD_ID_LEN, RequestId};

use super::Asked;
use crate::call::header;
use crate::decode::{NotAPut, Put, Records};
use crate::fault::{Cause, Fault};
use crate::repeat;
use crate::validate::Violations;

/// The most bytes of data in one record.
pub(crate) const MOST_RECORD: usize = 1_024_000;
/// The most records in one request.
const MOST_RECORDS: usize = 500;
/// The most bytes of data in one request.
pub(crate) const MOST_DATA: usize = 4 << 20;
/// What `ServiceUnavailableException` says of a record.
const REFUSED: &str = r#"{"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."}"#;

/// `PutRecord`.
pub(super) fn record(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let put = read(asked, Put::record)?;
    let mut violations = Violations::default();
    violations.name(put.stream.as_deref(), "deliveryStreamName");
    match &put.records {
        None => violations.null("record"),
        Some(records) => check(records, &mut violations, |_, member| format!("record{member}")),
    }
    violations.check()?;
    let (_, accepted) = keep(asked, put, PutKind::PutRecord)?;
    Ok(format!(r#"{{"RecordId":"{}","Encrypted":false}}"#, accepted.ids.id(0)).into_bytes())
}

/// `PutRecordBatch`.
pub(super) fn batch(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let put = read(asked, Put::batch)?;
    let mut violations = Violations::default();
    violations.name(put.stream.as_deref(), "deliveryStreamName");
    match &put.records {
        None => violations.null("records"),
        Some(records) if records.ends.is_empty() => {
            violations.add("records", "Member must have length greater than or equal to 1");
        }
        Some(records) if records.ends.len() > MOST_RECORDS => {
            let constraint = format!("Member must have length less than or equal to {MOST_RECORDS}");
            violations.add("records", constraint);
        }
        Some(records) => {
            check(records, &mut violations, |record, member| format!("records.{}.member{member}", record + 1))
        }
    }
    violations.check()?;
    let (records, accepted) = keep(asked, put, PutKind::PutRecordBatch)?;
    // Those behind what was accepted were over the rate: the first are, also if this is a repeat.
    let kept = accepted.accepted.records.min(records as u64);
    let failed = records as u64 - kept;
    let mut out = Vec::with_capacity(96 + records * (RECORD_ID_LEN + 16));
    out.extend_from_slice(
        format!(r#"{{"FailedPutCount":{failed},"Encrypted":false,"RequestResponses":["#).as_bytes(),
    );
    for number in 0..records as u64 {
        if number > 0 {
            out.push(b',');
        }
        if number < kept {
            out.extend_from_slice(br#"{"RecordId":""#);
            accepted.ids.write(number, &mut out);
            out.extend_from_slice(br#""}"#);
        } else {
            out.extend_from_slice(REFUSED.as_bytes());
        }
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

fn read(asked: &Asked<'_>, decode: impl Fn(&[u8]) -> Result<Put, NotAPut>) -> Result<Put, Fault> {
    decode(&asked.call.body).map_err(|error| Fault::new(Cause::Serialization, error.to_string()))
}

/// What the model says of each record.
fn check(records: &Records, violations: &mut Violations, at: impl Fn(usize, &str) -> String) {
    for missing in &records.missing {
        violations.null(&at(missing.record, if missing.whole { "" } else { ".data" }));
    }
    let mut from = 0;
    for (record, end) in records.ends.iter().enumerate() {
        let length = (*end - from) as usize;
        from = *end;
        if length > MOST_RECORD {
            let value = format!("java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]");
            let at = at(record, ".data");
            let constraint = format!("Member must have length less than or equal to {MOST_RECORD}");
            violations.add_shown(&value, &at, constraint);
        }
    }
}

/// Appends what may come now. Returns how many there were, and which were accepted.
fn keep(asked: &Asked<'_>, put: Put, kind: PutKind) -> Result<(usize, Accepted), Fault> {
    let (stream, records) = (put.stream.unwrap_or_default(), put.records.unwrap_or_default());
    let action = match kind {
        PutKind::PutRecord => "PutRecord",
        _ => "PutRecordBatch",
    };
    asked.authorize(action, Some(&stream))?;
    if records.payload.len() > MOST_DATA {
        let message =
            format!("The total size of the records exceeds the maximum allowed size of {MOST_DATA} bytes.");
        return Err(Fault::new(Cause::InvalidArgument, message));
    }
    let count = records.ends.len();
    let invocation = header(&asked.call.head, "amz-sdk-invocation-id");
    let id =
        invocation.map(|invocation| repeat::id(asked.caller.id(), &stream, invocation, asked.body_sha256));
    Ok((count, append(asked, &stream, records, id, kind)?))
}

/// Appends records to a stream, as many as its rate allows now, and at least one; those of a plain producer all or none.
pub(crate) fn append(
    asked: &Asked<'_>,
    stream: &str,
    mut records: Records,
    id: Option<RequestId>,
    kind: PutKind,
) -> Result<Accepted, Fault> {
    let began = Instant::now();
    let limiter = asked.limiter(stream)?;
    let plan = asked.streams.plan(stream).ok_or_else(|| asked.not_found(stream))?;
    if !plan.takes_puts() {
        let message = "This operation is not permitted on a delivery stream that reads files.";
        return Err(Fault::new(Cause::InvalidArgument, message));
    }
    // A repeat costs nothing of the rate.
    if let Some(answer) = id.and_then(|id| asked.streams.answer(stream, id)) {
        tracing::debug!(stream, "a request came again and is answered as before");
        return Ok(answer);
    }
    let count = records.ends.len();
    if kind == PutKind::Records && !limiter.fits(&records.ends) {
        let message =
            "the stream's rate has no room for so many records in one request; send fewer at a time";
        return Err(Fault::new(Cause::RequestEntityTooLarge, message));
    }
    let admitted = match kind {
        PutKind::Records if limiter.admit_all(&records.ends, began) => count,
        PutKind::Records => 0,
        _ => limiter.admit(&records.ends, began),
    };
    if admitted == 0 {
        plan.metrics.note_throttled(count as u64);
        return Err(Fault::slow_down());
    }
    records.ends.truncate(admitted);
    records.payload.truncate(records.ends.last().map_or(0, |end| *end as usize));
    let bytes = records.payload.len() as u64;
    let arrival = vec![SystemClock.now_ms(); admitted];
    let batch = Batch::from_parts(records.payload, records.ends, arrival).map_err(|_| Fault::internal())?;
    let put = asked.streams.put(stream, &batch, id).ok_or_else(|| asked.not_found(stream))?;
    match put {
        // The other try, which was under way when this one came, is counted.
        Ok(accepted) if accepted.repeated => Ok(accepted),
        Ok(accepted) => {
            plan.metrics.note_throttled((count - admitted) as u64);
            plan.metrics.note_put(kind, admitted as u64, bytes, began.elapsed());
            Ok(accepted)
        }
        Err(PutError::Keep(error)) => {
            tracing::error!(stream, %error, "records cannot be kept");
            Err(Fault::internal())
        }
        Err(error) => {
            tracing::debug!(stream, %error, "records are refused");
            plan.metrics.note_throttled(count as u64);
            Err(Fault::slow_down())
        }
    }
}
