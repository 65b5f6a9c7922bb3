use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use standpipe_format::split::{Deaggregate, Rules};
use standpipe_format::{Compression, Delimiter, Layout, Partitioning, Prefix, Prefixes};
use standpipe_log::testing::{Fault, Loss, MemoryDisk, Rng};
use standpipe_log::{Append, Log, Quota, RequestId, SourceRange, Span};
use standpipe_record::{Batch, Kind, ManualClock};
use standpipe_sink::Sink;
use standpipe_sink::testing::Memory;

use super::check::{Checked, check};
use super::transform::{Fates, Whim};
use crate::Plan;
use crate::home::{Home, LaneHome};
use crate::keeper::{KeepError, Keeper};
use crate::lane::{AdvanceError, Lane, Take};
use crate::parcel::{Cut, hex};
use crate::plan::{Backs, Backup, Outlet, Overflow, Partitions, testing};

const ACTIONS: usize = 90;
/// It dies of a power cut twice at most.
const LIVES: usize = 10;
/// Records of files have numbers of their own: this times the file's, and where in it they are.
pub(super) const FILE: u64 = 1_000_000;
/// The bucket of source records.
pub(super) const BACKUP: &str = "raw";

/// The numbers of a record's parts.
pub(super) fn parts(number: u64, splits: bool) -> std::ops::Range<u64> {
    let parts = if splits { 1 + number % 3 } else { 1 };
    4 * number..4 * number + parts
}

/// A record: the same number is the same line, whenever it is read.
pub(super) fn line(number: u64, splits: bool) -> String {
    let padding = ".".repeat(usize::try_from(number % 80).unwrap());
    let parts: Vec<String> = parts(number, splits).map(|part| format!("{part}{padding}")).collect();
    parts.join("|")
}

/// A stream with everything around it, driven by one seed.
pub(super) struct World {
    rng: Rng,
    disk: MemoryDisk,
    sink: Arc<Memory>,
    clock: Arc<ManualClock>,
    fates: Fates,
    skipped: Option<&'static str>,
    /// Numbers of records that were answered for, or that a later life knew of.
    accepted: Vec<u64>,
    /// Requests that were answered.
    answered: Vec<RequestId>,
    /// Requests that were tried and not answered: whoever made them may try again.
    tried: Vec<(RequestId, Vec<u64>)>,
    /// How far files are durable for certain, and how far they were ever written.
    files: [(u64, u64); 2],
    next: u64,
    runs: u64,
    /// Whether there are partitions at times.
    parted: bool,
    /// How many values the first partition key has.
    spread: u64,
    /// Whether records hold several.
    splits: bool,
    backs: Backs,
}

/// How the first life ends, and perhaps the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Death {
    /// At which operation of the disk.
    pub(super) at: u64,
    /// What the disk says then; the power goes if it says nothing.
    pub(super) fault: Option<Fault>,
    /// What is lost with the first death. With a fault, nothing is: the lane is brought back by the same process.
    pub(super) loss: Loss,
    /// At which operation of the second life the power goes.
    pub(super) again: Option<u64>,
}

/// What lives between two crashes.
struct Life {
    plan: Arc<Plan>,
    lanes: Vec<LaneLife>,
    /// How many of them are filled; the others run until they are empty.
    filled: usize,
    /// The lane that each file is read into, and how far it is.
    reading: [(usize, u64); 2],
}

struct LaneLife {
    home: LaneHome,
    log: Log,
    lane: Lane<Whim>,
    keeper: Keeper,
    cuts: VecDeque<Cut>,
    unsynced: Vec<(Span, From, Vec<u64>)>,
}

/// Who gave some records.
#[derive(Clone, Copy)]
enum From {
    Request(RequestId),
    File(usize, u64),
}

/// The power went, or the disk refused: what is in memory is gone.
#[derive(Debug)]
struct Gone;

impl World {
    pub(super) fn new(seed: u64, skipped: Option<&'static str>) -> Self {
        Self {
            rng: Rng::new(seed ^ 0x5eed),
            disk: MemoryDisk::new(seed),
            sink: Arc::new(Memory::new()),
            clock: Arc::new(ManualClock::at(1_700_000_000_000)),
            fates: Fates::default(),
            skipped,
            accepted: Vec::new(),
            answered: Vec::new(),
            tried: Vec::new(),
            files: [(0, 0); 2],
            next: 0,
            runs: 0,
            parted: seed.is_multiple_of(3),
            spread: if seed.is_multiple_of(2) { 500 } else { 3 },
            splits: seed.is_multiple_of(3) && !seed.is_multiple_of(4),
            backs: match seed % 9 {
                0 | 3 => Backs::All,
                6 => Backs::Failed,
                _ => Backs::Nothing,
            },
        }
    }

