//! What all requests share, and what a reload puts in its place.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use standpipe_spec as spec;
use standpipe_stream::{Metrics, Planner, Streams};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Access;
use crate::admission::Admission;
use crate::made::{Book, Still};
use crate::rate::Limiter;

/// Requests at a time that make, change or delete streams.
const TURNS: usize = 32;
/// How long such a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// The API of a host. A clone is the same.
#[derive(Debug, Clone)]
pub struct Api {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) streams: Streams,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) admission: Arc<Admission>,
    book: Book,
    /// Turns of requests that may wait for others: puts have the rest of the threads.
    turns: Arc<Semaphore>,
    settings: RwLock<Arc<Settings>>,
}

/// What may change while the host runs.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) access: Arc<Access>,
    pub(crate) account: String,
    pub(crate) region: String,
    /// What stands in for Lambda functions.
    pub(crate) lambda: spec::Lambda,
    planner: Planner,
    /// The streams of the config by name.
    pub(crate) streams: BTreeMap<String, Served>,
}

/// A stream as the API sees it.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) said: spec::Stream,
    pub(crate) limiter: Limiter,
}

impl Settings {
    /// Reads what the config says, and the secrets that it refers to. A failure is one sentence.
    /// `planner` plans streams with the plugins of that config.
    pub fn read(config: &spec::Config, planner: Planner) -> Result<Self, String> {
        let now = Instant::now();
        let served =
            |stream: &spec::Stream| Served { said: stream.clone(), limiter: Limiter::new(stream.rate, now) };
        Ok(Self {
            access: Arc::new(Access::read(&config.keys)?),
            account: config.api.account.clone(),
            region: config.api.region.clone(),
            lambda: config.lambda.clone(),
            planner,
            streams: config.streams.iter().map(|(name, stream)| (name.clone(), served(stream))).collect(),
        })
    }

    /// Its keys.
    pub fn access(&self) -> Arc<Access> {
        Arc::clone(&self.access)
    }

    pub(crate) fn planner(&self) -> &Planner {
        &self.planner
    }

    /// The name of a stream among all of AWS.
    pub(crate) fn arn(&self, stream: &str) -> String {
        let Self { account, region, .. } = self;
        format!("arn:aws:firehose:{region}:{account}:deliverystream/{stream}")
    }
}

impl Api {
    /// An API for these streams, whose requests may hold `memory` bytes. `book` has those that an API made before.
    pub fn new(streams: Streams, metrics: Arc<Metrics>, settings: Settings, book: Book, memory: u64) -> Self {
        let settings = RwLock::new(Arc::new(settings));
        let (admission, turns) = (Admission::new(memory), Arc::new(Semaphore::new(TURNS)));
        Self { shared: Arc::new(Shared { streams, metrics, admission, book, turns, settings }) }
    }

    /// The streams that it made.
    pub fn book(&self) -> &Book {
        &self.shared.book
    }

    /// Has it make, change and delete no stream until what this gives is dropped.
    pub fn hold_still(&self) -> Still<'_> {
        self.shared.book.hold_still()
    }

    /// Waits for its turn, without a thread. None if none comes in time.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.shared.turns).acquire_owned();
        tokio::time::timeout(PATIENCE, turn).await.ok()?.ok()
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.shared.streams
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// What holds now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.shared.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has other keys hold from the next request on: one that was revoked waits for nothing else. Returns those before.
    pub fn change_keys(&self, access: Arc<Access>) -> Arc<Access> {
        let mut held = self.shared.settings.write().unwrap_or_else(PoisonError::into_inner);
        let before = Arc::clone(&held.access);
        *held = Arc::new(Settings { access, ..Settings::clone(&held) });
        before
    }

    /// Has other settings hold from the next request on. Rates that are the same go on as they are.
    pub fn change(&self, mut settings: Settings) {
        let mut held = self.shared.settings.write().unwrap_or_else(PoisonError::into_inner);
        for (name, served) in &mut settings.streams {
            if let Some(before) = held.streams.get(name).filter(|before| before.said.rate == served.said.rate)
            {
                served.limiter = before.limiter.clone();
            }
        }
        *held = Arc::new(settings);
    }
}
