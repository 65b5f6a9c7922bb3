//! `POST /`: the operations of Firehose by their names, in AWS's JSON 1.1.

mod change;
mod create;
mod delete;
mod describe;
mod encryption;
mod list;
pub(crate) mod put;
mod tags;
mod update;

use std::time::{Duration, SystemTime};

use standpipe_record::{Clock, SystemClock};
use standpipe_stream::Streams;

use crate::access::Caller;
use crate::api::{Api, Settings};
use crate::auth;
use crate::call::{self, Call, header, headers, sha256, signed};
use crate::destination::{Said, text as member};
use crate::fault::{Cause, Fault};
use crate::made::Phase;
use crate::rate::Limiter;

/// The name by which requests are signed.
pub(crate) const SERVICE: &str = "firehose";
/// What requests and answers are.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const TARGET: &str = "Firehose_20150804.";

/// What answers with nothing answers this.
const EMPTY: &[u8] = b"{}";
/// A stream has one destination.
const DESTINATION_ID: &str = "destinationId-000000000001";
/// The most bytes of the body of what does not put records: a description has 256 KiB at the most.
const MOST_CONTROL: usize = 512 << 10;
/// What it grows to at the most while it is read, in its own bytes.
const GROWTH: u64 = 16;

/// What answers a request.
type Handler = fn(&Asked<'_>) -> Result<Vec<u8>, Fault>;

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// It puts records.
    Records,
    /// It shows something.
    Show,
    /// It makes, changes or deletes a stream, and may wait for others that do.
    Change,
}

/// The operations, in alphabetical order.
const OPERATIONS: [(&str, Handler, About); 12] = [
    ("CreateDeliveryStream", create::create, About::Change),
    ("DeleteDeliveryStream", delete::delete, About::Change),
    ("DescribeDeliveryStream", describe::describe, About::Show),
    ("ListDeliveryStreams", list::list, About::Show),
    ("ListTagsForDeliveryStream", tags::list, About::Show),
    ("PutRecord", put::record, About::Records),
    ("PutRecordBatch", put::batch, About::Records),
    ("StartDeliveryStreamEncryption", encryption::start, About::Change),
    ("StopDeliveryStreamEncryption", encryption::stop, About::Change),
    ("TagDeliveryStream", tags::tag, About::Change),
    ("UntagDeliveryStream", tags::untag, About::Change),
    ("UpdateDestination", update::update, About::Change),
];

/// A request whose sender is known, as the operations see it.
pub(crate) struct Asked<'a> {
    pub(crate) api: &'a Api,
    pub(crate) streams: &'a Streams,
    pub(crate) settings: &'a Settings,
    pub(crate) caller: Caller<'a>,
    pub(crate) call: &'a Call,
    pub(crate) body_sha256: &'a str,
}

/// Refuses what needs no body to be refused.
pub(crate) fn precheck(settings: &Settings, head: &http::request::Parts) -> Result<(), Fault> {
    if settings.access.is_open() {
        return Ok(());
    }
    let headers = headers(head);
    let request = signed(head, &headers, "");
    Ok(auth::precheck(&request, SERVICE, now(), |id| settings.access.secret(id))?)
}

/// Whether a request may wait for others, long after its fsyncs.
pub(crate) fn waits_for_others(head: &http::request::Parts) -> bool {
    operation(head).is_ok_and(|(_, about)| about == About::Change)
}

/// Answers a request. It blocks for as long as an fsync takes, or a change of a stream.
pub(crate) fn answer(api: &Api, settings: &Settings, call: &mut Call) -> Result<Vec<u8>, Fault> {
    let body_sha256 = sha256(&call.body);
    let id = signed_by(settings, &call.head, &body_sha256)?;
    let caller = id.and_then(|id| settings.access.key(&id)).map_or(Caller::Anyone, Caller::Key);
    call.unpack()?;
    let (handler, about) = operation(&call.head)?;
    if about != About::Records {
        if call.body.len() > MOST_CONTROL {
            let message = format!("the body of this operation has at most {MOST_CONTROL} bytes");
            return Err(Fault::new(Cause::RequestEntityTooLarge, message));
        }
        if !call.held.grow(call.body.len() as u64 * GROWTH) {
            return Err(Fault::slow_down());
        }
    }
    let streams = api.streams();
    handler(&Asked { api, streams, settings, caller, call, body_sha256: &body_sha256 })
}

