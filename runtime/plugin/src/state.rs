//! What the host keeps beside an instance: its budget of time, memory and tables, and its effects.

use std::time::{Duration, Instant};

use wasmtime::component::{Linker, WasmStr};
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use crate::Limits;
use crate::contract::HOST;
use crate::text::{MAX_CODE, escaped};
use crate::wasi::{Missing, Moment, Wasi};

/// The levels of lines on standard output and standard error.
const INFO: u8 = 2;
const WARN: u8 = 3;
/// Random bytes that a plugin gets at once.
const MAX_RANDOM: u64 = 1 << 20;
/// How much longer than its CPU time a call may take by the wall clock.
const WALL_FACTOR: u32 = 10;

/// The data of a plugin's store.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) effects: Effects,
    pub(crate) memory: u64,
    /// Whether memory or a table was refused since the last call began.
    pub(crate) refused: Option<String>,
    pub(crate) wasi: Wasi,
    tables: u64,
    budget: Budget,
    limits: Limits,
}

/// What a plugin did beside its answer. Thrown away when the call comes to nothing.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// What was logged.
    pub(crate) log: Vec<Line>,
    /// The record that is being worked on, where the plugin says so.
    at: Option<u32>,
    /// Lines that were over the limit.
    pub(crate) log_skipped: u64,
    log_bytes: usize,
    /// What was added to each counter.
    pub(crate) counts: Vec<(String, u64)>,
    /// Calls of `count` with a bad name or one name too many.
    pub(crate) counts_ignored: u64,
}

/// A line of the log.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) level: u8,
    pub(crate) text: String,
    /// The record that it belongs to, numbered within the call.
    record: Option<u32>,
}

impl Effects {
    pub(crate) fn clear(&mut self) {
        self.log.clear();
        self.at = None;
        self.log_bytes = 0;
        self.log_skipped = 0;
        self.counts.clear();
        self.counts_ignored = 0;
    }

    /// The log as text, a line each.
    pub(crate) fn captured(&self) -> String {
        let mut out = String::with_capacity(self.log_bytes + self.log.len());
        for line in &self.log {
            out.push_str(&line.text);
            out.push('\n');
        }
        if self.log_skipped > 0 {
            out.push_str(&format!("({} more lines were over the log limit)\n", self.log_skipped));
        }
        out
    }

    /// What was logged for record number `record` of the call.
    pub(crate) fn captured_for(&self, record: u32) -> String {
        let lines = self.log.iter().filter(|line| line.record == Some(record));
        lines.flat_map(|line| [line.text.as_str(), "\n"]).collect()
    }
}

/// The time of one call. It begins at the first tick of the epoch after the call, so that a call that ends
/// before the next tick never reads a clock.
#[derive(Debug)]
struct Budget {
    limit: Duration,
    began: Option<(Duration, Instant)>,
}

/// A call's time is spent.
#[derive(Debug, thiserror::Error)]
#[error("the time is spent")]
pub(crate) struct OutOfTime;

