//! Reading a body: what it takes is paid for before it is taken, and it comes in time.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout_at};

use crate::admission::Held;
use crate::call::{MOST_BODY, too_large};
use crate::fault::{Cause, Fault};

/// How long a whole body may take.
const WHOLE: Duration = Duration::from_secs(60);
/// How long nothing of it may come.
const STALL: Duration = Duration::from_secs(10);
/// How much is paid for at first. As more comes, it is four times as much, so that nobody holds much more than was sent.
const FIRST: u64 = 16 << 10;
/// How much of a body that is refused is read, so that its sender comes to read the answer.
const MOST_DRAINED: u64 = 2 * MOST_BODY;
/// How long a sender may take to notice.
const DRAIN: Duration = Duration::from_secs(5);

/// Reads a body of at most 8 MiB.
pub(crate) async fn read(mut body: Incoming, held: &mut Held) -> Result<Vec<u8>, Fault> {
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > MOST_BODY) {
        drain(body).await;
        return Err(too_large());
    }
    let most = length.unwrap_or(MOST_BODY);
    let (mut bytes, mut paid) = (Vec::new(), 0);
    let whole = Instant::now() + WHOLE;
    while let Some(data) = next(&mut body, whole).await? {
        let needed = (bytes.len() + data.len()) as u64;
        if needed > most {
            forget(bytes, held);
            drain(body).await;
            return Err(too_large());
        }
        if needed > paid {
            let next = needed.max(paid * 4).max(FIRST).min(most);
            if !held.grow(next - paid) {
                // Others get through with what it held.
                forget(bytes, held);
                drain(body).await;
                return Err(Fault::slow_down());
            }
            paid = next;
            bytes.reserve_exact(usize::try_from(paid).unwrap_or_default() - bytes.len());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Gives back what was read of a body that is refused.
fn forget(bytes: Vec<u8>, held: &mut Held) {
    drop(bytes);
    held.shrink(0);
}

/// The next bytes. None at the end.
async fn next(body: &mut Incoming, whole: Instant) -> Result<Option<bytes::Bytes>, Fault> {
    loop {
        let until = whole.min(Instant::now() + STALL);
        let frame = timeout_at(until, body.frame()).await.map_err(|_| {
            Fault::new(Cause::RequestTimeout, "The body of the request did not come in time.")
        })?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            // The client is gone, or its body is not framed as it said.
            Some(Err(_)) => {
                let message = "The body of the request is not what its headers say.";
                return Err(Fault::new(Cause::MalformedHttpRequest, message));
            }
        }
    }
}

/// Reads on without keeping anything: who is still sending does not read an answer.
pub(crate) async fn drain(mut body: Incoming) {
    let until = Instant::now() + DRAIN;
    let mut read = 0;
    if body.size_hint().exact().is_some_and(|length| length > MOST_DRAINED) {
        return;
    }
    while read <= MOST_DRAINED {
        let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await else { return };
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}
