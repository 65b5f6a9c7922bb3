//! Streams that the API makes: a file each, `definition`, in the stream's folder beside its incarnation: CRC-32C of what
//! follows in eight hex digits, a space, and a text. What that says is for whoever makes them to know.
//!
//! A stream is there once its definition is, and gone once its folder has another name. Whatever a crash leaves of one
//! that was not there yet is taken for nothing.

use std::io;
use std::path::{Path, PathBuf};

use standpipe_log::{Site, failpoint};

use crate::home::keep_text;
use crate::inspect::{Depth, list};
use crate::keeper::KeepError;
use crate::state::{STREAMS, State, StateError, TOMB, folder_of, random, remove, stream_of};

pub(crate) const DEFINITION: &str = "definition";
/// The most bytes of a definition.
pub const MAX_DEFINITION_BYTES: usize = 128 << 10;
/// Bytes before the text.
const HEAD: usize = 9;
/// What there is of a stream before its definition.
const LEFT: [&str; 3] = ["incarnation", "incarnation.new", "definition.new"];

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
            if let Some(text) = self.read(&path).map_err(|source| self.keep(source))? {
                found.push((stream_of(&folder.name), text));
            }
        }
        Ok(found)
    }

    /// Removes what a crash left of streams that were not there yet: they have neither a definition nor a lane. Before any
    /// stream runs.
    pub fn sweep(&self) -> Result<(), StateError> {
        let folders = list(self.disk(), Path::new(STREAMS)).map_err(|source| self.keep(source))?;
        for folder in folders.iter().filter(|item| item.is_folder && !item.name.starts_with(TOMB)) {
            let path = Path::new(STREAMS).join(&folder.name);
            let items = list(self.disk(), &path).map_err(|source| self.keep(source))?;
            if items.iter().all(|item| LEFT.contains(&item.name.as_str())) {
                remove(self.disk(), &path).map_err(|source| self.keep(source))?;
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<Option<String>, KeepError> {
        let file = match self.disk().open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|source| KeepError::io(path, "open", source))?,
        };
        let mut bytes = vec![0; MAX_DEFINITION_BYTES + HEAD + 1];
        let length = file.read_at(0, &mut bytes).map_err(|source| KeepError::io(path, "read", source))?;
        bytes.truncate(length);
        let corrupt = || KeepError::corrupt(path, "it is not what was written");
        let text = String::from_utf8(bytes).map_err(|_| corrupt())?;
        let (sum, text) = text.split_at_checked(HEAD).ok_or_else(corrupt)?;
        (sum == head(text)).then(|| Some(text.to_owned())).ok_or_else(corrupt)
    }

    fn write(&self, folder: &Path, definition: &str) -> Result<(), KeepError> {
        keep_text(self.disk(), folder, DEFINITION, &format!("{}{definition}", head(definition)))
    }

    /// Has a stream be there from now on: empty, and another incarnation than any before it. One of this name that holds
    /// something is in the way.
    pub(crate) fn begin(&self, stream: &str, definition: &str) -> Result<(), StateError> {
        let folder = Path::new(STREAMS).join(folder_of(stream));
        if !list(self.disk(), &folder).map_err(|source| self.keep(source))?.is_empty() {
            // Of a stream of the config that is gone, or of one that was not there yet when the host fell.
            self.holds_nothing(stream)?;
            if let Some(tomb) = self.bury_alone(stream)? {
                self.take_away(&tomb);
            }
        }
        self.make(&folder, definition).map_err(|source| {
            // What is wrong is told already.
            let _ = self.undo(stream);
            self.keep(source)
        })
    }

    fn make(&self, folder: &Path, definition: &str) -> Result<(), KeepError> {
        let streams = Path::new(STREAMS);
        for made in [streams, folder] {
            self.disk().create_folder(made).map_err(|source| KeepError::io(made, "create", source))?;
        }
        let incarnation = format!("{:032x}\n", random());
        failpoint("begin.before");
        keep_text(self.disk(), folder, "incarnation", &incarnation)?;
        failpoint("begin.incarnation");
        self.write(folder, definition)?;
        failpoint("begin.rename");
        for (synced, site) in [
            (folder, Site("state.definition")),
            (streams, Site("state.stream")),
            (Path::new(""), Site("state.streams")),
        ] {
            let sync = self.disk().sync_folder(synced, site);
            sync.map_err(|source| KeepError::io(synced, "sync", source))?;
        }
        failpoint("begin.after");
        Ok(())
    }

    /// Takes away a stream that does not run: nobody is to find at the next start what could not be made.
    pub(crate) fn undo(&self, stream: &str) -> Result<(), StateError> {
        if let Some(tomb) = self.bury_alone(stream)? {
            self.take_away(&tomb);
        }
        Ok(())
    }

    /// Has a stream that is there have another definition.
    pub fn define(&self, stream: &str, definition: &str) -> Result<(), StateError> {
        let folder = Path::new(STREAMS).join(folder_of(stream));
        failpoint("define.before");
        self.write(&folder, definition).map_err(|source| self.keep(source))?;
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

    /// Gives up a stream: once this is answered, no crash brings it back. None if it was given up before, by somebody
    /// who could not tell whether that would last.
    pub(crate) fn bury_alone(&self, stream: &str) -> Result<Option<Tomb>, StateError> {
        let streams = Path::new(STREAMS);
        let from = streams.join(folder_of(stream));
        let to = streams.join(format!("{TOMB}{:032x}", random()));
        failpoint("bury.before");
        let tomb = match self.disk().rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            renamed => {
                renamed.map_err(|source| self.keep(KeepError::io(&from, "rename", source)))?;
                Some(Tomb(to))
            }
        };
        failpoint("bury.rename");
        let synced = self.disk().sync_folder(streams, Site("state.abandon"));
        synced.map_err(|source| self.keep(KeepError::io(streams, "sync", source)))?;
        failpoint("bury.after");
        Ok(tomb)
    }

    /// The same, and leaves it to [`bury`](Self::bury) to remove what there is.
    pub fn give_up(&self, stream: &str) -> Result<(), StateError> {
        self.bury_alone(stream).map(drop)
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

fn head(text: &str) -> String {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, text.as_bytes());
    format!("{sum:08x} ")
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

        let tomb = again.bury_alone("web").unwrap().unwrap();
        assert_eq!(again.definitions().unwrap().len(), 1);
        again.take_away(&tomb);
        assert!(again.bury_alone("web").unwrap().is_none());
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
        state.sweep().unwrap();
        assert!(!left.exists());
        std::fs::create_dir_all(&left).unwrap();
        state.begin("web", "whole").unwrap();
        state.sweep().unwrap();
        assert_eq!(state.definitions().unwrap(), [("web".to_owned(), "whole".to_owned())]);
        std::fs::create_dir_all(folder.path().join("streams/held/lane-0/parcels")).unwrap();
        std::fs::write(folder.path().join("streams/held/lane-0/parcels/1"), "bytes").unwrap();
        state.begin("held", "what is in the way stays").unwrap_err();
        assert!(folder.path().join("streams/held/lane-0/parcels/1").exists());
        std::fs::remove_dir_all(folder.path().join("streams/held")).unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path().join("streams")).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[test]
    fn a_definition_that_is_not_what_was_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        state.begin("web", "{\"a\":1}").unwrap();
        let path = folder.path().join("streams/web/definition");
        let good = std::fs::read(&path).unwrap();
        let cut = good.len() - 1;
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x80;
            std::fs::write(&path, &bad).unwrap();
            let error = state.definitions().unwrap_err().to_string();
            assert!(error.contains("`streams/web/definition` is corrupt"), "{error}");
        }
        std::fs::write(&path, &good[..cut]).unwrap();
        state.definitions().unwrap_err();
        std::fs::write(&path, [&good[..], &vec![b' '; MAX_DEFINITION_BYTES]].concat()).unwrap();
        state.definitions().unwrap_err();
        std::fs::write(&path, &good).unwrap();
        assert_eq!(state.definitions().unwrap().len(), 1);
    }

    #[test]
    fn half_of_what_was_given_up_is_removed_like_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        let tomb = folder.path().join("streams/.abandoned-0");
        std::fs::create_dir_all(tomb.join("lane-0/journal")).unwrap();
        std::fs::write(tomb.join("lane-0/journal/00000000000000000001.journal"), [7; 100]).unwrap();
        assert_eq!(state.uploads_given_up().unwrap().len(), 0);
        state.bury().unwrap();
        assert!(!tomb.exists());
    }
}
