//! A request as a handler has it: its head, and a body that is paid for.

use std::fmt::Write as _;
use std::io::Read as _;

use http::request::Parts;
use sha2::{Digest, Sha256};

use crate::admission::{HEAD, Held};
use crate::auth;
use crate::fault::{Cause, Fault};

/// The largest body, as it is sent and as it is unpacked: 4 MiB of data in base64, and room for what is around it.
pub(crate) const MOST_BODY: u64 = 8 << 20;
/// How much is unpacked at a time.
const STEP: usize = 64 << 10;

/// A request whose body is here.
pub(crate) struct Call {
    pub(crate) head: Parts,
    pub(crate) body: Vec<u8>,
    pub(crate) held: Held,
}

/// The value of a header that is text.
pub(crate) fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

/// The host that a request is for: HTTP/2 has it elsewhere.
pub(crate) fn host(head: &Parts) -> Option<&str> {
    header(head, "host").or_else(|| head.uri.authority().map(http::uri::Authority::as_str))
}

/// All headers that are text, and the host among them.
pub(crate) fn headers(head: &Parts) -> Vec<(&str, &str)> {
    let text = head.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let mut headers: Vec<_> = text.collect();
    if !head.headers.contains_key("host") {
        headers.extend(host(head).map(|host| ("host", host)));
    }
    headers
}

/// What a signature covers of a request.
pub(crate) fn signed<'a>(
    head: &'a Parts,
    headers: &'a [(&'a str, &'a str)],
    body_sha256: &'a str,
) -> auth::Request<'a> {
    let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    auth::Request { method: head.method.as_str(), target, headers, body_sha256 }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

impl Call {
    /// Unpacks the body if it is packed, and pays for what is decoded from it: never more than its length.
    pub(crate) fn unpack(&mut self) -> Result<(), Fault> {
        self.unpack_alone()?;
        self.held.grow(self.body.len() as u64).then_some(()).ok_or_else(Fault::slow_down)
    }

    fn unpack_alone(&mut self) -> Result<(), Fault> {
        match header(&self.head, "content-encoding").unwrap_or_default().trim() {
            "" | "identity" => return Ok(()),
            encoding if encoding.eq_ignore_ascii_case("gzip") => {}
            _ => {
                let message = "Content-Encoding must be gzip, or there must be none";
                return Err(Fault::new(Cause::MalformedHttpRequest, message));
            }
        }
        let mut plain: Vec<u8> = Vec::new();
        let mut packed = flate2::read::MultiGzDecoder::new(self.body.as_slice());
        loop {
            let have = plain.len();
            if plain.capacity() - have <= STEP {
                // It doubles, but not beyond what a body may have.
                let most = usize::try_from(MOST_BODY).unwrap_or_default() + 2 * STEP;
                let more =
                    plain.capacity().max(2 * STEP).min(most.saturating_sub(plain.capacity()).max(2 * STEP));
                if !self.held.grow(more as u64) {
                    return Err(Fault::slow_down());
                }
                plain.reserve_exact(plain.capacity() - have + more);
            }
            let read = packed.by_ref().take(STEP as u64).read_to_end(&mut plain);
            read.map_err(|_| Fault::new(Cause::MalformedHttpRequest, "the body is not gzip"))?;
            if plain.len() as u64 > MOST_BODY {
                return Err(too_large());
            }
            if plain.len() == have {
                self.body = plain;
                self.held.shrink(HEAD + have as u64);
                return Ok(());
            }
        }
    }
}

/// What is said of a body that is too large.
pub(crate) fn too_large() -> Fault {
    Fault::new(Cause::RequestEntityTooLarge, format!("The request has more than {MOST_BODY} bytes."))
}
