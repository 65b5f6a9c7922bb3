//! What the API made, brought back when a host starts, and planned anew when its config changes.

use std::sync::Arc;

use standpipe_spec::{Config, Lambda};
use standpipe_stream::{Metrics, Plan, Planner, State, StateError, StreamMetrics};

use super::{Book, Definition};
use crate::destination;

/// Why the streams of the API cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MadeError {
    /// The state folder cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// What is there of a stream is not what was written.
    #[error(
        "the definition of stream `{stream}`, which the API made, {why}; give the stream up with `--abandon {stream}`"
    )]
    Definition {
        /// The stream.
        stream: String,
        /// Half a sentence.
        why: String,
    },
    /// It is about to be gone.
    #[error(
        "stream `{stream}`, which the API made, was deleted and is not gone yet: reload once it is, or delete it again"
    )]
    Deleting {
        /// The stream.
        stream: String,
    },
    /// The config does not have what a stream wants.
    #[error(
        "stream `{stream}`, which the API made, cannot run by this config: {why}; or give the stream up: delete it by the \
         API, or start with `--abandon {stream}`"
    )]
    Plan {
        /// The stream.
        stream: String,
        /// What is missing, and what to do.
        why: String,
    },
}

impl MadeError {
    /// What to do about it.
    pub fn kind(&self) -> standpipe_record::Kind {
        match self {
            Self::State(_) | Self::Plan { .. } => standpipe_record::Kind::Invalid,
            Self::Deleting { .. } => standpipe_record::Kind::Retry,
            Self::Definition { .. } => standpipe_record::Kind::Corrupt,
        }
    }
}

impl Book {
    /// Reads what is in a state folder. Those that were about to be gone are named apart: they are to be given up.
    pub fn read(state: &State) -> Result<(Self, Vec<String>), MadeError> {
        let (book, mut going) = (Self::default(), Vec::new());
        for (stream, text) in state.definitions()? {
            match Definition::read(&text) {
                Ok(definition) if definition.deleting => going.push(stream),
                Ok(definition) => book.restore(stream, definition, text.len()),
                Err(why) => return Err(MadeError::Definition { stream, why }),
            }
        }
        Ok((book, going))
    }

    /// Plans of all streams but those of the config. One that is about to be gone cannot be the config's.
    pub fn plans(
        &self,
        planner: &Planner,
        config: &Config,
        metrics: &Metrics,
    ) -> Result<Vec<Plan>, MadeError> {
        let mut plans = Vec::new();
        for (name, made) in self.streams().iter() {
            let definition = made.now();
            match (config.streams.contains_key(name), definition.deleting) {
                (true, true) => return Err(MadeError::Deleting { stream: name.clone() }),
                (false, false) => {}
                _ => continue,
            }
            let plan = plan(name, &definition, planner, &config.lambda, metrics.stream(name));
            plans.push(plan.map_err(|why| MadeError::Plan { stream: name.clone(), why })?);
        }
        Ok(plans)
    }

    /// Leaves streams that are in the config, too, to the config, with all that they hold. Returns their names.
    pub fn give_to(&self, config: &Config, state: &State) -> Result<Vec<String>, StateError> {
        let of_config = |name: &&String| config.streams.contains_key(*name);
        let given: Vec<String> = self.streams().keys().filter(of_config).cloned().collect();
        let mut failed = None;
        for name in &given {
            match state.undefine(name) {
                Ok(()) => self.leave(name),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(given), Err)
    }
}

/// A plan of a stream that the API made. A failure is what to tell.
pub(crate) fn plan(
    name: &str,
    definition: &Definition,
    planner: &Planner,
    lambda: &Lambda,
    metrics: Arc<StreamMetrics>,
) -> Result<Plan, String> {
    let stream = destination::stream(name, &definition.destination, lambda).map_err(|fault| fault.message)?;
    planner.plan(&stream, definition.version, metrics).map_err(|findings| {
        let told: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
        told.join("; ")
    })
}
