//! Streams that the API makes: a text each, `definition`, in the stream's folder beside its incarnation. What it says is
//! for whoever makes them to know.
//!
//! A stream is there once its definition is, and gone once its folder has another name. Whatever a crash leaves of one
//! that was not there yet is taken for nothing.

use std::io;
use std::path::{Path, PathBuf};

use standpipe_log::{Site, failpoint};

use crate::home::{keep_text, read_text_of};
use crate::inspect::{Depth, list};
use crate::keeper::KeepError;
use crate::state::{STREAMS, State, StateError, TOMB, folder_of, random, remove, stream_of};

pub(crate) const DEFINITION: &str = "definition";
/// The most bytes of a definition.
pub const MAX_DEFINITION_BYTES: usize = 256 << 10;

/// A stream that is given up, under another name. Nothing finds it there but who removes it.
#[derive(Debug)]
#[must_use = "it takes space until it is removed"]
pub(crate) struct Tomb(PathBuf);

impl Tomb {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl State {
    /// The streams that have a definition, by name, with what it says.
    pub fn definitions(&self) -> Result<Vec<(String, String)>, StateError> {
        let folders = list(self.disk(), Path::new(STREAMS)).map_err(|source| self.keep(source))?;
        let mut found = Vec::new();
        for folder in folders.iter().filter(|item| item.is_folder && !item.name.starts_with(TOMB)) {
            let path = Path::new(STREAMS).join(&folder.name).join(DEFINITION);
            let text = read_text_of(self.disk(), &path, MAX_DEFINITION_BYTES);
            if let Some(text) = text.map_err(|source| self.keep(source))? {
                found.push((stream_of(&folder.name), text));
            }
        }
        Ok(found)
    }

    /// Has a stream be there from now on: empty, and another incarnation than any before it.
    pub(crate) fn begin(&self, stream: &str, definition: &str) -> Result<(), StateError> {
        let (streams, folder) = (Path::new(STREAMS), Path::new(STREAMS).join(folder_of(stream)));
        let fail = |source| self.keep(source);
        if !list(self.disk(), &folder).map_err(fail)?.is_empty() {
            // Of a stream of the config that is gone, or of one that was not there yet when the host fell.
            self.holds_nothing(stream)?;
            self.take_away(&self.bury_alone(stream)?);
        }
        let io = |path: &Path, what, source| fail(KeepError::io(path, what, source));
        for made in [streams, &folder] {
            self.disk().create_folder(made).map_err(|source| io(made, "create", source))?;
        }
        let incarnation = format!("{:032x}\n", random());
        failpoint("begin.before");
        keep_text(self.disk(), &folder, "incarnation", &incarnation).map_err(fail)?;
        failpoint("begin.incarnation");
        keep_text(self.disk(), &folder, DEFINITION, definition).map_err(fail)?;
        failpoint("begin.rename");
        for (synced, site) in [
            (&*folder, Site("state.definition")),
            (streams, Site("state.stream")),
            (Path::new(""), Site("state.streams")),
        ] {
            self.disk().sync_folder(synced, site).map_err(|source| io(synced, "sync", source))?;
        }
        failpoint("begin.after");
        Ok(())
    }

    /// Has a stream that is there have another definition.
    pub fn define(&self, stream: &str, definition: &str) -> Result<(), StateError> {
        let folder = Path::new(STREAMS).join(folder_of(stream));
        failpoint("define.before");
        keep_text(self.disk(), &folder, DEFINITION, definition).map_err(|source| self.keep(source))?;
        failpoint("define.rename");
        let synced = self.disk().sync_folder(&folder, Site("state.definition"));
        synced.map_err(|source| self.keep(KeepError::io(&folder, "sync", source)))?;
        failpoint("define.after");
        Ok(())
    }

    /// Has a stream have no definition: it is the config's from now on, with all that it holds.
    pub fn undefine(&self, stream: &str) -> Result<(), StateError> {
        let folder = Path::new(STREAMS).join(folder_of(stream));
        let path = folder.join(DEFINITION);
        match self.disk().unlink(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(self.keep(KeepError::io(&path, "unlink", source))),
            Ok(()) => {
                let synced = self.disk().sync_folder(&folder, Site("state.definition"));
                synced.map_err(|source| self.keep(KeepError::io(&folder, "sync", source)))
            }
        }
    }

    /// Gives up a stream: once this is answered, no crash brings it back.
    pub(crate) fn bury_alone(&self, stream: &str) -> Result<Tomb, StateError> {
        let streams = Path::new(STREAMS);
        let from = streams.join(folder_of(stream));
        let to = streams.join(format!("{TOMB}{:032x}", random()));
        failpoint("bury.before");
        match self.disk().rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StateError::Unknown { stream: stream.to_owned() });
            }
            other => other.map_err(|source| self.keep(KeepError::io(&from, "rename", source)))?,
        }
        failpoint("bury.rename");
        let synced = self.disk().sync_folder(streams, Site("state.abandon"));
        synced.map_err(|source| self.keep(KeepError::io(streams, "sync", source)))?;
        failpoint("bury.after");
        Ok(Tomb(to))
    }

    /// Removes what was given up. What cannot be is removed at the next start.
    pub(crate) fn take_away(&self, tomb: &Tomb) {
        if let Err(error) = remove(self.disk(), tomb.path()) {
            tracing::warn!(%error, "what is left of a stream that was given up takes space until the host starts again");
        }
    }

    /// How many records a stream holds, as far as that can be read.
    pub(crate) fn held(&self, stream: &str) -> u64 {
        self.inspection().stream(stream, Depth::Newest).records()
    }

    fn keep(&self, source: KeepError) -> StateError {
        StateError::Keep { path: self.path().to_path_buf(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(folder: &tempfile::TempDir) -> State {
        State::open(folder.path(), Some(1 << 30)).unwrap()
    }

    #[test]
    fn a_definition_is_there_again_and_another_incarnation_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let first = state(&folder);
        first.begin("web", "one").unwrap();
        first.begin(".dots", "two").unwrap();
        let incarnation = first.home("web").unwrap().incarnation;
        first.define("web", "three").unwrap();
        drop(first);

        let again = state(&folder);
        let mut found = again.definitions().unwrap();
        found.sort();
        assert_eq!(found, [(".dots".to_owned(), "two".to_owned()), ("web".to_owned(), "three".to_owned())]);
        assert_eq!(again.home("web").unwrap().incarnation, incarnation);

        let tomb = again.bury_alone("web").unwrap();
        assert_eq!(again.definitions().unwrap().len(), 1);
        again.take_away(&tomb);
        assert!(matches!(again.bury_alone("web"), Err(StateError::Unknown { .. })));
        again.begin("web", "four").unwrap();
        assert_ne!(again.home("web").unwrap().incarnation, incarnation);
        again.undefine("web").unwrap();
        again.undefine("web").unwrap();
        assert_eq!(again.definitions().unwrap().len(), 1);
    }

    #[test]
    fn what_a_crash_left_of_a_stream_that_was_not_there_yet_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        let left = folder.path().join("streams/web");
        std::fs::create_dir_all(&left).unwrap();
        std::fs::write(left.join("definition.new"), "half").unwrap();
        assert_eq!(state.definitions().unwrap(), []);
        state.begin("web", "whole").unwrap();
        assert_eq!(state.definitions().unwrap(), [("web".to_owned(), "whole".to_owned())]);
        let names: Vec<_> = std::fs::read_dir(folder.path().join("streams")).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
}
