use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use standpipe_log::Log;
use standpipe_plugin::Chain;
use standpipe_record::Kind;

use crate::deliver::keep;
use crate::home::Home;
use crate::intake::{Intake, IntakeError};
use crate::keeper::{KeepError, Keeper};
use crate::lane::{AdvanceError, Lane, Transform};
use crate::parcel::Cut;
use crate::{Error, Plan, Stop};

/// How long a plugin that cannot be started is tried again before the stream ends.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// How often a stream that waits looks whether it is to stop.
pub(crate) const LOOK: Duration = Duration::from_millis(100);
/// How often a disk that refuses is tried again, at the most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs a stream on this thread until its source has ended, or it is asked to stop, and everything that it read
/// is delivered or kept in `home`. Deliveries run on `runtime`.
pub fn run(plan: &Arc<Plan>, home: Home, runtime: &tokio::runtime::Handle, stop: &Stop) -> Result<(), Error> {
    let probed = runtime.block_on(plan.sink.probe(&plan.bucket));
    probed.map_err(|source| Error::Sink { stream: plan.name.clone(), source, records: 0 })?;
    let home = Arc::new(home);
    let mut pause = LOOK;
    loop {
        match attempt(plan, &home, runtime, stop) {
            // What cannot be read again is not given up by reading it from the beginning.
            Err(Error::Keep { source, .. })
                if source.kind() == Kind::Retry && plan.source.is_some() && !stop.is_asked() =>
            {
                tracing::warn!(stream = %plan.name, error = %source, "the lane goes back to its last entry and tries again");
                std::thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            ended => return ended,
        }
    }
}

/// Brings the lane back from disk and runs it until it ends or what is on disk must be looked at again.
fn attempt(
    plan: &Arc<Plan>,
    home: &Arc<Home>,
    runtime: &tokio::runtime::Handle,
    stop: &Stop,
) -> Result<(), Error> {
    let began = Instant::now();
    let kept = |source| Error::Keep { stream: plan.name.clone(), source };
    let mut recovered = Keeper::recover(home).map_err(kept)?;
    let log = recovered.log.clone();
    let intake = Intake::open(plan, &recovered.sources)
        .map_err(|source| Error::Source { stream: plan.name.clone(), source })?;
    if intake.finished {
        tracing::info!(stream = %plan.name, "the file was read to its end before, and nothing was added to it");
    }
    let mut lane =
        Lane::new(Arc::clone(plan), Chain::new(plan.plugins.iter().cloned()), &log, &mut recovered);
    let (said, ended) = sync_channel(1);
    let (over, is_file) = (stop.child(), intake.is_file());
    let reader = spawn_intake(plan, home, &log, &over, intake, said)?;
    let (cuts, taken) = sync_channel(1);
    let result = std::thread::scope(|scope| {
        let keeper = scope.spawn(move || keep(recovered.keeper, plan, runtime, stop, &taken));
        let run = turn(plan, &mut lane, &log, stop, &ended, &cuts, &|| keeper.is_finished());
        lane.transform.tell(&plan.name, began.elapsed());
        drop(cuts);
        let kept = keeper.join().unwrap_or_else(|_| Err(Error::Defect { stream: plan.name.clone() }));
        // What the keeper met is the cause of what the lane met.
        kept.and(run)
    });
    over.ask(Duration::ZERO);
    // The next attempt must be the only one that appends. Standard input may never come back from its read.
    if is_file {
        let _ = reader.join();
    }
    result
}

fn spawn_intake(
    plan: &Arc<Plan>,
    home: &Arc<Home>,
    log: &Log,
    stop: &Stop,
    intake: Intake,
    said: SyncSender<Result<(), IntakeError>>,
) -> Result<JoinHandle<()>, Error> {
    let (plan, home, log, stop) = (Arc::clone(plan), Arc::clone(home), log.clone(), stop.clone());
    let name = plan.name.clone();
    std::thread::Builder::new()
        .name(format!("read {name}"))
        .spawn(move || {
            let _ = said.send(intake.run(&plan, &home, &log, &stop));
            log.wake();
        })
        .map_err(|source| Error::Thread { stream: name, source })
}

/// Turns the lane until the source has ended and all of it is cut, the stop, or a failure.
fn turn<T: Transform>(
    plan: &Plan,
    lane: &mut Lane<T>,
    log: &Log,
    stop: &Stop,
    ended: &Receiver<Result<(), IntakeError>>,
    cuts: &SyncSender<Cut>,
    is_over: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let mut source = None;
    let mut failing: Option<Instant> = None;
    loop {
        let now_ms = plan.clock.now_ms();
        if lane.is_due(now_ms)
            && let Some(cut) = lane.cut(false, now_ms)
            && cuts.send(cut).is_err()
        {
            return Ok(());
        }
        if is_over() {
            return Ok(());
        }
        if stop.is_asked() {
            // What is read and on its way into the log; where it waits for input, silence says that nothing is.
            if source.is_none() {
                source = ended.recv_timeout(LOOK).ok();
            }
            break;
        }
        match lane.advance() {
            Ok(true) => failing = None,
            Ok(false) if source.is_some() && lane.position() >= log.positions().durable => break,
            Ok(false) => {
                if source.is_none() {
                    match ended.try_recv() {
                        Ok(result) => source = Some(result),
                        Err(TryRecvError::Disconnected) => source = Some(Ok(())),
                        Err(TryRecvError::Empty) => {
                            let due = Duration::from_millis(lane.due_in(now_ms).unwrap_or(u64::MAX));
                            log.wait(lane.position(), LOOK.min(due));
                            lane.transform.idle();
                        }
                    }
                }
            }
            Err(AdvanceError::Keep(source)) => return Err(Error::Keep { stream: plan.name.clone(), source }),
            Err(AdvanceError::Plugin(source)) => {
                tracing::error!(stream = %plan.name, error = %source, "the plugin cannot be started; the stream waits");
                let since = *failing.get_or_insert_with(Instant::now);
                if since.elapsed() >= START_PATIENCE {
                    return Err(Error::Plugin { stream: plan.name.clone(), source });
                }
                std::thread::sleep((since.elapsed() / 2).clamp(LOOK, LONGEST_PAUSE));
            }
        }
    }
    // A finite source has ended: nothing will be added to its parcels. A stop leaves them as they are.
    let all = matches!(source, Some(Ok(())) | Some(Err(IntakeError::Source(_)))) && !stop.is_asked();
    if let Some(cut) = lane.cut(all, plan.clock.now_ms()) {
        let _ = cuts.send(cut);
    }
    match source {
        None | Some(Ok(())) => Ok(()),
        Some(Err(IntakeError::Source(source))) => Err(Error::Source { stream: plan.name.clone(), source }),
        Some(Err(IntakeError::Keep(source))) => Err(Error::Keep { stream: plan.name.clone(), source }),
    }
}

/// A cut, or that there is none yet, or that there will be none.
pub(crate) fn next_cut(cuts: &Receiver<Cut>, wait: Duration) -> Option<Option<Cut>> {
    match cuts.recv_timeout(wait) {
        Ok(cut) => Some(Some(cut)),
        Err(RecvTimeoutError::Timeout) => Some(None),
        Err(RecvTimeoutError::Disconnected) => None,
    }
}

/// What is wrong with what is kept, for the message of a stream.
pub(crate) fn kept(plan: &Plan, source: KeepError) -> Error {
    Error::Keep { stream: plan.name.clone(), source }
}
