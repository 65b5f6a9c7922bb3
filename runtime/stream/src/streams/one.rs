//! One stream that is made, changed or given up while the others go on.

use std::sync::{Arc, PoisonError};

use standpipe_sink::{Begun, Sink};

use super::Streams;
use crate::Plan;
use crate::state::StateError;

impl Streams {
    /// Makes a stream, with what `definition` says for whoever reads it at the next start. It is there, and stays, once
    /// this is answered. Its name must not be taken.
    pub fn create(&self, plan: Plan, definition: &str) -> Result<(), StateError> {
        let _no_other = self.shared.changing.read().unwrap_or_else(PoisonError::into_inner);
        let plan = Arc::new(plan);
        self.shared.state.begin(&plan.name, definition)?;
        self.start(Arc::clone(&plan)).inspect_err(|_| drop(self.shared.state.undo(&plan.name)))
    }

    /// Has a stream have another definition, and run on as it does.
    pub fn redefine(&self, stream: &str, definition: &str) -> Result<(), StateError> {
        self.shared.state.define(stream, definition)
    }

    /// Has a stream run by another plan. Blocks until it does.
    pub fn replace(&self, plan: Plan) -> Result<(), StateError> {
        let _no_other = self.shared.changing.read().unwrap_or_else(PoisonError::into_inner);
        let plan = Arc::new(plan);
        match self.get(&plan.name) {
            Some(running) if running.plan.is_like(&plan) && !running.is_down() => Ok(()),
            Some(running) => {
                running.hand_over();
                self.start_in_place_of(&running, &plan)
            }
            None => self.start_again(&plan),
        }
    }

    /// Has a stream that is about to be removed end, and starts it never again.
    pub fn give_up(&self, stream: &str) {
        if let Some(running) = self.get(stream) {
            running.give_up();
        }
    }

    /// Waits until such a stream has let go, which may be long: a plugin may be at work.
    pub fn wait_given_up(&self, stream: &str) {
        if let Some(running) = self.get(stream) {
            running.ending.wait_ended();
        }
    }

    /// Removes a stream that was given up, with all that it holds, undelivered records, too. Returns how many these were.
    /// Once this is answered, it is gone for good, and its name is free.
    pub fn remove(&self, stream: &str) -> Result<u64, StateError> {
        let _no_other = self.shared.changing.read().unwrap_or_else(PoisonError::into_inner);
        let state = &self.shared.state;
        let Some(running) = self.get(stream) else {
            // It never ran, or somebody was here before.
            state.undo(stream)?;
            return Ok(0);
        };
        running.give_up();
        running.ending.wait_ended();
        let (held, uploads) = (state.held(stream), state.uploads(stream));
        let uploads = uploads.unwrap_or_else(|error| {
            tracing::warn!(stream, %error, "its uploads may be left in the bucket");
            Vec::new()
        });
        let tomb = state.bury_alone(stream)?;
        self.book().remove(stream);
        running.ending.leave();
        let streams = self.clone();
        self.abort(uploads, Arc::clone(&running.plan.sink), move || {
            if let Some(tomb) = tomb {
                streams.state().take_away(&tomb);
            }
        });
        Ok(held)
    }

    /// Removes what was given up before this host began. Nothing waits for it.
    pub fn clear_away(&self, sink: Arc<dyn Sink>) -> Result<(), StateError> {
        let (uploads, streams) = (self.state().uploads_given_up()?, self.clone());
        self.abort(uploads, sink, move || {
            if let Err(error) = streams.state().bury() {
                tracing::warn!(%error, "what is left of streams that were given up takes space");
            }
        });
        Ok(())
    }

    /// Has uploads forgotten, and does `then`. One that cannot be is named: its parts may cost something.
    fn abort(&self, uploads: Vec<Begun>, sink: Arc<dyn Sink>, then: impl FnOnce() + Send + 'static) {
        self.shared.workers.runtime.spawn(async move {
            for begun in &uploads {
                if let Err(error) = sink.abort(begun).await {
                    tracing::warn!(upload = begun.id, %error, "an upload is left in the bucket");
                }
            }
            tokio::task::spawn_blocking(then);
        });
    }
}