    /// Lives through the seed's actions, with a power cut at an operation and perhaps another one so many
    /// operations later, then delivers everything. Returns the operations of the first life.
    pub(super) fn live(mut self, death: Option<Death>) -> Result<u64, String> {
        if let Some(Death { at, fault, .. }) = death {
            match fault {
                Some(fault) => self.disk.fail(move |call| (call.number == at).then_some(fault)),
                None => self.disk.cut_at(at),
            }
        }
        self.skip();
        let mut again = death.and_then(|death| death.again);
        let mut left = ACTIONS;
        let (mut first, mut first_death) = (None, true);
        for _ in 0..LIVES {
            let done = self.life(&mut left)?;
            first.get_or_insert(self.disk.operations());
            if done {
                let files = self.files.map(|(_, written)| written);
                let fates = self.fates.lock().unwrap();
                let world = Checked { spread: self.spread, splits: self.splits, backs: self.backs };
                check(&self.sink, &fates, &self.accepted, self.next, files, &world)?;
                return Ok(first.unwrap_or_default());
            }
            let loss = match death {
                Some(Death { fault: Some(_), .. }) if first_death => Loss::Nothing,
                Some(Death { loss, .. }) if first_death => loss,
                // What the first death left unsynced may be lost by a second one, during recovery.
                _ => Loss::Random,
            };
            first_death = false;
            self.disk = self.disk.crash(&mut self.rng, loss);
            if let Some(operations) = again.take() {
                self.disk.cut_at(operations);
            }
            self.skip();
        }
        Err("it dies again and again".into())
    }

    fn skip(&self) {
        if let Some(site) = self.skipped {
            self.disk.skip_syncs(move |call| call.site.is_some_and(|called| called.0 == site));
        }
    }

    /// One life of the process. True when all is done, false when it died.
    fn life(&mut self, left: &mut usize) -> Result<bool, String> {
        let mut life = match self.begin() {
            Ok(life) => life,
            Err(Ok(Gone)) => return Ok(false),
            Err(Err(wrong)) => return Err(format!("recovery: {wrong}")),
        };
        while *left > 0 {
            *left -= 1;
            match self.act(&mut life) {
                Ok(()) => {}
                Err(Ok(Gone)) => return Ok(false),
                Err(Err(wrong)) => return Err(wrong),
            }
        }
        match self.finish(&mut life) {
            Ok(()) => Ok(true),
            Err(Ok(Gone)) => Ok(false),
            Err(Err(wrong)) => Err(wrong),
        }
    }

    fn begin(&mut self) -> Result<Life, Result<Gone, String>> {
        let plan = Arc::new(self.plan());
        let home = Arc::new(Home {
            disk: Arc::new(self.disk.clone()),
            folder: PathBuf::from("streams/s"),
            state: 7,
            incarnation: 9,
            share: Quota::new(1 << 30, 1 << 20).share(),
            segment_bytes: 2_000,
            prepared: AtomicBool::new(false),
            preparing: std::sync::Mutex::default(),
        });
        let filled = plan.lanes as usize;
        let on_disk = died(home.lanes())?.last().map_or(0, |last| *last as usize + 1);
        let mut lanes = Vec::new();
        let (mut answers, mut places) = (Vec::new(), [0; 2]);
        for number in 0..filled.max(on_disk) {
            let home = home.lane(u32::try_from(number).unwrap());
            let mut recovered = died(Keeper::recover(&home))?;
            self.runs += 1_000_000;
            let whim = Whim {
                rng: Rng::new(self.rng.next_u64()),
                fates: Arc::clone(&self.fates),
                run: self.runs,
                next: 0,
                spread: self.spread,
            };
            answers.extend(recovered.answers.iter().map(|answer| answer.id.clone()));
            for (file, to) in &recovered.sources {
                let place = &mut places[usize::from(file[0])];
                *place = (*place).max(*to);
            }
            let lane = Lane::new(Arc::clone(&plan), home.lane, whim, &mut recovered);
            let (keeper, log) = (recovered.keeper, recovered.log);
            lanes.push(LaneLife { home, log, lane, keeper, cuts: VecDeque::new(), unsynced: Vec::new() });
        }
        if let Some(forgotten) = self.answered.iter().find(|id| !answers.contains(&hex(&id.0))) {
            return Err(Err(format!("the answer to {forgotten:?} is forgotten")));
        }
        for (number, (durable, written)) in self.files.iter_mut().enumerate() {
            let place = places[number];
            if place < *durable || place > *written {
                return Err(Err(format!(
                    "file {number} goes on at {place}, and {durable} of {written} are durable"
                )));
            }
            // Whatever is there counts from here on: nobody will read it again.
            self.accepted.extend((*durable..place).map(|at| (number as u64 + 1) * FILE + at));
            (*durable, *written) = (place, place);
        }
        self.repeat(&answers);
        let reading = places.map(|place| (self.rng.below(filled), place));
        Ok(Life { plan, lanes, filled, reading })
    }

