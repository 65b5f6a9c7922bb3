//! Waits until a file changes. What the system tells is a hint to look at once; without it, files are looked at now and then.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::show;

/// How often files are looked at when nothing is heard.
const SCAN: Duration = Duration::from_secs(2);
/// How long nothing may change before what changed is acted on: editors write in steps.
const QUIET: Duration = Duration::from_millis(100);
/// Names of changed files that are told.
const TOLD: usize = 3;
/// Folders below the one that is watched.
const MAX_DEPTH: usize = 16;
/// What is made, not written.
const MADE: [&str; 4] = ["node_modules", "target", "build", "__pycache__"];
/// What compilers write beside the sources while they build.
const LOCKS: [&str; 3] = ["Cargo.lock", "go.sum", "package-lock.json"];

/// When a file was written, and how long it is.
type Files = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Files that are watched.
pub(super) struct Watch {
    places: Vec<PathBuf>,
    is_watched: fn(&Path) -> bool,
    seen: Files,
    hints: Receiver<()>,
    /// Without it there are no hints, and files are looked at all the same.
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Watches files and folders as they are now; of what is below them, what `is_watched` says.
    pub(super) fn new(places: Vec<PathBuf>, is_watched: fn(&Path) -> bool) -> Self {
        let (hint, hints) = mpsc::sync_channel(1);
        let tell = move |_| {
            // One that waits already is enough.
            let _ = hint.try_send(());
        };
        let watcher = notify::recommended_watcher(tell).ok().and_then(|mut watcher: RecommendedWatcher| {
            let all = places.iter().filter(|place| place.exists());
            let watched = all.map(|place| watcher.watch(place, RecursiveMode::Recursive));
            watched.collect::<Result<(), _>>().ok().map(|()| watcher)
        });
        let seen = scan(&places, is_watched);
        Self { places, is_watched, seen, hints, _watcher: watcher }
    }

    /// Waits until something has changed since the last time, and says what.
    pub(super) fn next(&mut self) -> String {
        self.take_locks();
        show::line("watching for changes; Ctrl-C ends it");
        loop {
            let before = scan(&self.places, self.is_watched);
            if before == self.seen {
                self.wait(SCAN);
                continue;
            }
            std::thread::sleep(QUIET);
            let after = scan(&self.places, self.is_watched);
            if after == before {
                let told = told(&self.seen, &after);
                self.seen = after;
                return told;
            }
        }
    }

    /// What the last build wrote itself is no change.
    fn take_locks(&mut self) {
        let is_lock =
            |path: &Path| path.file_name().is_some_and(|name| LOCKS.iter().any(|lock| name == *lock));
        let now = scan(&self.places, self.is_watched);
        self.seen.extend(now.into_iter().filter(|(path, _)| is_lock(path)));
    }

    fn wait(&self, time: Duration) {
        match self.hints.recv_timeout(time) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            // There is no watcher.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(time),
        }
    }
}

/// `changed: plugin.py`.
fn told(before: &Files, after: &Files) -> String {
    let changed = after.iter().filter(|(path, now)| before.get(*path) != Some(now)).map(|(path, _)| path);
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    let names: Vec<String> =
        changed.chain(gone).map(|path| path.file_name().unwrap_or_default().display().to_string()).collect();
    let more = names.len().saturating_sub(TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("changed: {}{more}", names.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", "))
}

/// Whether it is a source: anything but what was made of it and what it is tested with.
pub(super) fn is_source(path: &Path) -> bool {
    is_input(path) && path.file_name().is_none_or(|name| name != "cases")
}

/// The same, and cases.
pub(super) fn is_input(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    !MADE.contains(&name) && !name.starts_with('.') && !name.ends_with(".wasm") && !name.ends_with('~')
}

/// When the newest source in these folders was written.
pub(super) fn newest(places: &[PathBuf]) -> Option<SystemTime> {
    scan(places, is_source).into_values().filter_map(|(written, _)| written).max()
}

fn scan(places: &[PathBuf], is_watched: fn(&Path) -> bool) -> Files {
    let mut files = Files::new();
    for place in places {
        look(place, is_watched, MAX_DEPTH, &mut files);
    }
    files
}

fn look(path: &Path, is_watched: fn(&Path) -> bool, depth: usize, files: &mut Files) {
    // What is gone by now is not there.
    let Ok(found) = fs::metadata(path) else { return };
    if !found.is_dir() {
        files.insert(path.to_owned(), (found.modified().ok(), found.len()));
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if is_watched(&entry.path()) {
            look(&entry.path(), is_watched, depth, files);
        }
    }
}

/// Where a plugin's sources lie, for [`newest`] and [`Watch`].
pub(super) fn places(folder: &super::folder::Folder) -> Vec<PathBuf> {
    let mut places = vec![folder.path.clone()];
    if !folder.sdk.starts_with(&folder.path) {
        places.push(folder.sdk.clone());
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_no_source() {
        for (path, source, input) in [
            ("a/plugin.py", true, true),
            ("a/cases", false, true),
            ("a/build", false, false),
            ("a/mask.wasm", false, false),
            ("a/.standpipe", false, false),
            ("a/plugin.py~", false, false),
        ] {
            let path = Path::new(path);
            assert_eq!((is_source(path), is_input(path)), (source, input), "{}", path.display());
        }
    }

    #[test]
    fn what_a_build_locks_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let mut watch = Watch::new(vec![path.clone()], is_source);
        fs::write(path.join("Cargo.lock"), "made").unwrap();
        watch.take_locks();
        assert_eq!(watch.seen, scan(&[path], is_source));
    }

    #[test]
    fn a_change_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        fs::write(path.join("plugin.py"), "a").unwrap();
        let mut watch = Watch::new(vec![path.clone()], is_source);
        fs::write(path.join("mask.wasm"), "made").unwrap();
        fs::write(path.join("plugin.py"), "ab").unwrap();
        assert_eq!(watch.next(), "changed: plugin.py");
        fs::remove_file(path.join("plugin.py")).unwrap();
        fs::write(path.join("other.py"), "a").unwrap();
        assert_eq!(watch.next(), "changed: other.py, plugin.py");
    }
}
