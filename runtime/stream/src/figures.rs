//! The figures of a host, kept in its state folder for whoever looks from outside. They are news, not truth: nothing is
//! synced, and nothing relies on them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use standpipe_log::Disk;
use standpipe_record::{Clock, SystemClock};

use crate::State;
use crate::metrics::{Figures, Metrics};

const NAME: &str = "figures.json";
const FRESH: &str = "figures.json.new";
/// The longest file that is read.
const MOST: usize = 16 << 20;

/// Figures as a host kept them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// By stream.
    pub streams: BTreeMap<String, Figures>,
}

impl State {
    /// Keeps what `metrics` say now, if it is not what was kept `last`.
    pub fn keep_figures(&self, metrics: &Metrics, last: &mut Option<BTreeMap<String, Figures>>) {
        let streams = metrics.figures();
        if last.as_ref() == Some(&streams) {
            return;
        }
        let kept = Kept { at_ms: SystemClock.now_ms(), streams };
        let text = serde_json::to_vec(&kept).unwrap_or_default();
        if let Err(error) = write(self.disk(), &text) {
            tracing::debug!(%error, "cannot keep figures");
        }
        *last = Some(kept.streams);
    }

    /// The figures that the host of the state folder at `path` kept last.
    pub fn figures(path: &Path) -> Option<Kept> {
        let file = std::fs::File::open(path.join(NAME)).ok()?;
        let mut text = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(file, MOST as u64), &mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

fn write(disk: &dyn Disk, text: &[u8]) -> io::Result<()> {
    match disk.unlink(Path::new(FRESH)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    disk.create(Path::new(FRESH))?.write_all_at(0, text)?;
    disk.rename(Path::new(FRESH), Path::new(NAME))
}
