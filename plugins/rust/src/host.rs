use std::cell::{Cell, RefCell};

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Somebody has to act.
    Error,
}

/// What a plugin told the host.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) logs: Vec<(Level, String)>,
    pub(crate) counts: Vec<(&'static str, u64)>,
}

thread_local! {
    /// The record that is being worked on, and whether the host was told so.
    static RECORD: Cell<(u32, bool)> = const { Cell::new((0, true)) };
    static SAID: RefCell<Said> = const { RefCell::new(Said { logs: Vec::new(), counts: Vec::new() }) };
}

/// Writes a line to the host's log. What is logged while a record fails is kept with its failure.
pub fn log(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    {
        let (record, told) = RECORD.get();
        if !told {
            crate::guest::at(record);
            RECORD.set((record, true));
        }
        crate::guest::log(level, message);
    }
    #[cfg(not(target_arch = "wasm32"))]
    SAID.with_borrow_mut(|said| said.logs.push((level, message.to_owned())));
}

/// Adds `value` to the plugin's counter `metric`. Cheap: sums are passed to the host once a batch.
///
/// Names match `[a-z][a-z0-9_]*`; list them in the attribute: `#[plugin(metrics("added"))]`.
pub fn count(metric: &'static str, value: u64) {
    SAID.with_borrow_mut(|said| match said.counts.iter_mut().find(|(name, _)| *name == metric) {
        Some((_, sum)) => *sum = sum.saturating_add(value),
        None => said.counts.push((metric, value)),
    });
}

/// Turns to record number `record`: the first line that is logged from here on says so.
#[inline]
pub(crate) fn begin(record: u32) {
    RECORD.set((record, false));
}

/// What was said since the last time.
pub(crate) fn take() -> Said {
    SAID.with_borrow_mut(std::mem::take)
}
