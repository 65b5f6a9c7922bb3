//! Lines as the records of requests, and which of them were not taken.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;
use standpipe_record::Batch;
use standpipe_source::Refused;

use crate::stream::refusal::Refusal;

/// The most bytes of a record.
pub(super) const MOST_RECORD: usize = 1_024_000;
/// The most records, and the most bytes of them, in one request.
const MOST_RECORDS: usize = 500;
const MOST_BYTES: usize = 4 << 20;

/// A line that is to be a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    /// Its number in its file.
    pub(super) line: u64,
    /// The line, without its newline.
    pub(super) data: &'a [u8],
    /// Whether the record has the newline.
    newline: bool,
}

impl Record<'_> {
    pub(super) fn length(&self) -> usize {
        self.data.len() + usize::from(self.newline)
    }
}

/// The records of a read, the first line of which is the `line`th. Those of `refused` lie between them.
pub(super) fn numbered<'a>(
    batch: &'a Batch,
    refused: &[Refused],
    line: u64,
    newline: bool,
) -> Vec<Record<'a>> {
    let before = |index: usize| refused.iter().filter(|refused| refused.before <= index).count();
    let record = |index| {
        let data = batch.get(index).unwrap_or_default();
        Record { line: line + (index + before(index)) as u64, data, newline }
    };
    (0..batch.len()).map(record).collect()
}

/// As many as go into one request, at least one, and the rest.
pub(super) fn first<'r, 'a>(records: &'r [Record<'a>]) -> (&'r [Record<'a>], &'r [Record<'a>]) {
    let mut bytes = 0;
    let fits = |record: &&Record<'_>| {
        bytes += record.length();
        bytes <= MOST_BYTES
    };
    let count = records.iter().take(MOST_RECORDS).take_while(fits).count();
    records.split_at_checked(count.max(1)).unwrap_or((records, &[]))
}

/// The request that puts these records.
pub(super) fn written(stream: &str, records: &[Record<'_>]) -> Vec<u8> {
    let bytes: usize = records.iter().map(Record::length).sum();
    let mut out = String::with_capacity(bytes / 3 * 4 + records.len() * 16 + 128);
    out += &format!("{{\"DeliveryStreamName\":{},\"Records\":[", Value::from(stream));
    let mut data = Vec::new();
    for (index, record) in records.iter().enumerate() {
        out += if index > 0 { ",{\"Data\":\"" } else { "{\"Data\":\"" };
        data.clear();
        data.extend_from_slice(record.data);
        data.extend(record.newline.then_some(b'\n'));
        BASE64_STANDARD.encode_string(&data, &mut out);
        out += "\"}";
    }
    out += "]}";
    out.into_bytes()
}

/// The records that an answer says were not taken, and why the first of them was not.
pub(super) fn failed<'a>(
    answer: &Value,
    sent: &[Record<'a>],
) -> Result<(Vec<Record<'a>>, Option<Refusal>), Refusal> {
    let told = answer.get("RequestResponses").and_then(Value::as_array);
    let told = told.filter(|told| told.len() == sent.len());
    let told = told.ok_or_else(|| Refusal::senseless("the answer does not speak of each record"))?;
    let mut refusal = None;
    let mut still = Vec::new();
    for (entry, record) in told.iter().zip(sent) {
        if let Some(code) = entry.get("ErrorCode").and_then(Value::as_str) {
            still.push(*record);
            refusal.get_or_insert_with(|| {
                let message = entry.get("ErrorMessage").cloned().unwrap_or_default();
                let body = serde_json::json!({ "message": message }).to_string();
                Refusal::of_service(500, Some(code), body.as_bytes())
            });
        }
    }
    Ok((still, refusal))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use standpipe_record::SystemClock;
    use standpipe_source::Source;

    use super::*;

    fn record(data: &[u8]) -> Record<'_> {
        Record { line: 1, data, newline: true }
    }

    #[test]
    fn lines_are_numbered_as_they_stand_in_the_file() {
        let text = [b"a\nb\n".to_vec(), vec![b'x'; 1_024_001], b"\n\nc".to_vec()].concat();
        let mut source = Source::new("text", std::io::Cursor::new(text));
        let (mut batch, mut refused, mut found) = (Batch::new(), Vec::new(), Vec::new());
        let mut line = 1;
        loop {
            batch.clear();
            refused.clear();
            let step = source.read(&mut batch, &mut refused, &SystemClock).unwrap();
            let records = numbered(&batch, &refused, line, true);
            found.extend(records.iter().map(|record| (record.line, record.data.to_vec())));
            line += (batch.len() + refused.len()) as u64;
            if step == standpipe_source::Step::End {
                break;
            }
        }
        let want = [(1, b"a".to_vec()), (2, b"b".to_vec()), (4, Vec::new()), (5, b"c".to_vec())];
        assert_eq!(found, want);
    }

    #[test]
    fn a_request_has_no_more_than_it_may() {
        let small = vec![record(b"x"); 1_001];
        let (these, rest) = first(&small);
        assert_eq!((these.len(), rest.len()), (500, 501));
        let data = vec![b'x'; MOST_RECORD - 1];
        let large = [record(&data); 9];
        let (these, rest) = first(&large);
        assert_eq!((these.len(), rest.len()), (4, 5));
    }

    #[test]
    fn a_request_is_json_and_its_answer_says_which_to_send_again() {
        let records = [record(b"a"), record(b""), record(b"c")];
        let request: Value = serde_json::from_slice(&written("we\"b", &records)).unwrap();
        let data = [json!({ "Data": "YQo=" }), json!({ "Data": "Cg==" }), json!({ "Data": "Ywo=" })];
        assert_eq!(request, json!({ "DeliveryStreamName": "we\"b", "Records": data }));
        let error = json!({ "ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down." });
        let answer = json!({ "FailedPutCount": 1, "RequestResponses": [{ "RecordId": "1" }, error, { "RecordId": "3" }] });
        let (still, refusal) = failed(&answer, &records).unwrap();
        assert_eq!((still.len(), still[0].data), (1, &b""[..]));
        assert_eq!(refusal.unwrap().to_string(), "ServiceUnavailableException: Slow down.");
        failed(&json!({ "RequestResponses": [] }), &records).unwrap_err();
    }
}
