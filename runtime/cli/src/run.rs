use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use standpipe_plugin::Host;
use standpipe_sink::Begun;
use standpipe_spec::{Config, Size};
use standpipe_stream::{Metrics, Plan, State, Stop, Stream, Totals, Workers};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Run;
use crate::check::{WRONG, load};
use crate::show;

/// How long deliveries may take after SIGTERM or Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often figures are kept for `standpipe status`.
const NOTE: Duration = Duration::from_secs(1);
/// How often progress is shown on a terminal.
const TICK: Duration = Duration::from_millis(250);

pub(crate) fn run(args: &Run) -> anyhow::Result<ExitCode> {
    let host = |config: &Config| Host::new(Some(config.state.join("compiled")));
    let metrics = Metrics::default();
    let Some((plans, file)) = load(&args.config, &metrics, host) else { return Ok(ExitCode::from(WRONG)) };
    let state = State::open(&file.draft.state, file.draft.quota)?;
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
        abort(&uploads, &file.draft, &runtime);
        show::line(&format!("{stream}: its records are given up"));
    }
    state.check(&streams)?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let patience = args.drain.then_some(Duration::from_secs(args.patience));
    let workers = Workers::new(runtime.handle().clone(), cores, file.draft.buffer_memory, patience);
    let workers = workers.context("start the threads")?;
    let plans = plans.into_iter().map(Arc::new).collect();
    let good = runtime.block_on(supervise(plans, &state, &workers, &metrics, args.drain))?;
    // A source may still wait for input that never comes; nothing waits for it.
    runtime.shutdown_background();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
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

/// Runs every stream. False when one of them failed.
async fn supervise(
    plans: Vec<Arc<Plan>>,
    state: &State,
    workers: &Arc<Workers>,
    metrics: &Metrics,
    drain: bool,
) -> anyhow::Result<bool> {
    let began = Instant::now();
    let stop = Stop::default();
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for Ctrl-C")?;
    let (ended, mut ends) = tokio::sync::mpsc::channel(plans.len().max(1));
    for plan in &plans {
        let ended = ended.clone();
        let on_end = {
            let plan = Arc::clone(plan);
            // There is room for one from each stream; nobody listens any more only once the host is ending.
            move |result| drop(ended.try_send((plan, result)))
        };
        Stream::start(Arc::clone(plan), state.home(&plan.name)?, workers, &stop, on_end);
    }
    let mut good = true;
    let mut running = plans.len();
    let mut failed = 0;
    let mut tick = tokio::time::interval(TICK);
    let mut note = tokio::time::interval(NOTE);
    let mut noted = None;
    let progress = std::io::stderr().is_terminal();
    // Without `--drain`, a host whose files have ended goes on until it is told to stop.
    while running > 0 || (!drain && !stop.is_asked() && failed < plans.len()) {
        tokio::select! {
            end = ends.recv(), if running > 0 => if let Some((plan, result)) = end {
                running -= 1;
                if progress { clear_line(); }
                finish(&plan, result, &mut good, &mut failed);
            },
            _ = terminate.recv() => ask(&stop),
            _ = interrupt.recv() => ask(&stop),
            _ = note.tick() => state.keep_figures(metrics, &mut noted),
            _ = tick.tick(), if progress => if running > 0 { show_progress(&plans, began) },
        }
    }
    state.keep_figures(metrics, &mut noted);
    Ok(good)
}

fn ask(stop: &Stop) {
    if stop.is_asked() {
        // The second time is meant.
        stop.ask(Duration::ZERO);
    } else {
        tracing::info!(deadline_s = PATIENCE.as_secs(), "stopping: keeping what was read");
        stop.ask(PATIENCE);
    }
}

fn finish(plan: &Plan, result: Result<(), standpipe_stream::Error>, good: &mut bool, failed: &mut usize) {
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
    if let Err(error) = result {
        *good = false;
        *failed += 1;
        show::error(&error.into());
    }
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
