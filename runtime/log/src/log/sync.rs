use std::io;
use std::sync::PoisonError;

use super::Shared;
use super::state::Fate;
use crate::segment::path_of;
use crate::{Error, Site, Span};

impl Shared {
    pub(super) fn sync(&self, span: Span) -> Result<(), Error> {
        self.announcing(|| self.commit(span))
    }

    /// Does `act` and then tells who listens if the durable end moved meanwhile. No lock may be held.
    pub(super) fn announcing<T>(&self, act: impl FnOnce() -> T) -> T {
        let Some(call) = self.on_durable.get() else { return act() };
        let before = self.state().positions.durable;
        let done = act();
        let after = self.state().positions.durable;
        if after > before {
            (call.0)(after);
        }
        done
    }

    /// Group commit. Whoever finds nobody in fsync goes there for all that is written by then; the others
    /// wait for it.
    pub(super) fn commit(&self, span: Span) -> Result<(), Error> {
        let mut state = self.state();
        loop {
            match state.fate(span) {
                Fate::Durable => return Ok(()),
                Fate::Lost(cause) => return Err(self.lost(span, cause)),
                Fate::Written => {}
            }
            if state.syncing {
                state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let Some(tail) = state.tail.clone() else {
                // What is written is in the tail; without one there is nothing to sync.
                return Err(self.lost(span, "its segment is not open".into()));
            };
            let (era, next) = (state.era, state.positions.written);
            state.syncing = true;
            drop(state);
            let synced = match tail.file {
                Some(file) => file.sync(Site("log.frames")),
                // A tail is closed only while all of it is durable.
                None => Err(io::Error::other("the segment is not open")),
            };
            state = self.state();
            state.syncing = false;
            // Nobody else ends an era, but a segment that is gone meanwhile is not moved either.
            match synced {
                Ok(()) if state.era == era => state.advance(tail.number, tail.written, next),
                Err(cause) if state.era == era => {
                    let path = path_of(&self.open.folder, tail.number);
                    tracing::warn!(segment = %path.display(), error = %cause, "sync failed, the segment is given up");
                    self.open.share.give_back(state.lose(cause.to_string()));
                }
                _ => {}
            }
            self.moved.notify_all();
        }
    }

    pub(super) fn lost(&self, span: Span, cause: String) -> Error {
        Error::Lost { folder: self.open.folder.clone(), first: span.first, end: span.end, cause }
    }
}