    /// Those whose requests were not answered learn what became of them, and half of the others try again.
    fn repeat(&mut self, answers: &[String]) {
        for (id, numbers) in std::mem::take(&mut self.tried) {
            if answers.contains(&hex(&id.0)) {
                self.accepted.extend(numbers);
                self.answered.push(id);
            } else if self.rng.coin() {
                self.tried.push((id, numbers));
            }
        }
    }

    /// Between two lives the operator may change anything.
    fn plan(&mut self) -> Plan {
        let (prefix, keys) = [
            (format!("out/{}/", self.rng.below(3)), false),
            ("out/one/!{partitionKeyFromPlugin:k}/".into(), true),
            ("out/two/!{partitionKeyFromPlugin:j}/!{partitionKeyFromPlugin:k}/".into(), true),
            ("out/three/!{partitionKeyFromPlugin:k}/!{partitionKeyFromPlugin:j}/".into(), true),
        ][self.rng.below(if self.parted { 4 } else { 1 })]
        .clone();
        let error_output = "failed/!{firehose:error-output-type}/";
        let partitioning = keys.then_some(Partitioning { query: false, plugin: true });
        let prefixes = Prefixes::parse(Some(&prefix), Some(error_output), partitioning).unwrap();
        let overflow = [Overflow::Error, Overflow::CloseOldest][self.rng.below(2)];
        let max_active = [2, 500][self.rng.below(2)];
        let partitions = keys.then(|| Partitions::new(&prefixes, max_active, overflow, None));
        let in_backup = Prefix::parse("raw/", standpipe_format::Role::Backup).unwrap();
        let split = Rules { deaggregate: Some(Deaggregate::delimited(b"|").unwrap()), ..Rules::default() };
        let plain = testing::plan("s", "", Arc::clone(&self.sink) as Arc<dyn Sink>);
        let backup = Outlet { bucket: BACKUP.into(), ..self.outlet(&in_backup, &plain) };
        let backup = Backup { backs: self.backs, outlet: backup };
        let mut destination = self.outlet(prefixes.destination(), &plain);
        destination.layout.error_output = Some(prefixes.error_output().clone());
        Plan {
            lanes: 1 + u32::try_from(self.rng.below(3)).unwrap(),
            split: self.splits.then_some(split),
            destination,
            partitions,
            backup: (self.backs != Backs::Nothing).then_some(backup),
            clock: self.clock.clone(),
            ..plain
        }
    }

    fn outlet(&mut self, prefix: &Prefix, plain: &Plan) -> Outlet {
        let compression = if self.rng.coin() { Compression::Gzip } else { Compression::None };
        let layout = plain.destination.layout.clone();
        Outlet {
            layout: Layout { prefix: prefix.clone(), error_output: None, compression, ..layout },
            size: 60 + self.rng.below(400) as u64,
            interval: Duration::from_secs(60),
            delimiter: Delimiter::Newline,
            ..plain.destination.clone()
        }
    }

    fn act(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        let any = self.rng.below(life.lanes.len());
        match self.rng.below(12) {
            0..2 => self.request(life),
            2..4 => self.read(life),
            4 => self.sync(&mut life.lanes[any]),
            5..7 => advance(&mut life.lanes[any]).map(drop),
            7 => {
                self.clock.advance(self.rng.below(40_000) as u64);
                let what = [Take::All, Take::Due, Take::Due, Take::Freed, Take::Freed, Take::Nothing];
                let what = what[self.rng.below(what.len())];
                let lane = &mut life.lanes[any];
                let due = lane.lane.is_due(self.now()) || self.rng.coin();
                if due && lane.cuts.len() < 2 {
                    lane.cuts.extend(lane.lane.cut(what, self.now()));
                }
                Ok(())
            }
            8 => died(life.lanes[any].keeper.rest()),
            9 | 10 => commit(&mut life.lanes[any], &life.plan),
            _ => self.deliver(life, any).map(drop),
        }
    }

    fn now(&self) -> u64 {
        use standpipe_record::Clock;
        self.clock.now_ms()
    }

