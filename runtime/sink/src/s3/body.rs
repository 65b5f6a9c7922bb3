use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::watch::Progress;

/// Bytes that are handed over at once: few enough for a slow link to be seen moving.
const PIECE: usize = 16 << 10;

/// A body that says how far it is read.
struct Watched {
    rest: Bytes,
    progress: Arc<Progress>,
}

/// The body of a request, watched by `progress`.
pub(super) fn body(bytes: Bytes, progress: &Arc<Progress>) -> ByteStream {
    let watched = Watched { rest: bytes, progress: Arc::clone(progress) };
    ByteStream::new(SdkBody::from_body_1_x(watched))
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let count = PIECE.min(self.rest.len());
        let piece = self.rest.split_to(count);
        self.progress.moved(self.rest.is_empty());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
