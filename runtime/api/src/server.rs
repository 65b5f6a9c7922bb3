//! The ports: connections are counted, timed, and served over HTTP/1.1 and HTTP/2.
//!
//! It has threads of its own, so that a slow destination takes none from whoever sends records: a few that move bytes, and
//! some more that wait for fsyncs.

mod connection;
mod route;
mod tls;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use standpipe_spec as spec;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::watch as signal;

use crate::admin::Admin;
use crate::api::Api;
pub(crate) use connection::Connections;

/// Threads that may wait for fsyncs. More requests than that share one fsync only later.
const WAITING: usize = 256;
/// How long such a thread stays without work.
const LINGER: Duration = Duration::from_secs(10);
/// Connections that may wait to be accepted. Whoever finds no place there tries again only a second later.
const BACKLOG: u32 = 1024;
/// The most threads that move bytes.
const MOST_MOVERS: usize = 4;
/// Files and sockets that connections leave to the rest of the host.
const KEPT_FILES: u64 = 512;

/// Why a port cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be had.
    #[error("cannot listen on `{address}` (`{key}`): {source}{}", advice(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The config's key for it.
        key: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error("TLS with `{certificate}` and `{key}`: {problem}")]
    Tls {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of its key.
        key: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The threads cannot be started.
    #[error("start the threads of the server: {0}")]
    Threads(io::Error),
}

impl ServeError {
    /// What to do about it: something has to be mended.
    pub fn kind(&self) -> standpipe_record::Kind {
        standpipe_record::Kind::Invalid
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another process has it: stop that one, or choose another port",
        io::ErrorKind::PermissionDenied => "; ports below 1024 are for root: choose another",
        io::ErrorKind::AddrNotAvailable => "; this machine does not have the address",
        _ => "",
    }
}

/// The ports of a host that runs. Dropped, connections are cut.
#[derive(Debug)]
pub struct Server {
    runtime: Option<Runtime>,
    stop: signal::Sender<bool>,
    connections: Arc<Connections>,
    /// Where the Firehose API is.
    pub address: Option<SocketAddr>,
    /// Where health and metrics are.
    pub admin_address: Option<SocketAddr>,
}

/// What a port serves.
#[derive(Clone)]
enum Site {
    Api(Api),
    Admin(Admin),
}

impl Server {
    /// Opens the ports that the config names, and serves them until it is stopped or dropped.
    pub fn start(api: &Api, config: &spec::Config) -> Result<Self, ServeError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores.min(MOST_MOVERS))
            .max_blocking_threads(WAITING)
            .thread_keep_alive(LINGER)
            .thread_name("api")
            .enable_all()
            .build()
            .map_err(ServeError::Threads)?;
        let (stop, stopped) = signal::channel(false);
        let tls = config.api.tls.as_ref().map(tls::Keeper::read).transpose()?;
        let most = room_for(config.api.max_connections);
        let connections = Connections::new(most);
        let is_local = config.admin_listen.is_some_and(|address| address.ip().is_loopback());
        let admin = Admin::new(api.clone(), Arc::clone(&connections), is_local);
        let open = |address: SocketAddr, key| {
            let _inside = runtime.enter();
            let failed = |source| ServeError::Listen { address, key, source };
            let v4 = address.is_ipv4();
            let socket = if v4 { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(failed)?;
            // As `bind` of the standard library has it, but for how many may come at once.
            socket.set_reuseaddr(true).map_err(failed)?;
            socket.bind(address).map_err(failed)?;
            socket.listen(BACKLOG).map_err(failed)
        };
        let listener = config.listen.map(|address| open(address, "listen")).transpose()?;
        let admin_listener = config.admin_listen.map(|address| open(address, "admin_listen")).transpose()?;
        let address = |listener: &Option<TcpListener>| listener.as_ref()?.local_addr().ok();
        let (api_address, admin_address) = (address(&listener), address(&admin_listener));
        if let Some(listener) = listener {
            let acceptor = tls.as_ref().map(|keeper| keeper.acceptor());
            let site = Site::Api(api.clone());
            runtime.spawn(connections.clone().accept(listener, acceptor, site, stopped.clone()));
        }
        if let Some(listener) = admin_listener {
            // Those who watch the host still get in when producers have taken all there is.
            let few = Connections::new(64);
            runtime.spawn(few.accept(listener, None, Site::Admin(admin), stopped.clone()));
        }
        if let Some(keeper) = tls {
            runtime.spawn(keeper.watch(stopped));
        }
        Ok(Self { runtime: Some(runtime), stop, connections, address: api_address, admin_address })
    }

    /// Takes no more connections and requests, and waits for those under way, at most so long.
    pub async fn stop(&self, patience: Duration) {
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(patience, self.connections.idle()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// As many connections as the system lets this process have, after it was asked for more.
fn room_for(wanted: u32) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::from(wanted);
    let limit = getrlimit(Resource::Nofile);
    let needed = wanted + KEPT_FILES;
    let mut current = limit.current.unwrap_or(u64::MAX);
    if current < needed {
        let raised = limit.maximum.map_or(needed, |most| most.min(needed));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }).is_ok() {
            current = raised;
        }
    }
    let room = wanted.min(current.saturating_sub(KEPT_FILES).max(64));
    if room < wanted {
        tracing::warn!(
            room,
            wanted,
            "the system allows fewer connections: raise its limit of open files (`ulimit -n`)"
        );
    }
    usize::try_from(room).unwrap_or(usize::MAX)
}
