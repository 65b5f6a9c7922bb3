//! `POST /`: the operations of Firehose by their names, in AWS's JSON 1.1.

mod describe;
mod list;
pub(crate) mod put;

use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use standpipe_record::{Clock, SystemClock};
use standpipe_stream::Streams;

use crate::access::Caller;
use crate::api::{Api, Settings};
use crate::auth;
use crate::call::{self, Call, header, headers, sha256, signed};
use crate::fault::{Cause, Fault};

/// The name by which requests are signed.
pub(crate) const SERVICE: &str = "firehose";
/// What requests and answers are.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const TARGET: &str = "Firehose_20150804.";
/// The longest message of serde that is told, in bytes.
const MOST_TOLD: usize = 512;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    PutRecord,
    PutRecordBatch,
    Describe,
    List,
}

/// The operations that the service has and this version has not.
const UNBUILT: [&str; 8] = [
    "CreateDeliveryStream",
    "DeleteDeliveryStream",
    "ListTagsForDeliveryStream",
    "StartDeliveryStreamEncryption",
    "StopDeliveryStreamEncryption",
    "TagDeliveryStream",
    "UntagDeliveryStream",
    "UpdateDestination",
];

/// A request whose sender is known, as the operations see it.
pub(crate) struct Asked<'a> {
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

/// Answers a request. It blocks for as long as an fsync takes.
pub(crate) fn answer(api: &Api, settings: &Settings, call: &mut Call) -> Result<Vec<u8>, Fault> {
    let body_sha256 = sha256(&call.body);
    let id = signed_by(settings, &call.head, &body_sha256)?;
    let caller = id.and_then(|id| settings.access.key(&id)).map_or(Caller::Anyone, Caller::Key);
    call.unpack()?;
    let operation = operation(&call.head)?;
    let asked = Asked { streams: &api.shared.streams, settings, caller, call, body_sha256: &body_sha256 };
    match operation {
        Operation::PutRecord => put::record(&asked),
        Operation::PutRecordBatch => put::batch(&asked),
        Operation::Describe => describe::describe(&asked),
        Operation::List => list::list(&asked),
    }
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

fn operation(head: &http::request::Parts) -> Result<Operation, Fault> {
    let unknown = |message: String| Fault::new(Cause::UnknownOperation, message);
    let target = header(head, "x-amz-target").ok_or_else(|| unknown("X-Amz-Target is missing".into()))?;
    let name = target.strip_prefix(TARGET);
    let name = name.ok_or_else(|| unknown(format!("X-Amz-Target must begin with {TARGET}")))?;
    match name {
        "PutRecord" => Ok(Operation::PutRecord),
        "PutRecordBatch" => Ok(Operation::PutRecordBatch),
        "DescribeDeliveryStream" => Ok(Operation::Describe),
        "ListDeliveryStreams" => Ok(Operation::List),
        name if UNBUILT.contains(&name) => Err(unknown(format!(
            "{name} is not built in this version of standpipe: streams are those of its config file"
        ))),
        _ => Err(unknown("There is no such operation of Firehose.".into())),
    }
}

impl Asked<'_> {
    /// The body as what the operation takes. Unknown members are passed over, as the service does.
    fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.call.body).map_err(|error| {
            // It repeats what it found, however long that is.
            let mut message = format!("the body is not the JSON of this operation: {error}");
            message.truncate(message.floor_char_boundary(MOST_TOLD));
            Fault::new(Cause::Serialization, message)
        })
    }

    fn authorize(&self, action: &str, stream: Option<&str>) -> Result<(), Fault> {
        let arn = self.settings.arn(stream.unwrap_or("*"));
        self.caller.authorize(action, stream, &self.settings.account, &arn)
    }

    fn not_found(&self, stream: &str) -> Fault {
        let account = &self.settings.account;
        Fault::new(Cause::ResourceNotFound, format!("Firehose {stream} under account {account} not found."))
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
