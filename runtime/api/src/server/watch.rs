//! What goes through a connection, and when it last did.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::admission::Held;

/// How long the head of a request may take from its first byte.
const HEAD: Duration = Duration::from_secs(10);
/// How long nothing may go through a connection while no request is under way.
const IDLE: Duration = Duration::from_secs(60);
/// The same, when others wait for a place.
const PRESSED: Duration = Duration::from_secs(1);
/// How long a client may take none of the answers that wait for it.
const ANSWER: Duration = Duration::from_secs(30);
/// At no time.
const NONE: u64 = u64::MAX;

/// What is known of a connection. Times are milliseconds since it was made.
#[derive(Debug)]
pub(super) struct Seen {
    made: Instant,
    moved: AtomicU64,
    /// When the last request ended.
    worked: AtomicU64,
    /// When the head that is being read began.
    head: AtomicU64,
    /// Since when the socket takes nothing.
    blocked: AtomicU64,
    under_way: AtomicUsize,
    /// Answers that the connection has not taken yet, and since when it has taken none of them.
    answers: AtomicUsize,
    untaken: AtomicU64,
    /// Requests share it, and their heads have no time of their own.
    shares: AtomicBool,
}

impl Seen {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            made: Instant::now(),
            moved: AtomicU64::new(0),
            worked: AtomicU64::new(0),
            head: AtomicU64::new(NONE),
            blocked: AtomicU64::new(NONE),
            under_way: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
            untaken: AtomicU64::new(NONE),
            shares: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(NONE - 1)
    }

    /// A request has begun. It ends when what this gives is dropped.
    pub(super) fn begin(self: &Arc<Self>, shares: bool) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.head.store(NONE, Ordering::Relaxed);
        if shares {
            self.shares.store(true, Ordering::Relaxed);
        }
        UnderWay(Arc::clone(self))
    }

    pub(super) fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// How long it may still stay as it is. Zero if it has stayed too long.
    pub(super) fn left(&self, pressed: bool) -> Duration {
        let (now, moved) = (self.now(), self.moved.load(Ordering::Relaxed));
        let since = |then: u64| Duration::from_millis(now.saturating_sub(then));
        let idle = if pressed { PRESSED } else { IDLE };
        // Handlers have limits of their own.
        // Pings are no use of a connection that is shared.
        let used =
            if self.shares.load(Ordering::Relaxed) { self.worked.load(Ordering::Relaxed) } else { moved };
        let left = if self.is_busy() { idle } else { idle.saturating_sub(since(used)) };
        let within = |begun: &AtomicU64, most: Duration| match begun.load(Ordering::Relaxed) {
            NONE => IDLE,
            begun => most.saturating_sub(since(begun)),
        };
        left.min(within(&self.head, HEAD))
            .min(within(&self.blocked, ANSWER))
            .min(within(&self.untaken, ANSWER))
    }

    /// Whether it is in the middle of something that does not end by itself.
    pub(super) fn is_stuck(&self) -> bool {
        let begun = [&self.head, &self.blocked, &self.untaken];
        begun.iter().any(|begun| begun.load(Ordering::Relaxed) != NONE) && self.left(false).is_zero()
    }

    fn read(&self) {
        let now = self.now();
        self.moved.store(now, Ordering::Relaxed);
        if !self.is_busy() && !self.shares.load(Ordering::Relaxed) {
            // The first byte of a head counts, not the later ones.
            let _ = self.head.compare_exchange(NONE, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn wrote(&self) {
        self.moved.store(self.now(), Ordering::Relaxed);
    }

    /// What came of a write.
    fn note_write(&self, done: bool) {
        if done {
            self.blocked.store(NONE, Ordering::Relaxed);
            self.wrote();
        } else {
            let _ = self.blocked.compare_exchange(NONE, self.now(), Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Seen>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.wrote();
        self.0.worked.store(self.0.now(), Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer. Its request is under way until it was handed to the connection.
#[derive(Debug)]
pub(super) struct Answer {
    bytes: Option<Bytes>,
    under_way: UnderWay,
    /// What it was paid for with.
    _held: Option<Held>,
}

impl Answer {
    pub(super) fn new(bytes: Bytes, under_way: UnderWay, held: Option<Held>) -> Self {
        let seen = &under_way.0;
        if seen.answers.fetch_add(1, Ordering::Relaxed) == 0 {
            seen.untaken.store(seen.now(), Ordering::Relaxed);
        }
        Self { bytes: Some(bytes).filter(|bytes| !bytes.is_empty()), under_way, _held: held }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let seen = &self.under_way.0;
        let was_last = seen.answers.fetch_sub(1, Ordering::Relaxed) == 1;
        seen.untaken.store(if was_last { NONE } else { seen.now() }, Ordering::Relaxed);
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// A stream of bytes that is watched.
#[derive(Debug)]
pub(super) struct Watched<T> {
    inner: T,
    seen: Arc<Seen>,
}

impl<T> Watched<T> {
    pub(super) fn new(inner: T, seen: Arc<Seen>) -> Self {
        Self { inner, seen }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.seen.read();
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, buffer);
        self.seen.note_write(polled.is_ready());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, buffers);
        self.seen.note_write(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
