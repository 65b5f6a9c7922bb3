use std::fmt;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::watch::Stalled;
use crate::Error;

/// The longest part of a server's own words that is repeated, in characters.
const MOST_WORDS: usize = 200;

/// A server's refusal, or none to be had.
#[derive(Debug)]
pub struct Refusal {
    /// What was tried.
    pub action: &'static str,
    /// The bucket; empty where it is about all of them.
    pub bucket: String,
    /// The object, if it was about one.
    pub key: Option<String>,
    /// Where the bucket lives.
    pub endpoint: String,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// The server's code, such as `NoSuchBucket`.
    pub code: Option<String>,
    /// What it said, or why nothing came.
    pub message: String,
    /// What it means.
    pub class: Class,
}

/// What to do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Try again.
    Passing,
    /// Try again with fewer at a time.
    Throttled,
    /// A person has to do this; then it passes.
    Mend(&'static str),
}

impl Refusal {
    /// Whether the key is taken, or the upload that was completed is not there: what is there decides.
    pub(super) fn is_taken(&self) -> bool {
        self.status == Some(412)
            || matches!(self.code.as_deref(), Some("NoSuchUpload" | "PreconditionFailed"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, bucket, key, endpoint, status, code, message, class } = self;
        match key {
            Some(key) => {
                write!(f, "cannot {action} `{}` in bucket `{bucket}` at {endpoint}: ", key.escape_debug())?
            }
            None if bucket.is_empty() => write!(f, "cannot {action} {endpoint}: ")?,
            None => write!(f, "cannot {action} bucket `{bucket}` at {endpoint}: ")?,
        }
        match (code, status) {
            (Some(code), Some(status)) => write!(f, "{code} ({status})")?,
            (None, Some(status)) => write!(f, "status {status}")?,
            _ => {}
        }
        if !message.is_empty() {
            write!(f, "{}{message}", if status.is_some() { ": " } else { "" })?;
        }
        match class {
            Class::Mend(how) => write!(f, "; {how}"),
            Class::Passing | Class::Throttled => f.write_str("; it is tried again"),
        }
    }
}

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) action: &'static str,
    pub(super) bucket: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) endpoint: &'a str,
}

impl About<'_> {
    pub(super) fn refusal(&self, message: impl Into<String>, class: Class) -> Refusal {
        Refusal {
            action: self.action,
            bucket: self.bucket.to_owned(),
            key: self.key.map(str::to_owned),
            endpoint: self.endpoint.to_owned(),
            status: None,
            code: None,
            message: message.into(),
            class,
        }
    }

    pub(super) fn stalled(&self, Stalled { after, whole }: &Stalled) -> Error {
        let seconds = after.as_secs();
        let message = match whole {
            true => format!("no answer after {seconds} s"),
            false => format!("the connection stood still, after {seconds} s"),
        };
        Error::S3(Box::new(self.refusal(message, Class::Passing)))
    }
}

/// What an error of the SDK means.
pub(super) fn taken_for<E>(about: &About<'_>, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().map(words);
    let refusal = match (&error, status) {
        (SdkError::ServiceError(_), Some(status)) => {
            let message = error.message().map(words).unwrap_or_default();
            let class = class(status, code.as_deref().unwrap_or_default());
            Refusal { status: Some(status), code, ..about.refusal(message, class) }
        }
        // Also an answer that could not be read.
        _ => {
            let (message, unsigned) = causes(&error);
            let class = if unsigned { Class::Mend(KEYS_MISSING) } else { Class::Passing };
            Refusal { status, ..about.refusal(message, class) }
        }
    };
    Error::S3(Box::new(refusal))
}

const KEYS_MISSING: &str = "set `access_key_id` and `secret_access_key` under `[s3]`, or give credentials in one of AWS's usual places";