    /// A request with some records, new or tried before.
    fn request(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        let unsynced = life.lanes.iter().flat_map(|lane| &lane.unsynced);
        let under_way: Vec<RequestId> = unsynced.filter_map(|(_, from, _)| from.request()).collect();
        let lane = &mut life.lanes[self.rng.below(life.filled)];
        let again =
            self.tried.iter().position(|(id, _)| !under_way.contains(id) && !self.answered.contains(id));
        let (id, numbers) = match again.filter(|_| self.rng.coin()) {
            Some(again) => self.tried.remove(again),
            None => {
                let first = self.next;
                self.next += 1 + self.rng.below(7) as u64;
                (RequestId(u128::from(first).to_be_bytes()), (first..self.next).collect())
            }
        };
        self.tried.push((id, numbers.clone()));
        self.append(lane, From::Request(id), numbers)
    }

    /// Some lines of a file.
    fn read(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        let file = self.rng.below(2);
        let (lane, from) = life.reading[file];
        let to = from + 1 + self.rng.below(7) as u64;
        life.reading[file].1 = to;
        self.files[file].1 = to;
        let numbers = (from..to).map(|at| (file as u64 + 1) * FILE + at).collect();
        self.append(&mut life.lanes[lane], From::File(file, to), numbers)
    }

    fn append(
        &mut self,
        lane: &mut LaneLife,
        from: From,
        numbers: Vec<u64>,
    ) -> Result<(), Result<Gone, String>> {
        died(lane.home.prepare())?;
        let mut batch = Batch::new();
        for number in &numbers {
            batch.push(line(*number, self.splits).as_bytes(), self.now()).unwrap();
        }
        let range = match from {
            From::File(file, to) => {
                let identity = vec![u8::try_from(file).unwrap()];
                Some(SourceRange { identity, from: to - numbers.len() as u64, to })
            }
            From::Request(_) => None,
        };
        let append = Append { records: batch.view(), request: from.request(), source: range.as_ref() };
        let span = died(lane.log.write(&append).map_err(KeepError::Log))?;
        lane.unsynced.push((span, from, numbers));
        Ok(())
    }

    fn sync(&mut self, lane: &mut LaneLife) -> Result<(), Result<Gone, String>> {
        let Some((span, ..)) = lane.unsynced.last() else { return Ok(()) };
        died(lane.log.sync(*span).map_err(KeepError::Log))?;
        for (_, from, numbers) in lane.unsynced.drain(..) {
            self.accepted.extend(numbers);
            match from {
                From::File(file, to) => self.files[file].0 = to,
                From::Request(id) => {
                    self.tried.retain(|(tried, _)| *tried != id);
                    self.answered.push(id);
                }
            }
        }
        Ok(())
    }

    fn deliver(&mut self, life: &mut Life, lane: usize) -> Result<bool, Result<Gone, String>> {
        let keeper = &mut life.lanes[lane].keeper;
        let Some(about) = keeper.undelivered().next().cloned() else { return Ok(false) };
        let object = died(keeper.object(&about, &life.plan))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime
            .block_on(self.sink.deliver(&Arc::new(object), &()))
            .map_err(|error| Err(format!("delivery: {error}")))?;
        died(keeper.delivered(std::slice::from_ref(&about)))?;
        Ok(true)
    }

    /// Everything that was accepted goes its way.
    fn finish(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        for number in 0..life.lanes.len() {
            let lane = &mut life.lanes[number];
            self.sync(lane)?;
            while advance(lane)? || lane.lane.position() < lane.log.positions().durable {}
            lane.cuts.extend(lane.lane.cut(Take::All, self.now()));
            while !lane.cuts.is_empty() {
                commit(lane, &life.plan)?;
            }
            while self.deliver(life, number)? {}
        }
        Ok(())
    }
}

impl From {
    fn request(&self) -> Option<RequestId> {
        match self {
            Self::Request(id) => Some(*id),
            Self::File(..) => None,
        }
    }
}

fn advance(lane: &mut LaneLife) -> Result<bool, Result<Gone, String>> {
    match lane.lane.advance() {
        Ok(advanced) => Ok(advanced),
        Err(AdvanceError::Plugin(_)) => Ok(true),
        Err(AdvanceError::Keep(error)) => died(Err(error)),
    }
}

fn commit(lane: &mut LaneLife, plan: &Plan) -> Result<(), Result<Gone, String>> {
    match lane.cuts.pop_front() {
        Some(cut) => died(lane.keeper.commit(cut, plan)),
        None => Ok(()),
    }
}

/// What may pass means that this life is over; anything else is wrong.
fn died<T>(result: Result<T, KeepError>) -> Result<T, Result<Gone, String>> {
    result.map_err(|error| if error.kind() == Kind::Retry { Ok(Gone) } else { Err(error.to_string()) })
}