impl State {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            effects: Effects::default(),
            memory: 0,
            refused: None,
            wasi: Wasi::default(),
            tables: 0,
            budget: Budget { limit: limits.init_time, began: None },
            limits: limits.clone(),
        }
    }

    /// Gives the next call its time, its clock and its random numbers.
    pub(crate) fn begin_call(&mut self, time: Duration, moment: Moment) {
        self.budget = Budget { limit: time, began: None };
        self.refused = None;
        self.wasi.begin_call(moment);
    }

    /// A call has ended: what it wrote without a newline is a line, too.
    pub(crate) fn end_call(&mut self) {
        for (stream, level) in [(0, INFO), (1, WARN)] {
            if let Some(line) = self.wasi.rest(stream) {
                self.log(level, &line);
            }
        }
    }

    /// Bytes that standard output (1) or standard error (2) takes now.
    pub(crate) fn room_for_output(&self, stream: u32) -> usize {
        match &self.wasi.stdio {
            Some(stdio) if stream == 1 => {
                usize::try_from(self.limits.memory).unwrap_or(usize::MAX).saturating_sub(stdio.output.len())
            }
            _ => (self.limits.log_bytes as usize).max(4 << 10),
        }
    }

    /// Takes what a plugin wrote to standard output (1) or standard error (2). `all` is false when there was more than
    /// there is room for. Whether it is taken: a reply that is cut is none.
    pub(crate) fn output(&mut self, stream: u32, bytes: &[u8], all: bool) -> bool {
        if let (Some(stdio), 1) = (&mut self.wasi.stdio, stream) {
            stdio.output.extend_from_slice(bytes);
            if !all {
                self.refused =
                    Some(format!("its reply passes {} bytes, its memory limit", self.limits.memory));
            }
            return all;
        }
        let (stream, level) = if stream == 1 { (0, INFO) } else { (1, WARN) };
        for line in self.wasi.written(stream, bytes) {
            self.log(level, &line);
        }
        self.effects.log_skipped += u64::from(!all);
        true
    }

    /// The next bytes of standard input.
    pub(crate) fn input(&mut self, len: u64) -> Option<Vec<u8>> {
        self.wasi.stdio.as_mut()?.read(len)
    }

    /// Random bytes.
    pub(crate) fn random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        if len > MAX_RANDOM {
            return Err(Missing(format!(
                "it asked for {len} random bytes at once; the limit is {MAX_RANDOM}"
            ))
            .into());
        }
        let words = len.div_ceil(8);
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| self.wasi.next_random().to_le_bytes()).collect();
        bytes.truncate(usize::try_from(len).unwrap_or_default());
        Ok(bytes)
    }

    fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let cpu = thread_cpu();
        let (began, wall) = *self.budget.began.get_or_insert_with(|| (cpu, Instant::now()));
        let spent = cpu.saturating_sub(began) >= self.budget.limit;
        if spent || wall.elapsed() >= self.budget.limit.saturating_mul(WALL_FACTOR) {
            return Err(wasmtime::Error::new(OutOfTime));
        }
        Ok(UpdateDeadline::Continue(1))
    }

    fn log(&mut self, level: u8, message: &str) {
        let limit = self.limits.log_bytes as usize;
        let effects = &mut self.effects;
        // A stack is many lines at once.
        for line in message.split('\n') {
            if effects.log_bytes >= limit {
                effects.log_skipped += 1;
                return;
            }
            let line = escaped(line, limit - effects.log_bytes);
            // An empty line costs something too, or an endless loop of them would fill the memory.
            effects.log_bytes += line.len().max(16);
            effects.log.push(Line { level, text: line, record: effects.at });
        }
    }

    fn count(&mut self, metric: &str, value: u64) {
        let names = self.limits.metrics as usize;
        let effects = &mut self.effects;
        if let Some((_, sum)) = effects.counts.iter_mut().find(|(name, _)| name == metric) {
            *sum = sum.saturating_add(value);
        } else if effects.counts.len() < names && is_metric_name(metric) {
            effects.counts.push((metric.to_owned(), value));
        } else {
            effects.counts_ignored += 1;
        }
    }
}

fn is_metric_name(name: &str) -> bool {
    name.len() <= MAX_CODE
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// CPU time of this thread.
pub(crate) fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or_default(),
        u32::try_from(now.tv_nsec).unwrap_or_default(),
    )
}

/// The epoch's callback: looks whether the call's time is spent.
pub(crate) fn on_tick(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    store.data_mut().tick()
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let after = self.memory + (desired as u64).saturating_sub(current as u64);
        if after > self.limits.memory {
            self.refused =
                Some(format!("it asked for {after} bytes of memory; the limit is {}", self.limits.memory));
            return Ok(false);
        }
        self.memory = after;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let after = self.tables + (desired as u64).saturating_sub(current as u64);
        if after > u64::from(self.limits.table_elements) {
            let limit = self.limits.table_elements;
            self.refused = Some(format!("it asked for {after} table elements; the limit is {limit}"));
            return Ok(false);
        }
        self.tables = after;
        Ok(true)
    }
}

/// Links the contract's `host` interface, and nothing else.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut host = linker.instance(HOST)?;
    host.func_wrap("log", |mut store: StoreContextMut<'_, State>, (level, message): (u8, WasmStr)| {
        if store.data().effects.log_bytes >= store.data().limits.log_bytes as usize {
            store.data_mut().effects.log_skipped += 1;
            return Ok(());
        }
        // Only what can be kept is copied out of the guest.
        let kept = store.data().limits.log_bytes as usize;
        let message = clipped(&message.to_str(&store)?, kept);
        store.data_mut().log(level, &message);
        Ok(())
    })?;
    host.func_wrap("at", |mut store: StoreContextMut<'_, State>, (record,): (u32,)| {
        store.data_mut().effects.at = Some(record);
        Ok(())
    })?;
    host.func_wrap("count", |mut store: StoreContextMut<'_, State>, (metric, value): (WasmStr, u64)| {
        let metric = clipped(&metric.to_str(&store)?, MAX_CODE + 1);
        store.data_mut().count(&metric, value);
        Ok(())
    })
}

/// The first `limit` bytes of `text` or a little less, on a character boundary.
fn clipped(text: &str, limit: usize) -> String {
    let end = (0..=limit.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
    text.get(..end).unwrap_or_default().to_owned()
}
