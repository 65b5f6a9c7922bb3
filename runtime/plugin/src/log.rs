use std::sync::Arc;
use std::time::{Duration, Instant};

use standpipe_record::PluginId;

use crate::Stats;
use crate::state::{Effects, Line};

/// Bytes of plugin log that reach the host's log in a second.
const BYTES_PER_SECOND: usize = 64 << 10;

/// Takes over what a plugin logged and counted, at a bounded rate.
#[derive(Debug)]
pub(crate) struct Log {
    id: Arc<PluginId>,
    /// Names of counters that are kept.
    metrics: usize,
    window: Instant,
    written: usize,
    skipped: u64,
}

impl Log {
    pub(crate) fn new(id: Arc<PluginId>, metrics: usize) -> Self {
        Self { id, metrics, window: Instant::now(), written: 0, skipped: 0 }
    }

    /// Writes the lines to the host's log, adds up the counters, and empties `effects`.
    pub(crate) fn write(&mut self, effects: &mut Effects, stats: &mut Stats) {
        if !effects.log.is_empty() || effects.log_skipped > 0 {
            self.write_lines(effects, stats);
        }
        for (name, value) in &effects.counts {
            let names = stats.counts.len();
            match stats.counts.get_mut(name) {
                Some(sum) => *sum = sum.saturating_add(*value),
                // A call is bounded already; so are all of them together.
                None if names < self.metrics => {
                    stats.counts.insert(name.clone(), *value);
                }
                None => stats.counts_ignored += 1,
            }
        }
        stats.counts_ignored += effects.counts_ignored;
        effects.clear();
    }

    fn write_lines(&mut self, effects: &Effects, stats: &mut Stats) {
        if self.window.elapsed() >= Duration::from_secs(1) {
            if self.skipped > 0 {
                tracing::warn!(target: "plugin", plugin = %self.id.name, lines = self.skipped, "log lines were skipped");
            }
            (self.window, self.written, self.skipped) = (Instant::now(), 0, 0);
        }
        let mut skipped = effects.log_skipped;
        for Line { level, text: line, .. } in &effects.log {
            // What nobody sees takes no room from what somebody does.
            if !is_shown(*level) {
                continue;
            }
            if self.written >= BYTES_PER_SECOND {
                skipped += 1;
                continue;
            }
            self.written += line.len().max(16);
            let plugin = &self.id.name;
            match level {
                0 => tracing::trace!(target: "plugin", %plugin, "{line}"),
                1 => tracing::debug!(target: "plugin", %plugin, "{line}"),
                2 => tracing::info!(target: "plugin", %plugin, "{line}"),
                3 => tracing::warn!(target: "plugin", %plugin, "{line}"),
                _ => tracing::error!(target: "plugin", %plugin, "{line}"),
            }
        }
        self.skipped += skipped;
        stats.log_skipped += skipped;
    }
}

fn is_shown(level: u8) -> bool {
    match level {
        0 => tracing::enabled!(target: "plugin", tracing::Level::TRACE),
        1 => tracing::enabled!(target: "plugin", tracing::Level::DEBUG),
        2 => tracing::enabled!(target: "plugin", tracing::Level::INFO),
        3 => tracing::enabled!(target: "plugin", tracing::Level::WARN),
        _ => tracing::enabled!(target: "plugin", tracing::Level::ERROR),
    }
}
