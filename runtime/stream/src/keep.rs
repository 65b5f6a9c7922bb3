use std::sync::Arc;
use std::time::{Duration, Instant};

use standpipe_log::Full;
use standpipe_plugin::Chain;
use standpipe_record::Kind;

use crate::Error;
use crate::deliver::{Back, Deliveries, failure};
use crate::keeper::{KeepError, Keeper};
use crate::lane::Lane;
use crate::metrics::{Held, set};
use crate::parcel::Cut;
use crate::pool::{Next, Task, Work};
use crate::slot::{Due, Slot};
use crate::stream::Shared;
use crate::turn::Turn;
use crate::window::Failure;
use standpipe_log::failpoint;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How often a disk that refuses is tried again, at the most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps one lane: brings it back from disk, makes its cuts durable as they come, and delivers what was sealed,
/// oldest first. Cuts go before deliveries, so a slow sink stops no lane. What fails on the disk costs the lane's
/// memory: it is brought back again.
#[derive(Debug)]
pub(crate) struct Keep {
    slot: Arc<Slot>,
    stream: Arc<Shared>,
    task: Task,
    phase: Phase,
    pause: Duration,
    /// A cut for which there is no room.
    waits: Option<Cut>,
    told: bool,
    deliveries: Deliveries,
    /// What a person has to mend, by the last delivery that failed.
    refusal: Option<standpipe_sink::Error>,
    held: Arc<Held>,
}

#[derive(Debug)]
enum Phase {
    Recover,
    Run(Box<Keeper>),
    /// Turning has ended, and what it said is kept: deliver.
    Finish(Box<Keeper>),
    /// Wait until nobody uses the lane any more, then bring it back.
    Back(Instant),
    /// The same, then sleep.
    Leave,
}

impl Keep {
    pub(crate) fn new(slot: Arc<Slot>, stream: Arc<Shared>, task: Task) -> Self {
        let (deliveries, phase) = (Deliveries::new(task.clone()), Phase::Recover);
        let held = stream.plan.metrics.lane(slot.lane());
        Self {
            slot,
            stream,
            task,
            phase,
            pause: FIRST_PAUSE,
            waits: None,
            told: false,
            deliveries,
            refusal: None,
            held,
        }
    }

    fn recover(&mut self) -> Next {
        // Whoever woke it may have come too late: the lane may be another stream's by now.
        if self.stream.stop.is_overdue() || self.stream.is_over() {
            return self.leave();
        }
        let mut recovered = match Keeper::recover(&self.slot.home) {
            Ok(recovered) => recovered,
            Err(error) => return self.failed(error),
        };
        self.stream.found(self.slot.lane(), &recovered.sources, &recovered.answers);
        let plan = &self.stream.plan;
        let chain = Chain::new(plan.plugins.iter().cloned());
        let lane = Lane::new(Arc::clone(plan), self.slot.lane(), chain, &mut recovered);
        let task = self.stream.workers.turn.task();
        let tell = task.clone();
        recovered.log.on_durable(move |_| tell.wake());
        let generation = self.slot.awake(&recovered.log, &task);
        let (slot, stream) = (Arc::clone(&self.slot), Arc::clone(&self.stream));
        task.begin(Box::new(Turn::new(slot, stream, lane, recovered.log, generation, task.clone())));
        self.note_sealed(&recovered.keeper);
        self.phase = Phase::Run(Box::new(recovered.keeper));
        self.stream.look_intake();
        Next::Again
    }

