use std::fmt;

use serde_json::Value;

use super::problem::Problem;
use super::text::plain;

/// Why a call was not answered as it should be.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The service's name for it. None if no service answered.
    code: Option<String>,
    message: String,
    help: Option<String>,
    /// Whether the same call may be answered better a little later.
    passes: bool,
    /// Whether an answer may have been lost, so that the call may be done.
    lost: bool,
}

impl Refusal {
    /// What the service says with a status, and an error's name in a header.
    pub(super) fn of_service(status: u16, header: Option<&str>, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let member = |name: &str| body.get(name).and_then(Value::as_str);
        let name = header.or_else(|| member("__type")).unwrap_or_default();
        // `prefix#Name:link` is what it may be.
        let name = name.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
        let passes = status >= 500
            || matches!(status, 408 | 429)
            || name.contains("Throttl")
            || name.starts_with("ServiceUnavailable");
        if name.is_empty() {
            let message = format!("the answer has status {status} and is none of a Firehose API");
            let help = Some("is the URL that of a host's `listen`?".to_owned());
            return Self { code: None, message, help, passes, lost: false };
        }
        let message = member("message").or_else(|| member("Message")).unwrap_or_default();
        let help = help(name).map(str::to_owned);
        Self { code: Some(plain(name)), message: plain(message), help, passes, lost: false }
    }

    /// There was no answer.
    pub(super) fn unanswered(message: String, help: Option<String>, passes: bool, lost: bool) -> Self {
        Self { code: None, message, help, passes, lost }
    }

    /// An answer that says nothing that can be understood.
    pub(super) fn senseless(message: impl Into<String>) -> Self {
        let help = Some("is the URL that of a host's `listen`?".to_owned());
        Self { code: None, message: message.into(), help, passes: false, lost: false }
    }

    /// Whether this is what the service says.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the same call may be answered better a little later.
    pub(super) fn passes(&self) -> bool {
        self.passes
    }

    /// Whether the service says so itself.
    pub(super) fn is_of_service(&self) -> bool {
        self.code.is_some()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Notes that a try before it may have been done.
    pub(super) fn after_lost(mut self) -> Self {
        self.lost = true;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) if self.message.is_empty() => f.write_str(code),
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::failed(&refusal);
        let problem = match (refusal.lost, refusal.is_of_service()) {
            (false, _) => problem,
            (true, true) => {
                problem.help("an earlier try of the same call got no answer; it may have been done")
            }
            (true, false) => problem.help("the call may have been done all the same"),
        };
        match refusal.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

/// What to do about an error of the service.
fn help(code: &str) -> Option<&'static str> {
    Some(match code {
        "ResourceNotFoundException" => "`standpipe stream list` shows the streams that there are",
        "ResourceInUseException" => {
            "`standpipe stream list` shows the streams that there are, and their status"
        }
        "ConcurrentModificationException" => "somebody else changed it meanwhile: look at it, and try again",
        "AccessDeniedException" => {
            "what a key may do stands under `[keys.NAME]` in the config file of the host"
        }
        "MissingAuthenticationTokenException" => {
            "this host wants to know who calls: give --key NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
        "UnrecognizedClientException" => {
            "the host does not have this key: give --key NAME, or look at AWS_ACCESS_KEY_ID and AWS_PROFILE"
        }
        "InvalidSignatureException" => {
            "the secret is not the one that the host has for this key, or one of the clocks is wrong"
        }
        "UnknownOperationException" => "this host does not have the operation: is it of this version?",
        "ServiceUnavailableException" => {
            "the host has no room, or the stream's rate is reached: try again later, and see `standpipe status`"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_error_is_found_in_the_header_or_the_body() {
        let body =
            br#"{"__type":"com.amazonaws#ResourceNotFoundException:http://x","message":"no \u001b[2J"}"#;
        let refusal = Refusal::of_service(400, None, body);
        assert!(refusal.is("ResourceNotFoundException") && !refusal.passes());
        assert_eq!(refusal.to_string(), "ResourceNotFoundException: no \\u{1b}[2J");
        let refusal = Refusal::of_service(500, Some("ServiceUnavailableException"), b"");
        assert!(refusal.passes() && refusal.is_of_service());
        let refusal = Refusal::of_service(404, None, b"<html>");
        assert_eq!(refusal.to_string(), "the answer has status 404 and is none of a Firehose API");
        assert!(Refusal::of_service(400, None, br#"{"__type":"ThrottlingException"}"#).passes());
    }
}
