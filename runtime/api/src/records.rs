//! `POST /streams/NAME/records`: for producers that speak plain HTTP. A body is one record, or one a line, by its
//! `Content-Type`. The same keys, limits and promises as those of the Firehose API.

use std::sync::Arc;

use serde_json::json;
use standpipe_stream::{Plan, PutKind};

use crate::access::Caller;
use crate::api::{Api, Settings};
use crate::call::{Call, header, sha256};
use crate::decode::Records;
use crate::fault::{Cause, Fault};
use crate::firehose::put::{MOST_DATA, MOST_RECORD, append};
use crate::firehose::{Asked, precheck, signed_by};
use crate::repeat;
use crate::validate::Violations;

/// What a body with a record a line is called.
const LINES: [&str; 5] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-lines",
];

/// What a record takes besides its data, however short that is: where it ends, and when it came.
const COLUMNS: u64 = 12;

/// The stream of a path, if it is one of these.
pub(crate) fn stream_of(path: &str) -> Option<&str> {
    path.strip_prefix("/streams/")?.strip_suffix("/records").filter(|name| !name.contains('/'))
}

/// Whether a request shows a signature of AWS's, and not a secret.
fn is_signed(head: &http::request::Parts) -> bool {
    header(head, "authorization").is_some_and(|value| value.starts_with("AWS4-"))
}

/// Refuses what needs no body to be refused.
pub(crate) fn check(settings: &Settings, head: &http::request::Parts) -> Result<(), Fault> {
    match is_signed(head) || settings.access.is_open() {
        true => precheck(settings, head),
        false => shown(settings, head).map(|_| ()),
    }
}

fn shown<'a>(settings: &'a Settings, head: &http::request::Parts) -> Result<Caller<'a>, Fault> {
    let denied = |message: &str| Fault::new(Cause::MissingAuthenticationToken, message);
    let shown = header(head, "authorization")
        .ok_or_else(|| denied("send Authorization: Bearer SECRET, or Basic with the key's id and secret"))?;
    if head.headers.contains_key("origin")
        && shown.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
    {
        // A browser shows a password that it once was given to whatever page asks.
        return Err(Fault::new(Cause::AccessDenied, "web pages have to send Authorization: Bearer"));
    }
    let key = settings.access.shown(shown);
    let unknown = || Fault::new(Cause::UnrecognizedClient, "nobody has this key");
    Ok(Caller::Key(key.ok_or_else(unknown)?))
}

/// Takes records. It blocks for as long as an fsync takes.
pub(crate) fn answer(
    api: &Api,
    settings: &Settings,
    call: &mut Call,
    stream: &str,
) -> Result<Vec<u8>, Fault> {
    let body_sha256 = sha256(&call.body);
    let caller = match is_signed(&call.head) {
        _ if settings.access.is_open() => Caller::Anyone,
        false => shown(settings, &call.head)?,
        true => {
            let id = signed_by(settings, &call.head, &body_sha256)?;
            id.and_then(|id| settings.access.key(&id)).map_or(Caller::Anyone, Caller::Key)
        }
    };
    let mut violations = Violations::default();
    violations.name(Some(stream), "deliveryStreamName");
    violations.check()?;
    caller.authorize("PutRecordBatch", Some(stream), &settings.account, &settings.arn(stream))?;
    call.unpack()?;
    let has_lines = has_lines(&call.head);
    let lines = if has_lines { memchr::memchr_iter(b'\n', &call.body).count() + 1 } else { 1 };
    if !call.held.grow(lines as u64 * COLUMNS) {
        return Err(Fault::slow_down());
    }
    let records = split(std::mem::take(&mut call.body), has_lines, lines)?;
    let key = header(&call.head, "idempotency-key");
    let id = key.map(|key| repeat::id(caller.id(), stream, key, &body_sha256));
    let count = records.ends.len();
    let takes = |plan: Arc<Plan>| plan.takes_puts();
    if count == 0 && api.shared.streams.plan(stream).is_some_and(takes) {
        return Ok(json!({ "records": 0 }).to_string().into_bytes());
    }
    let streams = api.streams();
    let asked = Asked { api, streams, settings, caller, call, body_sha256: &body_sha256 };
    let put = append(&asked, stream, records, id, PutKind::Records)?;
    let last = put.accepted.records.saturating_sub(1);
    let told = json!({ "records": count, "firstRecordId": put.ids.id(0), "lastRecordId": put.ids.id(last) });
    Ok(told.to_string().into_bytes())
}

fn has_lines(head: &http::request::Parts) -> bool {
    let kind = header(head, "content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    LINES.contains(&kind.as_str())
}

/// A body as one record, or as its lines: a record keeps its newline, as producers of Firehose send it, and lines with
/// nothing in them are none. There are at most `lines`.
fn split(body: Vec<u8>, has_lines: bool, lines: usize) -> Result<Records, Fault> {
    let too_large = |what: String| Err(Fault::new(Cause::RequestEntityTooLarge, what));
    if body.len() > MOST_DATA {
        return too_large(format!("a request has at most {MOST_DATA} bytes of records"));
    }
    let mut records = Records::default();
    if has_lines {
        records.payload.reserve_exact(body.len());
        records.ends.reserve_exact(lines.min(body.len()));
        let mut rest = body.as_slice();
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            let (line, behind) = rest.split_at(end);
            rest = behind;
            if !line.trim_ascii().is_empty() {
                records.payload.extend_from_slice(line);
                records.ends.push(u32::try_from(records.payload.len()).unwrap_or(u32::MAX));
            }
        }
    } else {
        records.ends.push(u32::try_from(body.len()).unwrap_or(u32::MAX));
        records.payload = body;
    }
    let mut from = 0;
    for (number, end) in records.ends.iter().enumerate() {
        let length = (*end - from) as usize;
        if length > MOST_RECORD {
            return too_large(format!(
                "record {} has {length} bytes; a record has at most {MOST_RECORD}",
                number + 1
            ));
        }
        from = *end;
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_record_with_its_newline_and_an_empty_one_is_none() {
        let records = split(b"{\"a\":1}\n\n \r\n{\"a\":2}\r\n{\"a\":3}".to_vec(), true, 9).unwrap();
        assert_eq!(records.payload, b"{\"a\":1}\n{\"a\":2}\r\n{\"a\":3}");
        assert_eq!(records.ends, [8, 17, 24]);
        assert_eq!(split(b"\n\n".to_vec(), true, 9).unwrap().ends, [0_u32; 0]);
        assert_eq!(split(b"a\nb\n".to_vec(), false, 1).unwrap().ends, [4]);
        assert_eq!(split(Vec::new(), false, 1).unwrap().ends, [0]);
    }

    #[test]
    fn what_is_too_large_is_refused_and_named() {
        split(vec![b'a'; MOST_RECORD], false, 1).unwrap();
        let error = split([b"x\n".to_vec(), vec![b'a'; MOST_RECORD + 1]].concat(), true, 9).unwrap_err();
        assert!(error.message.starts_with("record 2 has 1024001 bytes"), "{error}");
        assert_eq!(split(vec![b'\n'; MOST_DATA + 1], true, 9).unwrap_err().cause.on_wire().1, 413);
    }

    #[test]
    fn a_path_names_one_stream() {
        assert_eq!(stream_of("/streams/web/records"), Some("web"));
        for other in ["/streams/web", "/streams/a/b/records", "/streams//x/records", "/records", "/"] {
            assert_eq!(stream_of(other), None);
        }
    }
}
