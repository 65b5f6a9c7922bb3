use std::sync::Arc;
use std::time::{Duration, Instant};

use standpipe_record::{Batch, Cause, Column, Failure, Outcomes, View};

use crate::answer::{self, Nonsense, Terms};
use crate::contract::OutcomesOut;
use crate::engine::Metered;
use crate::instance::{CallError, Instance};
use crate::limits::{FUEL_PER_MS, MAX_CALL_BYTES, Metering};
use crate::log::Log;
use crate::sizing::Sizing;
use crate::state::thread_cpu;
use crate::wasi::{Moment, mixed};
use crate::{Interface, Plugin, StartError, Stats};

/// How long a step of records that run one by one lasts.
const STEP: Duration = Duration::from_millis(20);
/// How many of them, and for how long, before their time is looked at.
const CALLS_PER_LOOK: u64 = 32;
const LOOK: Duration = Duration::from_millis(2);
/// When a bad record is found behind so many good ones, bad ones are rare: the rest is called as one again.
const RARE: u32 = 8;
/// Calls after which an instance is replaced.
const MAX_CALLS: u64 = 100_000;
/// Calls that an instance answers before its memory is looked at.
const MIN_CALLS: u64 = 64;
/// An instance that was not used for so long gives its memory back.
const IDLE: Duration = Duration::from_secs(10);

/// Whether a batch is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Every record has an outcome.
    Done,
    /// Some records have theirs, and their outputs are many: take them over, clear them and call again.
    Part,
    /// Call again.
    More,
}

/// Runs batches through one plugin on one thread at a time, with one warm instance.
///
/// A batch is worked off in steps: a call of as many records as take about 10 ms, or, after such a call came to
/// nothing, records one by one for about 20 ms. Between steps the caller may do something else, or wait.
pub struct Worker {
    plugin: Plugin,
    instance: Option<Instance>,
    used: Instant,
    sizing: Sizing,
    stats: Stats,
    log: Log,
    /// What random numbers follow from: the stream, the lane and the position of the batch's first record.
    stream: u64,
    lane: u32,
    position: u64,
    next: usize,
    isolate_until: usize,
    /// How often the next record was tried alone, and how often as the first on an instance.
    alone: u32,
    fresh: u32,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("plugin", &self.plugin)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker without an instance yet.
    pub fn new(plugin: Plugin) -> Self {
        let log = Log::new(Arc::clone(plugin.id()), plugin.limits().metrics as usize);
        let stream = plugin.context().bytes().fold(0, |hash, byte| mixed(hash ^ u64::from(byte)));
        Self {
            plugin,
            stream,
            lane: 0,
            position: 0,
            instance: None,
            used: Instant::now(),
            sizing: Sizing::default(),
            stats: Stats::default(),
            log,
            next: 0,
            isolate_until: 0,
            alone: 0,
            fresh: 0,
        }
    }

    /// What it has done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The plugin that it runs.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Begins a new batch, which starts at `position` of `lane`: the next [`step`](Self::step) starts with its first
    /// record.
    pub fn begin(&mut self, lane: u32, position: u64) {
        (self.lane, self.position) = (lane, position);
        self.next = 0;
        self.isolate_until = 0;
        (self.alone, self.fresh) = (0, 0);
    }

    /// Works on with `input`, the same batch until it is done, and appends to `out`.
    ///
    /// An error means that no instance can be started. Nothing is lost: wait, then call again.
    pub fn step(&mut self, input: &Batch, out: &mut Outcomes) -> Result<Step, StartError> {
        if self.next >= input.len() {
            return Ok(Step::Done);
        }
        let plugin = self.plugin.clone();
        let _running = match plugin.metered() {
            Ok(metered) => metered.ticker.as_ref().map(|ticker| ticker.begin()),
            Err(error) => return Err(StartError::Instantiate { error: error.to_string() }),
        };
        let began = thread_cpu();
        let result = if self.next < self.isolate_until || plugin.interface() == Interface::Each {
            self.one_by_one(input, out, began)
        } else {
            self.call_many(input, out, began)
        };
        self.stats.run_time += thread_cpu().saturating_sub(began);
        self.used = Instant::now();
        result?;
        Ok(if self.next >= input.len() { Step::Done } else { Step::More })
    }

    /// Gives back an instance that has not been used for a while, or at once if there are too many. Call it
    /// between steps.
    pub fn idle(&mut self) {
        if self.instance.is_some()
            && (self.used.elapsed() >= IDLE || self.plugin.metered().is_ok_and(Metered::is_crowded))
        {
            self.instance = None;
        }
    }

