//! From a request to its handler, and from what the handler says to an answer.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;
use standpipe_format::uuid;
use standpipe_stream::random;

use super::Site;
use super::watch::{Answer, UnderWay};
use crate::admission::{HEAD, Held};
use crate::api::Api;
use crate::call::Call;
use crate::fault::{Cause, Fault};
use crate::{body, firehose, records};

const REQUEST_ID: &str = "x-amzn-requestid";
const ERROR_TYPE: &str = "x-amzn-errortype";
const JSON: &str = "application/json";

/// Answers a request.
pub(super) async fn route(site: Site, request: Request<Incoming>, under_way: UnderWay) -> Response<Answer> {
    let api = match site {
        Site::Admin(admin) => {
            let (status, kind, text) = admin.answer(&request.into_parts().0);
            let mut answer = Response::new(Answer::new(text.into(), under_way, None));
            *answer.status_mut() = status;
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            return answer;
        }
        Site::Api(api) => api,
    };
    let id = uuid(random());
    let (head, incoming) = request.into_parts();
    let wire = match (&head.method, head.uri.path()) {
        (&Method::POST, "/") => Wire::Firehose,
        (_, path) => match records::stream_of(path) {
            Some(stream) if head.method == Method::POST => Wire::Records(stream.to_owned()),
            _ => Wire::Unknown,
        },
    };
    let (method, path) = (head.method.clone(), head.uri.path().to_owned());
    let handled = handle(api, &wire, head, incoming).await;
    if let Err(fault) = &handled {
        let (error, message) = (fault.cause.on_wire().0, &fault.message);
        tracing::debug!(request = id, %method, path, error, message, "a request is refused");
    }
    wire.answer(handled, &id, under_way)
}

/// What a path speaks.
enum Wire {
    Firehose,
    /// Plain records for this stream.
    Records(String),
    Unknown,
}

async fn handle(
    api: Api,
    wire: &Wire,
    head: http::request::Parts,
    incoming: Incoming,
) -> Result<(Vec<u8>, Held), Fault> {
    // Before anything else is done for it.
    let Some(mut held) = api.shared.admission.admit() else {
        body::drain(incoming).await;
        return Err(Fault::slow_down());
    };
    let settings = api.settings();
    let checked = match wire {
        Wire::Firehose => {
            firehose::guard(&settings, &head).and_then(|()| firehose::precheck(&settings, &head))
        }
        Wire::Records(_) => firehose::guard(&settings, &head).and_then(|()| records::check(&settings, &head)),
        Wire::Unknown => Err(Fault::new(
            Cause::UnknownOperation,
            "there are POST / for the Firehose API and POST /streams/NAME/records",
        )),
    };
    if let Err(fault) = checked {
        // Strangers take no memory from others.
        drop(held);
        body::drain(incoming).await;
        return Err(fault);
    }
    let body = body::read(incoming, &mut held).await?;
    let turn = match wire {
        Wire::Firehose if firehose::waits_for_others(&head) => {
            Some(api.turn().await.ok_or_else(Fault::slow_down)?)
        }
        _ => None,
    };
    let mut call = Call { head, body, held };
    let stream = match wire {
        Wire::Records(stream) => Some(stream.clone()),
        _ => None,
    };
    let answered = tokio::task::spawn_blocking(move || {
        let bytes = match stream {
            Some(stream) => records::answer(&api, &settings, &mut call, &stream),
            None => firehose::answer(&api, &settings, &mut call),
        }?;
        drop(turn);
        // Until its client has taken it, an answer is paid for.
        call.held.shrink(HEAD + bytes.len() as u64);
        Ok((bytes, call.held))
    });
    answered.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request could not be answered");
        Err(Fault::internal())
    })
}

impl Wire {
    fn answer(
        &self,
        handled: Result<(Vec<u8>, Held), Fault>,
        id: &str,
        under_way: UnderWay,
    ) -> Response<Answer> {
        let is_firehose = matches!(self, Self::Firehose);
        let (bytes, held, fault) = match handled {
            Ok((bytes, held)) => (bytes, Some(held), None),
            Err(fault) => (self.told(&fault), None, Some(fault.cause)),
        };
        let length = bytes.len();
        let mut answer = Response::new(Answer::new(Bytes::from(bytes), under_way, held));
        let headers = answer.headers_mut();
        // First: whoever takes a head that was cut off for a whole one then misses the body.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let kind = if is_firehose { firehose::CONTENT_TYPE } else { JSON };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(REQUEST_ID, id);
        }
        let Some(cause) = fault else { return answer };
        let (name, status) = cause.on_wire();
        headers.insert(ERROR_TYPE, HeaderValue::from_static(name));
        let status = match cause {
            // Who speaks plain HTTP is told in HTTP's own words.
            Cause::MissingAuthenticationToken | Cause::UnrecognizedClient if !is_firehose => {
                let ask = HeaderValue::from_static("Bearer");
                headers.insert(header::WWW_AUTHENTICATE, ask);
                401
            }
            Cause::ServiceUnavailable if !is_firehose => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                503
            }
            Cause::ResourceNotFound if !is_firehose => 404,
            _ => status,
        };
        if matches!(cause, Cause::RequestEntityTooLarge | Cause::RequestTimeout | Cause::MalformedHttpRequest)
        {
            // What is left of the body is not worth reading.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer
    }

    fn told(&self, fault: &Fault) -> Vec<u8> {
        let (name, message) = (fault.cause.on_wire().0, &fault.message);
        let told = match self {
            Self::Firehose => json!({ "__type": name, "message": message }),
            Self::Records(_) | Self::Unknown => json!({ "error": name, "message": message }),
        };
        told.to_string().into_bytes()
    }
}
