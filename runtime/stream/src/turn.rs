use std::sync::Arc;
use std::time::{Duration, Instant};

use standpipe_log::{Log, failpoint};
use standpipe_plugin::{Chain, StartError, Worker};

use crate::Error;
use crate::budget::Meter;
use crate::keeper::KeepError;
use crate::lane::{AdvanceError, Lane, Take, Transform};
use crate::metrics::{Amount, Held, PluginReading, set};
use crate::pool::{Next, STEP, Task, Work};
use crate::slot::Slot;
use crate::stream::Shared;

/// How long a plugin that cannot be started is tried again before the stream ends.
const START_PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a lane does nothing before it closes its files and gives back memory.
const IDLE: Duration = Duration::from_secs(10);
/// How long a lane waits for room for an instance before it tries again.
const FOR_ROOM: Duration = Duration::from_millis(20);
/// How long a lane waits for memory before it looks again.
const FOR_MEMORY: Duration = Duration::from_millis(20);

/// Turns one lane: from its log through the plugins into parcels and cuts.
#[derive(Debug)]
pub(crate) struct Turn {
    slot: Arc<Slot>,
    stream: Arc<Shared>,
    lane: Lane<Chain>,
    log: Log,
    generation: u64,
    meter: Arc<Meter>,
    began: Instant,
    /// Since when the plugin cannot be started.
    failing: Option<Instant>,
    /// When it had nothing to do, and whether it rests since.
    idle: Option<Instant>,
    rests: bool,
    counted: u64,
    /// What the plugins had done when they were looked at last.
    plugins: PluginReading,
    held: Arc<Held>,
}

impl Turn {
    pub(crate) fn new(
        slot: Arc<Slot>,
        stream: Arc<Shared>,
        lane: Lane<Chain>,
        log: Log,
        generation: u64,
        task: Task,
    ) -> Self {
        let meter = stream.workers.budget.meter(task);
        let began = Instant::now();
        let held = stream.plan.metrics.lane(slot.lane());
        Self {
            slot,
            stream,
            lane,
            log,
            generation,
            meter,
            began,
            failing: None,
            idle: None,
            rests: false,
            counted: 0,
            plugins: PluginReading::default(),
            held,
        }
    }

    /// Takes a cut and hands it over. False if there is no room for one.
    fn cut(&mut self, what: Take) -> bool {
        if !self.slot.has_room() {
            return false;
        }
        failpoint("cut.before");
        let what = if self.slot.is_short() { Take::All } else { what };
        if let Some(mut cut) = self.lane.cut(what, self.stream.plan.clock.now_ms()) {
            cut.held = Some(self.meter.detach(cut.memory()));
            // Those of cuts that wait are older, if there are any.
            if self.slot.has_no_cut() {
                set(&self.held.cut, cut.oldest_ms());
            }
            self.slot.push(cut, self.generation);
        }
        self.note_open();
        self.meter.note(self.lane.memory());
        true
    }

    fn note_open(&self) {
        self.held.open.note(self.lane.oldest_ms(), self.lane.open());
    }

    fn count_plugins(&mut self) {
        let mut now = PluginReading::default();
        for stats in self.lane.transform.workers().iter().map(Worker::stats) {
            now.calls += stats.calls + stats.failed_calls;
            now.good_calls += stats.calls;
            now.cpu += stats.run_time;
        }
        let before = std::mem::replace(&mut self.plugins, now);
        self.stream.plan.metrics.plugins(&before, &now);
    }

    fn end(&mut self, how: Result<(), KeepError>) -> Next {
        self.lane.transform.tell(&self.stream.plan.name, self.began.elapsed());
        self.slot.turned(how);
        Next::Done
    }

    /// Nothing can be read now.
    fn wait(&mut self) -> Next {
        if self.slot.has_ended() && self.lane.position() >= self.log.positions().durable {
            // A finite source has ended: nothing will be added to its parcels.
            return if self.cut(Take::All) { self.end(Ok(())) } else { Next::Wait(None) };
        }
        self.note_open();
        self.lane.transform.idle();
        let since = *self.idle.get_or_insert_with(Instant::now);
        if !self.rests && since.elapsed() >= IDLE {
            self.lane.rest();
            self.slot.rest();
            self.rests = true;
        }
        let due = self.lane.due_in(self.stream.plan.clock.now_ms()).map(Duration::from_millis);
        let rest = (!self.rests).then(|| IDLE.saturating_sub(since.elapsed()));
        Next::Wait(due.into_iter().chain(rest).min())
    }

    fn cannot_start(&mut self, source: StartError) -> Next {
        let stream = self.stream.plan.name.clone();
        tracing::error!(stream, error = %source, "the plugin cannot be started; the stream waits");
        let since = *self.failing.get_or_insert_with(Instant::now);
        if since.elapsed() >= START_PATIENCE {
            self.stream.fail(Error::Plugin { stream, source });
            return Next::Again;
        }
        Next::Wait(Some((since.elapsed() / 2).clamp(FIRST_PAUSE, LONGEST_PAUSE)))
    }
}

impl Work for Turn {
    fn step(&mut self) -> Next {
        let began = Instant::now();
        loop {
            if !self.slot.is_current(self.generation) {
                // Whoever sent the lane back to disk may have come first.
                self.held.open.note(None, Amount::default());
                return self.end(Ok(()));
            }
            if self.stream.stop.is_asked() {
                // What is open stays open: a stop makes no small objects.
                return if self.cut(Take::Nothing) { self.end(Ok(())) } else { Next::Wait(None) };
            }
            let asked = self.meter.take_asked();
            if (asked || self.lane.is_due(self.stream.plan.clock.now_ms()))
                && !self.cut(if asked { Take::Freed } else { Take::Due })
            {
                return Next::Wait(None);
            }
            let advanced = self.lane.advance();
            self.count_plugins();
            match advanced {
                Ok(true) => (self.failing, self.idle, self.rests) = (None, None, false),
                Ok(false) => return self.wait(),
                Err(AdvanceError::Keep(error)) => return self.end(Err(error)),
                Err(AdvanceError::Plugin(StartError::Crowded)) => return Next::Wait(Some(FOR_ROOM)),
                Err(AdvanceError::Plugin(source)) => return self.cannot_start(source),
            }
            let read = self.lane.read();
            self.slot.note_read(read - self.counted);
            self.counted = read;
            if self.meter.note(self.lane.memory()) && !self.meter.is_asked() {
                return Next::Wait(Some(FOR_MEMORY));
            }
            if began.elapsed() >= STEP {
                self.lane.transform.idle();
                self.note_open();
                return Next::Again;
            }
        }
    }

    fn defect(&mut self) {
        self.stream.fail(Error::Defect { stream: self.stream.plan.name.clone() });
        self.slot.turned(Ok(()));
    }
}