    fn call_many(&mut self, input: &Batch, out: &mut Outcomes, began: Duration) -> Result<(), StartError> {
        let view = self.next_call(input);
        let records = view.len();
        let failed = out.failed.len();
        self.ready(view)?;
        let answer = self.call(view);
        let terms = self.plugin.loaded();
        let terms = Terms { limits: &terms.settings.limits, id: &terms.id };
        let taken = answer.and_then(|answer| {
            answer::take(answer, view, &terms, out).map_err(|Nonsense(message)| CallError::invalid(message))
        });
        self.observe(records, began);
        match taken {
            Ok(()) => {
                self.stats.calls += 1;
                self.stats.records += records as u64;
                self.next += records;
                self.sizing.grow();
                self.capture(view, out.failed.get_mut(failed..).unwrap_or_default());
                self.commit();
                self.retire();
            }
            Err(error) => {
                self.stats.failed_calls += 1;
                self.sizing.shrink();
                self.isolate_until = self.next + records;
                let keeps = error.cause == Cause::Returned;
                match (&mut self.instance, keeps) {
                    (Some(instance), true) => instance.state().effects.clear(),
                    (instance, _) => *instance = None,
                }
                tracing::debug!(plugin = %self.plugin.id().name, records, code = error.code, "batch failed, running its records one by one");
            }
        }
        Ok(())
    }

    fn one_by_one(
        &mut self,
        input: &Batch,
        out: &mut Outcomes,
        mut before: Duration,
    ) -> Result<(), StartError> {
        let each = self.plugin.interface() == Interface::Each;
        let end = if each { input.len() } else { self.isolate_until.min(input.len()) };
        let step_ends = before + STEP;
        let (mut looked, mut calls, mut clean) = (Instant::now(), 0, 0);
        while self.next < end {
            let view = input.view().slice(self.next..self.next + 1);
            let failed = out.failed.len();
            if !self.alone(view, out, if each { 0 } else { 1 })? {
                // It is to be tried again, which may take as long as it took now.
                break;
            }
            (self.alone, self.fresh) = (0, 0);
            self.next += 1;
            self.stats.records += 1;
            calls += 1;
            let found = out.failed.len() > failed;
            if !each {
                self.stats.isolated += 1;
            }
            // Reading the thread's time costs as much as a short call, so it is read now and then.
            if calls >= CALLS_PER_LOOK || looked.elapsed() >= LOOK || found {
                let now = thread_cpu();
                if !each && self.plugin.loaded().settings.metering == Metering::Time {
                    self.sizing.observe(1, nanoseconds(now.saturating_sub(before)) / calls);
                }
                (before, looked, calls) = (now, Instant::now(), 0);
                if now >= step_ends {
                    break;
                }
            }
            if !found {
                clean += 1;
            } else if clean >= RARE && !each {
                self.isolate_until = self.next;
                break;
            } else {
                clean = 0;
            }
        }
        Ok(())
    }

    /// Runs one record until it has its verdict, or is to be run again in another step: then this is false. `tried` is
    /// how often it was tried with others before.
    fn alone(&mut self, view: View<'_>, out: &mut Outcomes, tried: u32) -> Result<bool, StartError> {
        loop {
            self.ready(view)?;
            let fresh = self.instance.as_ref().is_some_and(|instance| instance.calls == 0);
            let failed = out.failed.len();
            self.alone += 1;
            let answer = self.call(view);
            let loaded = self.plugin.loaded();
            let terms = Terms { limits: &loaded.settings.limits, id: &loaded.id };
            let taken = answer.and_then(|answer| {
                answer::take(answer, view, &terms, out)
                    .map_err(|Nonsense(message)| CallError::invalid(message))
            });
            let error = match taken {
                Ok(()) => {
                    self.stats.calls += 1;
                    self.capture(view, out.failed.get_mut(failed..).unwrap_or_default());
                    // Fuel costs nothing to read, and sizes that follow it are the same at every run.
                    if self.plugin.loaded().settings.metering == Metering::Fuel {
                        self.observe(1, Duration::ZERO);
                    }
                    self.commit();
                    self.retire();
                    return Ok(true);
                }
                Err(error) => error,
            };
            self.stats.failed_calls += 1;
            let attempts = tried.saturating_add(self.alone);
            let captured = self.instance.as_mut().map(|instance| instance.state().effects.captured());
            self.instance = None;
            if !fresh {
                continue;
            }
            self.fresh += 1;
            // What it answers is final, an error, too.
            let came_to_nothing = matches!(error.cause, Cause::Trap | Cause::TimedOut);
            if came_to_nothing && self.fresh <= self.plugin.calls().retries {
                return Ok(false);
            }
            out.failed.push(Failure {
                index: u32::try_from(view.first()).unwrap_or(u32::MAX),
                cause: error.cause,
                code: error.code,
                message: error.message,
                plugin: Some(Arc::clone(&loaded.id)),
                captured: captured.unwrap_or_default(),
                backtrace: error.backtrace,
                attempts,
            });
            return Ok(true);
        }
    }

