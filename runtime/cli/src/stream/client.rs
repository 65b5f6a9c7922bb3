//! Calls, each tried a few times.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use standpipe_stream::random;

use super::failure::unanswered;
use super::host::Host;
use super::problem::Problem;
use super::refusal::Refusal;
use super::sign::signed;
use super::trust::provider;

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long an answer may take. The host answers a put once it is on disk.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// How often a call is tried, and how long it waits the first time. The wait doubles.
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest answer, in bytes.
const MOST_ANSWER: usize = 16 << 20;

/// Whoever calls a host.
pub(super) struct Client {
    connector: Connector,
    endpoint: http::Uri,
    /// The same, for a person.
    place: String,
    region: String,
    credentials: Option<Credentials>,
}

impl Client {
    pub(super) fn new(host: &Host) -> Result<Self, Problem> {
        let settings =
            HttpConnectorSettings::builder().connect_timeout(CONNECT_TIME).read_timeout(ANSWER_TIME).build();
        let builder = Connector::builder().connector_settings(settings);
        let connector = match host.endpoint.scheme_str() {
            Some("https") => builder.tls_provider(provider()).tls_context(host.tls.clone()).build(),
            // It would look for the system's certificates.
            _ => builder.build_http(),
        };
        Ok(Self {
            connector,
            endpoint: host.endpoint.clone(),
            place: host.endpoint.to_string().trim_end_matches('/').to_owned(),
            region: host.region.clone(),
            credentials: host.credentials.clone(),
        })
    }

    /// Where the host is, for a person.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Calls an operation.
    pub(super) async fn call(&self, operation: &str, input: &Value) -> Result<Value, Refusal> {
        self.send(operation, input.to_string().into_bytes(), &fresh_id()).await
    }

    /// Calls an operation with JSON that is written already.
    ///
    /// Every try has the same `id`: a host that has kept the records of a put answers the next try as it did the first.
    pub(super) async fn send(&self, operation: &str, body: Vec<u8>, id: &str) -> Result<Value, Refusal> {
        let body = SdkBody::from(body);
        let (mut wait, mut lost) = (FIRST_WAIT, false);
        let mut tries = 1;
        loop {
            let refusal = match self.attempt(operation, id, &body).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) if lost => refusal.after_lost(),
                Err(refusal) => refusal,
            };
            if !refusal.passes() || tries == TRIES {
                return Err(refusal);
            }
            lost = refusal.is_lost();
            tokio::time::sleep(wait).await;
            wait *= 2;
            tries += 1;
        }
    }

    async fn attempt(&self, operation: &str, id: &str, body: &SdkBody) -> Result<Value, Refusal> {
        let request = self.request(operation, id, body).map_err(Refusal::senseless)?;
        let answered = tokio::time::timeout(ANSWER_TIME, self.exchange(request)).await;
        let late = || {
            let message = format!("{} does not answer in time", self.place);
            Refusal::unanswered(message, None, true, true)
        };
        let (status, error, body) = answered.map_err(|_| late())??;
        if !(200..300).contains(&status) {
            return Err(Refusal::of_service(status, error.as_deref(), &body));
        }
        let no_json = |_| format!("what {} answers is no JSON of a Firehose API", self.place);
        serde_json::from_slice(&body).map_err(|error| Refusal::senseless(no_json(error)))
    }

    fn request(&self, operation: &str, id: &str, body: &SdkBody) -> Result<HttpRequest, String> {
        let body = body.try_clone().ok_or("a body is sent once only")?;
        let request = http::Request::post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Firehose_20150804.{operation}"))
            .header("amz-sdk-invocation-id", id)
            .header("user-agent", concat!("standpipe/", env!("CARGO_PKG_VERSION")))
            .body(body)
            .map_err(|error| error.to_string())?;
        let request = match &self.credentials {
            Some(credentials) => signed(request, credentials, &self.region)?,
            None => request,
        };
        HttpRequest::try_from(request).map_err(|error| error.to_string())
    }

    /// Sends a request. Returns the status, the name of an error, and the body.
    async fn exchange(&self, request: HttpRequest) -> Result<(u16, Option<String>, Vec<u8>), Refusal> {
        let response = self.connector.call(request).await;
        let response = response.map_err(|error| unanswered(&self.place, &error))?;
        let (status, error) = (response.status().as_u16(), response.headers().get("x-amzn-errortype"));
        let error = error.map(str::to_owned);
        let (mut body, mut parts) = (Vec::new(), ByteStream::new(response.into_body()));
        while let Some(part) = parts.next().await {
            let cut = |_| format!("{} ended in the middle of its answer", self.place);
            let part = part.map_err(|error| Refusal::unanswered(cut(error), None, true, true))?;
            if body.len() + part.len() > MOST_ANSWER {
                return Err(Refusal::senseless(format!("{} answers too much", self.place)));
            }
            body.extend_from_slice(&part);
        }
        Ok((status, error, body))
    }
}

/// The id of a call that nobody has made before.
pub(super) fn fresh_id() -> String {
    uuid(random())
}

/// Random bits as an id is written.
fn uuid(random: u128) -> String {
    // The version and the variant say that it is random.
    let bits = random & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{bits:032x}");
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn an_id_says_that_it_is_random() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
