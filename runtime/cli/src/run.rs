mod host;

use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use standpipe_api::{Api, Book, Server, Settings};
use standpipe_plugin::Host as Plugins;
use standpipe_sink::Begun;
use standpipe_spec::{Config, Size};
use standpipe_stream::{Health, Metrics, Plan, State, Stop, Streams, Totals, Workers};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::args::Run;
use crate::check::{Loaded, WRONG, load};
use crate::{control, show};
use host::Host;

/// How long deliveries may take after SIGTERM or Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long requests under way may take before that.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How often figures are kept for `standpipe status`.
const NOTE: Duration = Duration::from_secs(1);
/// How often progress is shown on a terminal.
const TICK: Duration = Duration::from_millis(250);
/// Streams that may end before anybody looks.
const MOST_ENDS: usize = 1 << 16;
/// Reloads that wait for their turn.
const MOST_ASKED: usize = 8;

pub(crate) fn run(args: &Run) -> anyhow::Result<ExitCode> {
    let metrics = Arc::new(Metrics::default());
    let mut plugins = None;
    let make = |config: &Config| {
        let made = Plugins::new(Some(config.state.join("compiled")));
        plugins = Some(made.clone());
        made
    };
    let Some(loaded) = load(&args.config, &metrics, make) else { return Ok(ExitCode::from(WRONG)) };
    let Loaded { planner, mut plans, file, .. } = loaded;
    let config = &file.draft;
    let state = State::open(&config.state, config.quota)?;
    let streams = plans.iter().map(|plan| plan.name.clone()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .context("start the runtime")?;
    for stream in &args.abandon {
        let uploads = state.uploads(stream).unwrap_or_default();
        state.abandon(stream, &streams)?;
        abort(&uploads, config, &runtime);
        show::line(&format!("{stream}: its records are given up"));
    }
    if let Err(error) = state.sweep() {
        tracing::warn!(%error, "what is left of streams that were never there stays");
    }
    let (book, going) = Book::read(&state)?;
    for stream in &going {
        state.give_up(stream)?;
        tracing::info!(stream, "the API had deleted it when the host ended");
    }
    plans.extend(book.plans(&planner, config, &metrics)?);
    state.check(&plans)?;
    let mut callers = config.clone();
    if args.drain {
        // There is no port, and nobody whose secret would have to be known.
        callers.keys.clear();
    }
    let settings = match Settings::read(&callers, planner) {
        Ok(settings) => settings,
        Err(error) => {
            show::line(&format!("error: {error}"));
            return Ok(ExitCode::from(WRONG));
        }
    };
    for stream in book.give_to(config, &state)? {
        tell_given(&stream);
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let patience = args.drain.then_some(Duration::from_secs(args.patience));
    let workers = Workers::new(runtime.handle().clone(), cores, config.buffer_memory, patience);
    let workers = workers.context("start the threads")?;
    metrics.watch(&state, &workers);
    let (tell, ends) = mpsc::channel(MOST_ENDS);
    let stop = Stop::default();
    let streams = Streams::new(state, workers, stop.clone(), move |plan, result| {
        // Nobody listens any more only once the host is ending.
        drop(tell.try_send((Arc::clone(plan), result)));
    });
    // Before a stream can be told to have ended its source: whoever waits for that may end the host at once.
    let signals = Signals::listen(&runtime)?;
    for plan in plans {
        streams.start(Arc::new(if args.drain { plan.without_puts() } else { plan }))?;
    }
    streams.clear_away(standpipe_stream::sink(&config.buckets).0)?;
    let api = Api::new(streams.clone(), Arc::clone(&metrics), settings, book, config.api.memory);
    // Before anybody learns that the host is there.
    let asked = listen(&runtime, &config.state);
    let has_ports = !args.drain && (config.listen.is_some() || config.admin_listen.is_some());
    let server = if has_ports { Some(Server::start(&api, config)?) } else { None };
    if let Some(server) = &server {
        tell_addresses(server, config);
    }
    let plugins = plugins.context("plugins have a host")?;
    let host = Host {
        streams,
        api,
        metrics,
        stop,
        plugins,
        path: args.config.clone(),
        config: config.clone(),
        drain: args.drain,
        is_stopping: AtomicBool::new(false),
        reloading: Mutex::default(),
    };
    let good = runtime.block_on(supervise(Arc::new(host), ends, asked, signals, server))?;
    // A source may still wait for input that never comes; nothing waits for it.
    runtime.shutdown_background();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A stream that the API made is in the config by now.
fn tell_given(stream: &str) {
    tracing::info!(
        stream,
        "the API made it, and it is in the config now: it is the config's, with what it holds"
    );
}

/// Has other processes of this machine ask the host. What they ask comes out of what this gives.
fn listen(runtime: &tokio::runtime::Runtime, state: &Path) -> mpsc::Receiver<control::Asked> {
    let (ask, asked) = mpsc::channel(MOST_ASKED);
    let _inside = runtime.enter();
    if let Err(error) = control::listen(state, ask) {
        tracing::warn!(%error, "`standpipe reload` cannot reach this host; SIGHUP can");
    }
    asked
}

/// What a host is told by the system.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen(runtime: &tokio::runtime::Runtime) -> anyhow::Result<Self> {
        let _inside = runtime.enter();
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("listen for Ctrl-C")?,
            hang_up: signal(SignalKind::hangup()).context("listen for SIGHUP")?,
        })
    }
}