/// The id of the key that a request is signed by. None if there are no keys.
pub(crate) fn signed_by(
    settings: &Settings,
    head: &http::request::Parts,
    body_sha256: &str,
) -> Result<Option<String>, Fault> {
    if settings.access.is_open() {
        return Ok(None);
    }
    let headers = headers(head);
    let request = signed(head, &headers, body_sha256);
    let id = auth::verify(&request, SERVICE, now(), |id| settings.access.secret(id))?;
    Ok(Some(id.to_owned()))
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(SystemClock.now_ms())
}

fn operation(head: &http::request::Parts) -> Result<(Handler, About), Fault> {
    let unknown = |message: String| Fault::new(Cause::UnknownOperation, message);
    let target = header(head, "x-amz-target").ok_or_else(|| unknown("X-Amz-Target is missing".into()))?;
    let name = target.strip_prefix(TARGET);
    let name = name.ok_or_else(|| unknown(format!("X-Amz-Target must begin with {TARGET}")))?;
    let found = OPERATIONS.iter().find(|(known, ..)| *known == name);
    let found = found.map(|(_, handler, about)| (*handler, *about));
    found.ok_or_else(|| unknown("There is no such operation of Firehose.".into()))
}

/// The text of a member; empty if there is none.
fn text<'a>(input: &'a Said, name: &str) -> &'a str {
    member(input, name).unwrap_or_default()
}

impl Asked<'_> {
    fn authorize(&self, action: &str, stream: Option<&str>) -> Result<(), Fault> {
        let arn = self.settings.arn(stream.unwrap_or("*"));
        self.caller.authorize(action, stream, &self.settings.account, &arn)
    }

    fn not_found(&self, stream: &str) -> Fault {
        let account = &self.settings.account;
        Fault::new(Cause::ResourceNotFound, format!("Firehose {stream} under account {account} not found."))
    }

    /// What a stream takes, if it takes records.
    fn limiter(&self, stream: &str) -> Result<Limiter, Fault> {
        let Some(made) = self.api.book().get(stream) else {
            // What the book had may be the config's by now.
            let settings = self.api.settings();
            let served = settings.streams.get(stream).map(|served| served.limiter.clone());
            return served.ok_or_else(|| self.not_found(stream));
        };
        match self.phase(stream, &made) {
            Phase::Creating if self.has_failed(stream) => Err(self.not_active(stream)),
            Phase::Creating | Phase::Active => Ok(made.limiter.clone()),
            Phase::Deleting | Phase::DeletingFailed => Err(self.not_active(stream)),
        }
    }

    fn not_active(&self, stream: &str) -> Fault {
        let account = &self.settings.account;
        Fault::new(Cause::ResourceNotFound, format!("Firehose {stream} is not active in {account} account."))
    }
}

/// Refuses what a page in a browser could have sent, where nothing else tells who sends.
pub(crate) fn guard(settings: &Settings, head: &http::request::Parts) -> Result<(), Fault> {
    if !settings.access.is_open() {
        return Ok(());
    }
    let refuse = |message: &str| Err(Fault::new(Cause::AccessDenied, message));
    if !call::host(head).is_some_and(is_loopback) {
        return refuse("without keys, the Host of a request must be localhost or a loopback address");
    }
    if head.headers.contains_key("origin") {
        return refuse("without keys, requests of web pages are refused");
    }
    let kind = header(head, "content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(
        kind.as_str(),
        "" | "text/plain" | "application/x-www-form-urlencoded" | "multipart/form-data"
    ) {
        return refuse(
            "without keys, a Content-Type that a web page can send is refused; application/json is not",
        );
    }
    Ok(())
}

/// Whether a `Host` is this machine, by whatever name a browser would never look up elsewhere.
pub(crate) fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<http::uri::Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn loopback_is_known_by_its_names_alone() {
        for host in ["localhost", "LocalHost:4573", "127.0.0.1", "127.8.9.1:80", "[::1]:4573", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "a b"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
