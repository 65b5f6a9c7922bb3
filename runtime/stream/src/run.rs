use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use standpipe_format::{Attempt, Place, write_failed};
use standpipe_plugin::{Chain, Step};
use standpipe_record::{Batch, Failure, Outcomes};
use standpipe_source::{Refused, Source};

use crate::deliver::deliver;
use crate::parcel::{Parcel, Role};
use crate::progress::add;
use crate::reading::{Given, read_all};
use crate::{Error, Plan};

/// How long a plugin that cannot be started is tried again when the source is to be drained.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// How often a stream that waits looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Asks streams to stop: to read no more, deliver what they hold, and give up at the deadline.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    asked: AtomicBool,
    deadline: Mutex<Option<Instant>>,
}

impl Stop {
    /// Asks, and allows `patience` for deliveries under way.
    pub fn ask(&self, patience: Duration) {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + patience);
        self.0.asked.store(true, Ordering::Release);
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Acquire)
    }

    pub(crate) fn is_overdue(&self) -> bool {
        let deadline = *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_asked() && deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// Runs a stream on this thread until its source has ended, or it is asked to stop, and everything that it read
/// is delivered. Deliveries run on `runtime`.
pub fn run(plan: &Plan, runtime: &tokio::runtime::Handle, stop: &Stop) -> Result<(), Error> {
    let failed = |source| Error::Source { stream: plan.name.clone(), source };
    let source = match &plan.source {
        Some(path) => Source::open(path).map_err(failed)?,
        None => Source::stdin(),
    };
    runtime.block_on(plan.sink.probe(&plan.bucket)).map_err(|source| Error::Sink {
        stream: plan.name.clone(),
        source,
        records: 0,
    })?;
    let (to, from) = sync_channel(1);
    let (clock, asked) = (Arc::clone(&plan.clock), stop.clone());
    std::thread::Builder::new()
        .name(format!("read {}", plan.name))
        .spawn(move || read_all(source, &clock, &asked, &to))
        .map_err(|source| Error::Thread { stream: plan.name.clone(), source })?;

    let mut lane = Lane::new(plan, runtime, stop);
    let mut broken = None;
    loop {
        match from.recv_timeout(lane.wait()) {
            Ok(Ok(given)) => lane.take(&given)?,
            Ok(Err(error)) => broken = Some(error),
            // Asked to stop, the reader reads no more; what it has read is in the channel or on its way there.
            // Where it waits for input that does not come, the silence says that nothing is.
            Err(RecvTimeoutError::Timeout) if stop.is_asked() => break,
            Err(RecvTimeoutError::Timeout) => lane.chain.idle(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        lane.seal_due()?;
    }
    lane.seal_all()?;
    match broken {
        Some(source) => Err(Error::Source { stream: plan.name.clone(), source }),
        None => Ok(()),
    }
}

/// One ordered share of a stream: here all of it.
struct Lane<'a> {
    plan: &'a Plan,
    runtime: &'a tokio::runtime::Handle,
    stop: &'a Stop,
    chain: Chain,
    outcomes: Outcomes,
    outputs: Option<Parcel>,
    errors: Option<Parcel>,
    entropy: Entropy,
}

impl<'a> Lane<'a> {
    fn new(plan: &'a Plan, runtime: &'a tokio::runtime::Handle, stop: &'a Stop) -> Self {
        Self {
            plan,
            runtime,
            stop,
            chain: Chain::new(plan.plugins.iter().cloned()),
            outcomes: Outcomes::default(),
            outputs: None,
            errors: None,
            entropy: Entropy::new(),
        }
    }

    /// Transforms a batch and gathers what became of it.
    fn take(&mut self, given: &Given) -> Result<(), Error> {
        add(&self.plan.progress.read, given.batch.len() + given.refused.len());
        if !given.batch.is_empty() {
            self.transform(&given.batch)?;
        }
        self.gather_refused(&given.refused)
    }

    fn transform(&mut self, batch: &Batch) -> Result<(), Error> {
        self.chain.begin();
        self.outcomes.clear();
        let began = Instant::now();
        let mut pause = LOOK;
        loop {
            match self.chain.step(batch, &mut self.outcomes) {
                Ok(Step::More) => {}
                Ok(Step::Part) => self.gather(batch)?,
                Ok(Step::Done) => return self.gather(batch),
                Err(source) => {
                    tracing::error!(stream = %self.plan.name, error = %source, "the plugin cannot be started; the stream waits");
                    if began.elapsed() >= START_PATIENCE || self.stop.is_asked() {
                        let records = batch.len() as u64 + self.open_records();
                        return Err(Error::Plugin { stream: self.plan.name.clone(), source, records });
                    }
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    /// Takes over what became of a part of the batch.
    fn gather(&mut self, batch: &Batch) -> Result<(), Error> {
        let progress = &self.plan.progress;
        add(&progress.outputs, self.outcomes.outputs.len());
        add(&progress.dropped, self.outcomes.dropped.len());
        add(&progress.failed, self.outcomes.failed.len());
        self.gather_outputs()?;
        self.gather_failures(batch)?;
        self.outcomes.clear();
        Ok(())
    }

    fn gather_outputs(&mut self) -> Result<(), Error> {
        let outputs = std::mem::take(&mut self.outcomes.outputs);
        let mut from = 0;
        while from < outputs.len() {
            let rest = outputs.view().slice(from..outputs.len());
            let oldest = rest.arrival_ms().first().copied().unwrap_or_default();
            let plan = self.plan;
            let parcel = self.outputs.get_or_insert_with(|| Parcel::open(Role::Destination, plan, oldest));
            from += parcel.add(rest, plan.delimiter, plan.size);
            if parcel.is_full(plan.size) {
                let full = self.outputs.take();
                self.send(full)?;
            }
        }
        Ok(())
    }

    fn gather_failures(&mut self, batch: &Batch) -> Result<(), Error> {
        let failures = std::mem::take(&mut self.outcomes.failed);
        for failure in &failures {
            let record = failure.index as usize;
            let raw = batch.get(record).unwrap_or_default();
            let arrival = batch.arrival_ms().get(record).copied().unwrap_or_default();
            self.fail(raw, failure, arrival, None)?;
        }
        Ok(())
    }

    fn gather_refused(&mut self, refused: &[Refused]) -> Result<(), Error> {
        add(&self.plan.progress.failed, refused.len());
        for line in refused {
            let place = Place { offset: line.offset, length: line.length };
            self.fail(&line.head, &line.failure(0), line.arrival_ms, Some(place))?;
        }
        Ok(())
    }

    fn fail(
        &mut self,
        raw: &[u8],
        failure: &Failure,
        arrival_ms: u64,
        place: Option<Place>,
    ) -> Result<(), Error> {
        let plan = self.plan;
        let attempt = Attempt { arrival_ms, ended_ms: plan.clock.now_ms() };
        let parcel = self.errors.get_or_insert_with(|| Parcel::open(Role::ErrorOutput, plan, arrival_ms));
        parcel.add_line(arrival_ms, |out| write_failed(out, raw, failure, attempt, place));
        if parcel.is_full(plan.size) {
            let full = self.errors.take();
            self.send(full)?;
        }
        Ok(())
    }

    /// How long to wait for more before a parcel is due.
    fn wait(&self) -> Duration {
        let open = [&self.outputs, &self.errors].into_iter().flatten();
        open.map(|parcel| parcel.due_in(self.plan.interval)).fold(LOOK, Duration::min)
    }

    fn seal_due(&mut self) -> Result<(), Error> {
        let interval = self.plan.interval;
        for role in [Role::Destination, Role::ErrorOutput] {
            let place = self.place(role);
            if place.as_ref().is_some_and(|parcel| parcel.due_in(interval).is_zero()) {
                let due = place.take();
                self.send(due)?;
            }
        }
        Ok(())
    }

    fn seal_all(&mut self) -> Result<(), Error> {
        for role in [Role::Destination, Role::ErrorOutput] {
            let open = self.place(role).take();
            self.send(open)?;
        }
        Ok(())
    }

    fn place(&mut self, role: Role) -> &mut Option<Parcel> {
        match role {
            Role::Destination => &mut self.outputs,
            Role::ErrorOutput => &mut self.errors,
        }
    }

    fn open_records(&self) -> u64 {
        [&self.outputs, &self.errors].into_iter().flatten().map(|parcel| parcel.records).sum()
    }

    fn send(&mut self, parcel: Option<Parcel>) -> Result<(), Error> {
        let Some(parcel) = parcel else { return Ok(()) };
        let entropy = &mut self.entropy;
        let sealed = parcel.seal(self.plan, &mut || entropy.next());
        let sent = deliver(self.plan, self.runtime, self.stop, &sealed, &mut || entropy.next());
        sent.map_err(|error| match error {
            Error::Sink { stream, source, records } => {
                Error::Sink { stream, source, records: records + self.open_records() }
            }
            other => other,
        })
    }
}

/// Random numbers for names: a counter through a hash whose key the operating system gave.
struct Entropy {
    key: RandomState,
    count: u64,
}

impl Entropy {
    fn new() -> Self {
        Self { key: RandomState::new(), count: 0 }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        let mut hasher = self.key.build_hasher();
        hasher.write_u64(self.count);
        hasher.finish()
    }
}