fn tell_addresses(server: &Server, config: &Config) {
    let scheme = if config.api.tls.is_some() { "https" } else { "http" };
    if let Some(address) = server.address {
        show::line(&format!("Firehose API on {scheme}://{address}"));
        if config.keys.is_empty() {
            show::line(
                "  without keys: whoever is on this machine may call; `[keys.NAME]` in the config says who else",
            );
        }
    }
    if let Some(address) = server.admin_address {
        show::line(&format!("health and metrics on http://{address}"));
    }
}

/// Has uploads of a stream that was given up forgotten. One that cannot be is named: its parts may cost something.
fn abort(uploads: &[Begun], config: &Config, runtime: &tokio::runtime::Runtime) {
    let (sink, _) = standpipe_stream::sink(&config.buckets);
    for begun in uploads {
        if let Err(error) = runtime.block_on(sink.abort(begun)) {
            tracing::warn!(upload = begun.id, %error, "an upload is left in the bucket");
        }
    }
}

type Ended = (Arc<Plan>, Result<(), standpipe_stream::Error>);

/// Runs until every stream has ended, or it is told to stop. False when a stream failed.
async fn supervise(
    host: Arc<Host>,
    mut ends: mpsc::Receiver<Ended>,
    mut asked: mpsc::Receiver<control::Asked>,
    mut signals: Signals,
    server: Option<Server>,
) -> anyhow::Result<bool> {
    let began = Instant::now();
    let server = server.map(Arc::new);
    let mut good = true;
    let mut tick = tokio::time::interval(TICK);
    let mut note = tokio::time::interval(NOTE);
    let mut noted = None;
    let progress = std::io::stderr().is_terminal();
    while host.goes_on() {
        tokio::select! {
            Some((plan, result)) = ends.recv() => {
                if progress { clear_line(); }
                good &= finish(&plan, result);
            },
            _ = signals.terminate.recv() => stop(&host, server.as_ref()),
            _ = signals.interrupt.recv() => stop(&host, server.as_ref()),
            _ = signals.hang_up.recv() => {
                let host = Arc::clone(&host);
                tokio::task::spawn_blocking(move || host.reload_told());
            },
            Some((control::Question::Reload, tell)) = asked.recv() => {
                let host = Arc::clone(&host);
                tokio::task::spawn_blocking(move || tell.send(host.reload()));
            },
            _ = note.tick() => host.streams.state().keep_figures(&host.metrics, &mut noted),
            _ = tick.tick(), if progress => if host.any(|health| health != Health::Ended) {
                show_progress(&host.streams.plans(), began);
            },
        }
    }
    while let Ok((plan, result)) = ends.try_recv() {
        if progress {
            clear_line();
        }
        good &= finish(&plan, result);
    }
    host.streams.state().keep_figures(&host.metrics, &mut noted);
    Ok(good)
}

/// Lets requests under way end, then has streams keep what they hold. The second time is meant.
fn stop(host: &Host, server: Option<&Arc<Server>>) {
    if host.is_stopping.swap(true, Ordering::Relaxed) {
        return host.stop.ask(Duration::ZERO);
    }
    tracing::info!(deadline_s = PATIENCE.as_secs(), "stopping: keeping what was read");
    let (server, stop) = (server.map(Arc::clone), host.stop.clone());
    tokio::spawn(async move {
        if let Some(server) = server {
            server.stop(LAST_REQUESTS).await;
        }
        if !stop.is_asked() {
            stop.ask(PATIENCE);
        }
    });
}

/// Shows how a stream ended. False when it failed.
fn finish(plan: &Plan, result: Result<(), standpipe_stream::Error>) -> bool {
    let Totals { read, outputs, dropped, failed: bad, objects, bytes } = plan.metrics.totals();
    show::line(&format!(
        "{}: {} read, {} out, {} dropped, {} failed; {} of {}",
        plan.name,
        show::count(read, "record"),
        show::number(outputs),
        show::number(dropped),
        show::number(bad),
        show::count(objects, "object"),
        Size(bytes)
    ));
    let good = result.is_ok();
    if let Err(error) = result {
        show::error(&error.into());
    }
    good
}

fn show_progress(plans: &[Arc<Plan>], began: Instant) {
    let all = plans.iter().map(|plan| plan.metrics.totals());
    let sum = all.fold(Totals::default(), |sum, one| Totals {
        read: sum.read + one.read,
        outputs: sum.outputs + one.outputs,
        dropped: sum.dropped + one.dropped,
        failed: sum.failed + one.failed,
        objects: sum.objects + one.objects,
        bytes: sum.bytes + one.bytes,
    });
    let rate = u128::from(sum.read) * 1_000 / began.elapsed().as_millis().max(1);
    let _ = write!(
        std::io::stderr(),
        "\r\x1b[K{}, {} failed, {}, {}/s",
        show::count(sum.read, "record"),
        show::number(sum.failed),
        show::count(sum.objects, "object"),
        show::number(u64::try_from(rate).unwrap_or(u64::MAX))
    );
}

fn clear_line() {
    let _ = write!(std::io::stderr(), "\r\x1b[K");
}
