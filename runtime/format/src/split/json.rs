//! JSON objects one after another.

use standpipe_record::Cause;

use super::scan::{self, Fault, Problem};
use super::{MAX_SUB_RECORDS, Parts};

/// Adds the objects of `bytes` to `parts`, each on its own.
pub(super) fn split(bytes: &[u8], parts: &mut Parts) {
    let mark = parts.mark();
    // JSON is UTF-8. Once over all of it is faster than string by string.
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes,
        Err(error) => bytes.get(..error.valid_up_to()).unwrap_or_default(),
    };
    let mut at = scan::blank(valid, 0);
    if at == bytes.len() {
        parts.push(bytes);
        return;
    }
    while at < bytes.len() {
        let start = at;
        match scan::value(valid, start) {
            Ok(end) => {
                let document = bytes.get(start..end).unwrap_or_default();
                if parts.since(mark) == MAX_SUB_RECORDS {
                    parts.back_to(mark);
                    parts.push(bytes);
                    return;
                }
                match document.first() {
                    Some(b'{') => parts.push(document),
                    first => fail_other(first, start, document, parts),
                }
                at = scan::blank(valid, end);
            }
            Err(mut problem) => {
                if problem.fault == Fault::End && valid.len() < bytes.len() {
                    problem.fault = Fault::Utf8;
                }
                return fail(problem, bytes.get(start..).unwrap_or_default(), parts);
            }
        }
    }
}

/// A value that is JSON, but no object.
#[cold]
fn fail_other(first: Option<&u8>, start: usize, document: &[u8], parts: &mut Parts) {
    let what = match first {
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    let message = format!(
        "the value at byte {start} is {what}, and only objects are split; send objects one after another, without an array around them"
    );
    parts.fail(Cause::Deaggregation, "not-an-object", message, document);
}

#[cold]
fn fail(problem: Problem, rest: &[u8], parts: &mut Parts) {
    let code = if problem.fault == Fault::Deep { "too-deep" } else { "not-json" };
    let message = format!("not JSON objects one after another: {problem}; what is before it was taken");
    parts.fail(Cause::Deaggregation, code, message, rest);
}
