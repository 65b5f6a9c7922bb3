use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;

use super::Site;
use super::route::route;
use super::watch::{Seen, Watched};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// By how much less time a connection must have before its end is thought of anew.
const SLACK: Duration = Duration::from_millis(100);
/// How long a connection that was told to end may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long nothing is accepted after that failed.
const PAUSE: Duration = Duration::from_millis(50);
/// What a connection reads at a time, and the largest head of a request.
const BUFFER: usize = 32 << 10;
/// What a client may send on one HTTP/2 stream, and on all of a connection, before it is read.
const STREAM_WINDOW: u32 = 128 << 10;
const CONNECTION_WINDOW: u32 = 512 << 10;
/// Requests at a time on one HTTP/2 connection.
const MOST_STREAMS: u32 = 32;
const MOST_HEADERS: u32 = 16 << 10;
/// How often an HTTP/2 client without requests is asked whether it is there.
const PING: Duration = Duration::from_secs(20);

/// The connections of a port, and how many there may be.
#[derive(Debug)]
pub(crate) struct Connections {
    most: usize,
    free: Arc<Semaphore>,
    open: AtomicU64,
    /// Others wait for a place.
    pressed: AtomicBool,
    press: Notify,
    ended: Notify,
}

impl Connections {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let most = most.min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            most,
            free: Arc::new(Semaphore::new(most)),
            open: AtomicU64::new(0),
            pressed: AtomicBool::new(false),
            press: Notify::new(),
            ended: Notify::new(),
        })
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> u64 {
        self.most as u64
    }

    /// How many there are.
    pub(crate) fn open(&self) -> u64 {
        self.open.load(Ordering::Acquire)
    }

    /// Waits until there are none.
    pub(super) async fn idle(&self) {
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.open() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Accepts connections and serves them until `stopped` says so.
    pub(super) async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        site: Site,
        mut stopped: watch::Receiver<bool>,
    ) {
        loop {
            // Whoever is idle makes room before the last place is taken.
            let short = self.free.available_permits() <= self.most / 16;
            if short && !self.pressed.swap(true, Ordering::Relaxed) {
                self.press.notify_waiters();
            }
            if !short {
                self.pressed.store(false, Ordering::Relaxed);
            }
            let accepted = async {
                let place = Arc::clone(&self.free).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                accepted = accepted => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            let Ok(place) = place else { return };
            let (socket, _) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Of the connection, or there are too many files; both pass.
                    tracing::debug!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let (this, tls, site, stopped) = (Arc::clone(&self), tls.clone(), site.clone(), stopped.clone());
            self.open.fetch_add(1, Ordering::AcqRel);
            tokio::spawn(async move {
                this.connection(socket, tls, site, stopped).await;
                drop(place);
                this.open.fetch_sub(1, Ordering::AcqRel);
                this.ended.notify_waiters();
            });
        }
    }

    async fn connection(
        &self,
        socket: TcpStream,
        tls: Option<TlsAcceptor>,
        site: Site,
        stopped: watch::Receiver<bool>,
    ) {
        // Answers are small, and each is written at once.
        let _ = socket.set_nodelay(true);
        let Some(tls) = tls else { return self.serve(socket, site, stopped).await };
        match tokio::time::timeout(HANDSHAKE, tls.accept(socket)).await {
            Ok(Ok(socket)) => self.serve(socket, site, stopped).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn serve(
        &self,
        socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        site: Site,
        mut stopped: watch::Receiver<bool>,
    ) {
        let seen = Seen::new();
        let socket = TokioIo::new(Watched::new(socket, Arc::clone(&seen)));
        let service = {
            let seen = Arc::clone(&seen);
            service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let under_way = seen.begin(request.version() == http::Version::HTTP_2);
                let site = site.clone();
                async move { Ok::<_, Infallible>(route(site, request, under_way).await) }
            })
        };
        let builder = builder();
        let mut connection = pin!(builder.serve_connection(socket, service));
        // Before it is looked whether others wait, so that none of them is missed.
        let mut press = pin!(self.press.notified());
        let due = || Instant::now() + seen.left(self.pressed.load(Ordering::Relaxed));
        let mut until = due();
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended with an error");
                    }
                    return;
                }
                // A head has begun, or an answer waits: that leaves less time than there was.
                () = poll_fn(|_| if due() + SLACK < until { Poll::Ready(()) } else { Poll::Pending }) => {}
                () = sleep_until(until) => {}
                () = press.as_mut() => press.set(self.press.notified()),
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
            until = due();
            if until <= Instant::now() {
                break;
            }
        }
        if seen.is_stuck() {
            return;
        }
        connection.as_mut().graceful_shutdown();
        // Requests under way end by themselves; whoever has none, or does not take its answers, is cut off.
        loop {
            let ended = tokio::time::timeout(FAREWELL, connection.as_mut()).await;
            if ended.is_ok() || !seen.is_busy() || seen.is_stuck() {
                return;
            }
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Heads and idle connections are timed by `Seen`.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MOST_HEADERS)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}