    fn run(&mut self, mut keeper: Box<Keeper>) -> Next {
        match self.waits.take().map_or_else(|| self.slot.due(), Due::Cut) {
            Due::Cut(cut) => {
                let room = match keeper.room(&cut) {
                    Ok(room) => room,
                    Err(full) => return self.wait_for_room(keeper, cut, &full),
                };
                let committed = keeper.commit(cut, &self.stream.plan);
                drop(room);
                match committed {
                    Ok(()) => {
                        (self.pause, self.told) = (FIRST_PAUSE, false);
                        self.note_sealed(&keeper);
                        if self.slot.has_no_cut() {
                            set(&self.held.cut, None);
                        }
                        self.slot.set_short(false);
                        // A lane that never runs out of cuts delivers, too.
                        match self.deliver(keeper, false) {
                            Next::Wait(_) => Next::Again,
                            next => next,
                        }
                    }
                    Err(error) => self.failed(error),
                }
            }
            Due::Turned(Ok(())) => {
                self.phase = Phase::Finish(keeper);
                Next::Again
            }
            Due::Turned(Err(error)) => self.failed(error),
            Due::Rest => match keeper.rest() {
                Ok(()) => {
                    self.phase = Phase::Run(keeper);
                    Next::Again
                }
                Err(error) => self.failed(error),
            },
            Due::Nothing => self.deliver(keeper, false),
        }
    }

    /// Delivers meanwhile. Once memory is short too, the lane gives up its own and goes back to its last entry.
    fn wait_for_room(&mut self, keeper: Box<Keeper>, cut: Cut, full: &Full) -> Next {
        let (stream, lane) = (&self.stream.plan.name, self.slot.lane());
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(%stream, lane, error = %full, "the lane waits for room");
        }
        if self.stream.workers.budget.is_passed() {
            tracing::warn!(%stream, lane, "the lane goes back to its last entry: memory is short, too");
            return self.go_back();
        }
        if cut.due.is_empty() && keeper.undelivered().next().is_none() && !self.stream.stop.is_asked() {
            // Nothing that it waits for makes room, and to carry only takes some: sealing may have the reserve.
            self.slot.set_short(true);
            return self.go_back();
        }
        if self.stream.stop.is_asked() {
            // What it has is in the log.
            return self.leave();
        }
        self.waits = Some(cut);
        match self.deliver(keeper, false) {
            Next::Wait(wait) => Next::Wait(Some(wait.map_or(FIRST_PAUSE, |wait| wait.min(FIRST_PAUSE)))),
            next => next,
        }
    }

    /// Delivers what can be delivered now. Once turning has ended, that is all there is to do.
    fn deliver(&mut self, mut keeper: Box<Keeper>, last: bool) -> Next {
        if let Err(error) = self.deliveries.note(&mut keeper) {
            return self.failed(error);
        }
        match self.land(&mut keeper) {
            Ok(Some(fatal)) => return self.give_up(&keeper, fatal),
            Ok(None) => {}
            Err(error) => return self.failed(error),
        }
        let (stream, stop) = (Arc::clone(&self.stream), self.stream.stop.clone());
        let waits = keeper.undelivered().next().is_some();
        let flies = self.deliveries.is_flying();
        let given_up = stop.is_overdue() || (stop.is_asked() && stream.window.is_failing());
        if last && (!waits || given_up || (stop.hands_over() && !flies)) {
            if waits && !stop.hands_over() {
                tracing::warn!(stream = %stream.plan.name, records = keeper.waiting(), "stopped before all was delivered; the rest is kept for the next run");
            }
            return match keeper.rest() {
                Ok(()) => self.leave(),
                Err(error) => self.failed(error),
            };
        }
        let wait = match stop.hands_over() {
            true => None,
            false => match self.deliveries.send(&keeper, &stream, &self.task) {
                Ok(wait) => wait,
                Err(error) => return self.failed(error),
            },
        };
        self.phase = if last { Phase::Finish(keeper) } else { Phase::Run(keeper) };
        let lefts = [stop.left(), stream.patience_left()].into_iter().flatten();
        Next::Wait(wait.into_iter().chain(lefts.filter(|left| !left.is_zero())).min())
    }

    /// Takes what has come back. Returns an error that no later try can mend, or that nobody has mended in time.
    fn land(&mut self, keeper: &mut Keeper) -> Result<Option<standpipe_sink::Error>, KeepError> {
        let (mut done, mut fatal) = (Vec::new(), None);
        for Back { about, pass, result } in self.deliveries.back() {
            let metrics = &self.stream.plan.metrics;
            let error = match result {
                Ok(_) => {
                    failpoint("link.after");
                    metrics.delivered(about.role, about.records, about.bytes, pass.took());
                    pass.went_well();
                    tracing::debug!(key = %about.key, records = about.records, "delivered");
                    done.push(about);
                    self.stream.delivers();
                    continue;
                }
                Err(error) => error,
            };
            metrics.refused(error.is_throttled());
            let Some(failure) = failure(&error) else {
                fatal = Some(error);
                continue;
            };
            pass.failed(failure);
            self.deliveries.put_off(&about.file);
            self.stream.cannot_deliver(&error);
            self.refusal = (failure == Failure::ToMend).then_some(error);
        }
        if self.stream.patience_left() == Some(Duration::ZERO) && fatal.is_none() {
            fatal = self.refusal.take();
        }
        if !done.is_empty() {
            keeper.delivered(&done)?;
            self.note_sealed(keeper);
        }
        Ok(fatal)
    }

    fn note_sealed(&self, keeper: &Keeper) {
        self.held.sealed.note(keeper.oldest_ms(), keeper.sealed());
    }

    /// What cannot be delivered ends the stream; it stays on disk.
    fn give_up(&mut self, keeper: &Keeper, source: standpipe_sink::Error) -> Next {
        let (stream, records) = (self.stream.plan.name.clone(), keeper.waiting());
        self.stream.fail(Error::Sink { stream, source, records });
        self.leave()
    }

    /// What passes means that the lane is brought back; anything else ends the stream.
    fn failed(&mut self, error: KeepError) -> Next {
        let stream = self.stream.plan.name.clone();
        if error.kind() != Kind::Retry {
            self.stream.fail(Error::Keep { stream, source: error });
            return self.leave();
        }
        tracing::warn!(stream, lane = self.slot.lane(), %error, "the lane goes back to its last entry and tries again");
        self.go_back()
    }

    fn go_back(&mut self) -> Next {
        (self.waits, self.told) = (None, false);
        self.stream.workers.flights.forget(&self.task);
        self.slot.fall_back();
        let until = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.stream.stop.is_asked() {
            // It would only find the same again; what it has is kept.
            return self.leave();
        }
        self.phase = Phase::Back(until);
        Next::Again
    }

    fn leave(&mut self) -> Next {
        self.waits = None;
        self.stream.workers.flights.forget(&self.task);
        self.held.forget_memory();
        self.slot.fall_back();
        self.phase = Phase::Leave;
        Next::Again
    }

    /// Whether nobody uses the lane or delivers for it any more.
    fn is_free(&mut self) -> bool {
        // Two deliveries of one object at a time would be in each other's way. What comes back now is delivered again,
        // and found.
        self.deliveries.refuse_notes();
        drop(self.deliveries.back());
        self.slot.is_free() && !self.deliveries.is_flying()
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.stream.workers.flights.forget(&self.task);
    }
}