/// By the code first: servers disagree on the status, and HEAD answers have no code.
fn class(status: u16, code: &str) -> Class {
    match code {
        "SlowDown"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequests"
        | "RequestLimitExceeded" => Class::Throttled,
        "NoSuchBucket" => Class::Mend("create the bucket"),
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "MethodNotAllowed" => {
            Class::Mend("allow these keys to put objects there and to abort uploads")
        }
        // The last one is versitygw's.
        "InvalidAccessKeyId" | "InvalidAccessKey" | "XAdminUserNotFound" => {
            Class::Mend("mend `access_key_id`")
        }
        "SignatureDoesNotMatch" => Class::Mend("mend `secret_access_key`"),
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => Class::Mend("renew the session's keys"),
        "RequestTimeTooSkewed" => Class::Mend("set the clock of this machine"),
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "TemporaryRedirect" => Class::Mend("mend `region` or `endpoint` under `[s3]`"),
        "InvalidBucketName" => Class::Mend("choose another `bucket`"),
        "RequestTimeout"
        | "BadDigest"
        | "InternalError"
        | "OperationAborted"
        | "ConditionalRequestConflict"
        | "XAmzContentSHA256Mismatch"
        | "IncompleteBody" => Class::Passing,
        _ => match status {
            429 | 503 => Class::Throttled,
            401 | 403 => Class::Mend("mend the keys, or what they may do"),
            301 | 307 => Class::Mend("mend `region` or `endpoint` under `[s3]`"),
            // An answer to a completion may turn out to be an error after its head was sent. And a 404 or 412 is answered
            // by what is there.
            200..=299 | 404 | 408 | 409 | 412 => Class::Passing,
            501 => Class::Mend("use a server that can do this, or raise `multipart_above`"),
            500.. => Class::Passing,
            _ => Class::Mend("mend what the server complains about"),
        },
    }
}

/// A server's words, fit for a terminal.
fn words(text: &str) -> String {
    text.trim().trim_end_matches('.').escape_debug().take(MOST_WORDS).collect()
}

/// The innermost cause says what happened; those around it say that something did. Where no credentials could be had, the
/// one that says so comes first. Returns whether that is so, too.
fn causes(error: &dyn std::error::Error) -> (String, bool) {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        texts.push(inner.to_string());
        cause = inner.source();
    }
    let last = texts.last().cloned().unwrap_or_default();
    match texts.iter().find(|text| text.to_lowercase().contains("credential")) {
        Some(outer) if *outer != last => (words(&format!("{outer}: {last}")), true),
        Some(_) => (words(&last), true),
        None => (words(&last), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_and_the_status_where_there_is_none() {
        assert_eq!(class(503, "SlowDown"), Class::Throttled);
        assert_eq!(class(404, "NoSuchBucket"), Class::Mend("create the bucket"));
        assert_eq!(class(403, "SignatureDoesNotMatch"), Class::Mend("mend `secret_access_key`"));
        assert_eq!(class(400, "BadDigest"), Class::Passing);
        for status in [200, 408, 409, 412, 500, 502, 504] {
            assert_eq!(class(status, ""), Class::Passing, "{status}");
        }
        for status in [429, 503] {
            assert_eq!(class(status, ""), Class::Throttled, "{status}");
        }
        for status in [400, 401, 403, 405, 501] {
            assert!(matches!(class(status, "Whatever"), Class::Mend(_)), "{status}");
        }
    }

    #[test]
    fn a_refusal_is_one_sentence_that_says_what_to_do() {
        let about = About { action: "put", bucket: "logs", key: Some("a\nb"), endpoint: "http://h" };
        let refusal = about.refusal("It is \x1b[2J not there", class(404, "NoSuchBucket"));
        let refusal = Refusal { status: Some(404), code: Some("NoSuchBucket".into()), ..refusal };
        let refusal = Refusal { message: words(&refusal.message), ..refusal };
        assert_eq!(
            refusal.to_string(),
            r"cannot put `a\nb` in bucket `logs` at http://h: NoSuchBucket (404): It is \u{1b}[2J not there; create the bucket"
        );
    }
}
