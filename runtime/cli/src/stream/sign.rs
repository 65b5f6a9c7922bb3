use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::body::SdkBody;
use standpipe_record::{Clock, SystemClock};

const SERVICE: &str = "firehose";

/// Signs a request as it is now.
pub(super) fn signed(
    mut request: http::Request<SdkBody>,
    credentials: &Credentials,
    region: &str,
) -> Result<http::Request<SdkBody>, String> {
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(SystemClock.now_ms()))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?;
    let text = |value: &'_ http::HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    let headers: Vec<(String, String)> =
        request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(request.body().bytes().unwrap_or_default()),
    )
    .map_err(|error| error.to_string())?;
    // The signer logs what it signs, and a session token is among that.
    let quietly = tracing::Dispatch::none();
    let output = tracing::dispatcher::with_default(&quietly, || sign(signable, &SigningParams::V4(params)));
    let (instructions, _) = output.map_err(|error| error.to_string())?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}