impl Work for Keep {
    fn step(&mut self) -> Next {
        match std::mem::replace(&mut self.phase, Phase::Recover) {
            Phase::Recover => self.recover(),
            Phase::Run(keeper) => self.run(keeper),
            Phase::Finish(keeper) => self.deliver(keeper, true),
            Phase::Back(until) => {
                let left = until.saturating_duration_since(Instant::now());
                if self.is_free() && left.is_zero() {
                    return Next::Again;
                }
                self.phase = if self.stream.stop.is_asked() { Phase::Leave } else { Phase::Back(until) };
                // Whatever else it waits for wakes it.
                Next::Wait(Some(left).filter(|left| !left.is_zero()))
            }
            Phase::Leave => {
                let overdue = self.stream.stop.is_overdue();
                if (self.is_free() || overdue && self.slot.is_free()) && self.slot.sleep() {
                    // It may wait for this lane to be awake, or asleep.
                    self.stream.look_intake();
                    self.stream.check_end();
                    return Next::Done;
                }
                self.phase = Phase::Leave;
                Next::Wait(self.stream.stop.left().filter(|left| !left.is_zero()))
            }
        }
    }

    fn defect(&mut self) {
        self.stream.fail(Error::Defect { stream: self.stream.plan.name.clone() });
        self.slot.fall_back();
        // Whoever still turns it lets go by itself: nothing is asked of it any more.
        let _ = self.slot.sleep();
        self.stream.check_end();
    }
}
