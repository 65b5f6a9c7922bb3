//! Who sends a request: AWS Signature Version 4 in the `Authorization` header, verified by signing the request once more
//! with the AWS SDK's own signer and comparing.
//!
//! What it refuses: presigned requests (a signature in the query), signatures by session keys that it does not know, chunked
//! signatures, a time that is more than [`MOST_SKEW`] away from its own, and anything signed for another service.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use subtle::ConstantTimeEq;

/// How far the client's clock may be off, as at AWS.
pub const MOST_SKEW: Duration = Duration::from_secs(300);
/// The longest `Authorization` header that is looked at.
const MOST_HEADER: usize = 4 << 10;
/// Most headers that a signature may cover.
const MOST_SIGNED: usize = 64;

/// A request as far as its signature covers it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `POST`.
    pub method: &'a str,
    /// Path and query, as they were sent.
    pub target: &'a str,
    /// Names in lower case, and values. Those that are no text are left out: a signature that covers one fails.
    pub headers: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body as it was sent, before it is unpacked, in hexadecimal digits.
    pub body_sha256: &'a str,
}

/// Leaves the headers out: a secret or a token may be among them.
impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, target, .. } = self;
        f.debug_struct("Request").field("method", method).field("target", target).finish_non_exhaustive()
    }
}

/// What belongs to a key. Not to be shown.
#[derive(Clone, Copy)]
pub struct Secret<'a> {
    /// What is signed with.
    pub key: &'a str,
    /// What must come with it, if it is a temporary one.
    pub session_token: Option<&'a str>,
}

impl std::fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Why nobody is known to have sent a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// There is no signature.
    #[error("Missing Authentication Token")]
    Missing,
    /// The header is not what it should be.
    #[error("{0}")]
    Incomplete(&'static str),
    /// Nobody has this key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The clocks differ.
    #[error("Signature expired: {sent} is now {direction} {limit}")]
    Skewed {
        /// The time that was signed.
        sent: String,
        /// `earlier than`, or `later than`.
        direction: &'static str,
        /// The time at which it would have been good.
        limit: String,
    },
    /// Something of it is not what was signed, or the secret is another one.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl Denied {
    /// The name by which AWS's clients know it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::Skewed { .. } | Self::Mismatch => "InvalidSignatureException",
        }
    }

    /// What to do about it: the client has to be mended.
    pub fn kind(&self) -> standpipe_record::Kind {
        standpipe_record::Kind::Invalid
    }
}

/// The parts of an `Authorization` header.
struct Header<'a> {
    key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

/// Verifies the signature of a request for `service`. `secret` gives what belongs to a key. Returns the id of the key that
/// it was signed by.
pub fn verify<'a, 's>(
    request: &Request<'a>,
    service: &str,
    now: SystemTime,
    secret: impl Fn(&str) -> Option<Secret<'s>>,
) -> Result<&'a str, Denied> {
    let (found, secret, time) = claim(request, service, now, secret)?;
    let again = signed_again(request, &found, secret.key, time).ok_or(Denied::Mismatch)?;
    match again.as_bytes().ct_eq(found.signature.as_bytes()).into() {
        true => Ok(found.key),
        false => Err(Denied::Mismatch),
    }
}

/// Refuses what could not be verified whatever its body is. Says nothing of who sent it.
pub fn precheck<'s>(
    request: &Request<'_>,
    service: &str,
    now: SystemTime,
    secret: impl Fn(&str) -> Option<Secret<'s>>,
) -> Result<(), Denied> {
    claim(request, service, now, secret).map(|_| ())
}

/// Who a request claims to be from, and when.
fn claim<'a, 's>(
    request: &Request<'a>,
    service: &str,
    now: SystemTime,
    secret: impl Fn(&str) -> Option<Secret<'s>>,
) -> Result<(Header<'a>, Secret<'s>, SystemTime), Denied> {
    let header =
        |name: &str| request.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
    let presigned =
        request.target.split_once('?').is_some_and(|(_, query)| query.contains("X-Amz-Signature"));
    if presigned {
        return Err(Denied::Incomplete("a signature in the query is not taken here"));
    }
    let found = Header::read(header("authorization").ok_or(Denied::Missing)?)?;
    let sent = header("x-amz-date").ok_or(Denied::Incomplete("'X-Amz-Date' is missing"))?;
    let time = time(sent).ok_or(Denied::Incomplete("'X-Amz-Date' is no time like 20260101T000000Z"))?;
    if !sent.starts_with(found.date) || found.service != service {
        return Err(Denied::Mismatch);
    }
    if !["host", "x-amz-date"].iter().all(|name| found.signed.contains(name)) {
        return Err(Denied::Incomplete("'host' and 'x-amz-date' must be signed"));
    }
    // What is not covered may have been put in by anybody.
    let covered = |name: &str| !name.starts_with("x-amz-") || found.signed.contains(&name);
    if !request.headers.iter().all(|(name, _)| covered(name)) {
        return Err(Denied::Incomplete("all 'x-amz-' headers must be signed"));
    }
    // Before the clocks are compared: who has no key learns nothing of ours.
    let secret = secret(found.key).ok_or(Denied::UnknownKey)?;
    let token = header("x-amz-security-token").unwrap_or_default();
    if !bool::from(token.as_bytes().ct_eq(secret.session_token.unwrap_or_default().as_bytes())) {
        return Err(Denied::UnknownKey);
    }
    skew(sent, time, now)?;
    Ok((found, secret, time))
}