    /// The records of the next call: as many as the size says, at most the bytes of a call, at least one.
    fn next_call<'a>(&self, input: &'a Batch) -> View<'a> {
        let rest = input.view().slice(self.next..input.len());
        let most = rest.slice(0..self.sizing.next());
        let limit = u64::from(most.base()) + self.plugin.calls().bytes.min(MAX_CALL_BYTES) as u64;
        let fit = most.ends().partition_point(|end| u64::from(*end) <= limit);
        most.slice(0..fit.max(1))
    }

    fn ready(&mut self, view: View<'_>) -> Result<(), StartError> {
        if self.instance.is_none() {
            let began = thread_cpu();
            let started = Instance::start(&self.plugin, self.moment(view));
            self.stats.instances += 1;
            self.stats.init_time += thread_cpu().saturating_sub(began);
            let mut instance = started?;
            self.log.write(&mut instance.state().effects, &mut self.stats);
            self.instance = Some(instance);
        }
        Ok(())
    }

    fn call(&mut self, view: View<'_>) -> Result<OutcomesOut, CallError> {
        let asked = &self.plugin.manifest().columns;
        let columns: Vec<Column> = asked.iter().filter_map(|name| view.column(name)).collect();
        let moment = self.moment(view);
        match &mut self.instance {
            Some(instance) => {
                let answer = instance.call(view, &columns, moment, self.plugin.context());
                self.stats.fuel = self.stats.fuel.saturating_add(instance.fuel);
                self.stats.memory = self.stats.memory.max(instance.state().memory);
                answer
            }
            None => Err(CallError::invalid("there is no instance")),
        }
    }

    /// What clock and random numbers of a call with these records follow from.
    fn moment(&self, view: View<'_>) -> Moment {
        let place = self.position.wrapping_add(view.first() as u64);
        Moment {
            arrival_ms: view.arrival_ms().iter().copied().max().unwrap_or_default(),
            seed: mixed(self.stream ^ mixed(place ^ u64::from(self.lane).rotate_left(32))),
        }
    }

    /// Keeps with each failure what was logged for its record.
    fn capture(&mut self, view: View<'_>, failed: &mut [Failure]) {
        let Some(instance) = &mut self.instance else { return };
        let effects = &instance.state().effects;
        if effects.log.is_empty() {
            return;
        }
        for failure in failed {
            failure.captured = match u32::try_from(view.first()) {
                _ if view.len() == 1 => effects.captured(),
                Ok(first) => effects.captured_for(failure.index.saturating_sub(first)),
                Err(_) => String::new(),
            };
        }
    }

    fn observe(&mut self, records: usize, began: Duration) {
        let ns = match self.plugin.loaded().settings.metering {
            Metering::Time => nanoseconds(thread_cpu().saturating_sub(began)),
            Metering::Fuel => {
                let fuel = self.instance.as_ref().map_or(0, |instance| instance.fuel);
                fuel.saturating_mul(1_000_000) / FUEL_PER_MS
            }
        };
        self.sizing.observe(records, ns);
    }

    /// A call went well: what the plugin logged and counted holds.
    fn commit(&mut self) {
        if let Some(instance) = &mut self.instance {
            self.log.write(&mut instance.state().effects, &mut self.stats);
        }
    }

    /// Replaces an instance that has answered many calls, or whose memory has grown near its limit, and a command, which
    /// has ended.
    fn retire(&mut self) {
        if self.plugin.interface() == Interface::Command {
            self.instance = None;
        }
        let limit = self.plugin.limits().memory / 4 * 3;
        if let Some(instance) = &mut self.instance
            && (instance.calls >= MAX_CALLS
                || (instance.calls >= MIN_CALLS && instance.state().memory > limit))
        {
            self.instance = None;
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