impl<'a> Header<'a> {
    fn read(text: &'a str) -> Result<Self, Denied> {
        let wrong = || Denied::Incomplete("the 'Authorization' header is no AWS4-HMAC-SHA256 signature");
        let rest =
            text.strip_prefix("AWS4-HMAC-SHA256").filter(|_| text.len() <= MOST_HEADER).ok_or_else(wrong)?;
        let part = |name: &str| {
            let mut parts = rest.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).ok_or_else(wrong)
        };
        let scope = part("Credential")?;
        // A key's id may have slashes; the scope behind it has four parts.
        let mut scope = scope.rsplitn(5, '/');
        let (end, service, region, date, key) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next());
        let (Some("aws4_request"), Some(service), Some(region), Some(date), Some(key)) =
            (end, service, region, date, key)
        else {
            return Err(wrong());
        };
        let signed: Vec<&str> = part("SignedHeaders")?.split(';').collect();
        let whole = date.len() == 8 && !key.is_empty() && signed.len() <= MOST_SIGNED;
        if !whole {
            return Err(wrong());
        }
        Ok(Self { key, date, region, service, signed, signature: part("Signature")? })
    }
}

/// The signature that the request would have by this secret. None if it cannot be signed.
fn signed_again(
    request: &Request<'_>,
    header: &Header<'_>,
    secret: &str,
    time: SystemTime,
) -> Option<String> {
    // The signer takes the host from the URL and sets the date by itself.
    let host = request.headers.iter().find(|(name, _)| *name == "host").map(|(_, value)| *value)?;
    // A host that has more in it would move the path.
    host.parse::<http::uri::Authority>()
        .ok()
        .filter(|parsed| parsed.as_str() == host && !host.contains('@'))?;
    let url = format!("http://{host}{}", request.target);
    let mut covered = Vec::with_capacity(header.signed.len());
    for name in &header.signed {
        let mut found = request.headers.iter().filter(|(held, _)| held == name).peekable();
        found.peek()?;
        if !matches!(*name, "host" | "x-amz-date") {
            covered.extend(found.copied());
        }
    }
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let identity = Credentials::new(header.key, secret, None, None, "standpipe").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(header.region)
        .name(header.service)
        .time(time)
        .settings(settings)
        .build()
        .ok()?;
    let signable = SignableRequest::new(
        request.method,
        url,
        covered.into_iter(),
        SignableBody::Precomputed(request.body_sha256.to_owned()),
    )
    .ok()?;
    // The signer logs the headers that it is given, and a session token is one of them.
    let quietly = tracing::Dispatch::none();
    let signed = tracing::dispatcher::with_default(&quietly, || sign(signable, &SigningParams::V4(params)));
    let (_, signature) = signed.ok()?.into_parts();
    Some(signature)
}

/// Refuses a time too far from `now`.
fn skew(sent: &str, time: SystemTime, now: SystemTime) -> Result<(), Denied> {
    let (away, direction, limit) = match now.duration_since(time) {
        Ok(behind) => (behind, "earlier than", now.checked_sub(MOST_SKEW)),
        Err(ahead) => (ahead.duration(), "later than", now.checked_add(MOST_SKEW)),
    };
    if away <= MOST_SKEW {
        return Ok(());
    }
    let limit = limit.and_then(|limit| jiff::Timestamp::try_from(limit).ok());
    let limit = limit.map(|limit| limit.strftime("%Y%m%dT%H%M%SZ").to_string()).unwrap_or_default();
    Err(Denied::Skewed { sent: sent.to_owned(), direction, limit })
}

/// A time such as `20260102T030405Z`.
fn time(text: &str) -> Option<SystemTime> {
    if text.len() != 16 {
        return None;
    }
    let time = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", text).ok()?.to_datetime().ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().into())
}
