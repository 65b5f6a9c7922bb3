use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine;
use standpipe_format::{Compression, Delimiter, Prefixes};
use standpipe_log::testing::{Fault, Loss, MemoryDisk, Rng};
use standpipe_log::{Append, Log, Quota, Span};
use standpipe_record::{Batch, Kind, ManualClock};
use standpipe_sink::Sink;
use standpipe_sink::testing::Memory;

use super::transform::{Fate, Fates, Whim};
use crate::Plan;
use crate::home::Home;
use crate::keeper::{KeepError, Keeper};
use crate::lane::{AdvanceError, Lane};
use crate::parcel::{Cut, Origin};

const ACTIONS: usize = 90;
/// It dies of a power cut twice at most.
const LIVES: usize = 10;

/// A lane with everything around it, driven by one seed.
pub(super) struct World {
    rng: Rng,
    disk: MemoryDisk,
    sink: Arc<Memory>,
    clock: Arc<ManualClock>,
    fates: Fates,
    skipped: Option<&'static str>,
    /// Numbers of records that were answered for.
    accepted: Vec<u64>,
    next: u64,
    runs: u64,
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
    home: Home,
    plan: Arc<Plan>,
    log: Log,
    lane: Lane<Whim>,
    keeper: Keeper,
    cuts: VecDeque<Cut>,
    unsynced: Vec<(Span, Vec<u64>)>,
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
            next: 0,
            runs: 0,
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
                self.check()?;
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
            Err(error) if error.kind() == Kind::Retry => return Ok(false),
            Err(error) => return Err(format!("recovery: {error}")),
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

    fn begin(&mut self) -> Result<Life, KeepError> {
        let plan = Arc::new(self.plan());
        let home = Home {
            disk: Arc::new(self.disk.clone()),
            stream: PathBuf::from("streams/s"),
            folder: PathBuf::from("streams/s/lane-0"),
            origin: Origin { state: 7, incarnation: 9, lane: 0 },
            share: Quota::new(1 << 30, 1 << 20).share(),
            segment_bytes: 2_000,
            prepared: AtomicBool::new(false),
        };
        let mut recovered = Keeper::recover(&home)?;
        let log = recovered.log.clone();
        self.runs += 1_000_000;
        let whim = Whim {
            rng: Rng::new(self.rng.next_u64()),
            fates: Arc::clone(&self.fates),
            run: self.runs,
            next: 0,
        };
        let lane = Lane::new(Arc::clone(&plan), whim, &log, &mut recovered);
        let keeper = recovered.keeper;
        Ok(Life { home, plan, log, lane, keeper, cuts: VecDeque::new(), unsynced: Vec::new() })
    }

    /// Between two lives the operator may change anything.
    fn plan(&mut self) -> Plan {
        let prefix = format!("out/{}/", self.rng.below(3));
        let gzip = self.rng.coin();
        Plan {
            name: "s".into(),
            progress: Arc::default(),
            source: None,
            plugins: Vec::new(),
            prefixes: Prefixes::parse(Some(&prefix), Some("failed/!{firehose:error-output-type}/")).unwrap(),
            bucket: "b".into(),
            compression: if gzip { Compression::Gzip } else { Compression::None },
            size: 60 + self.rng.below(400) as u64,
            interval: Duration::from_secs(60),
            delimiter: Delimiter::Newline,
            sink: Arc::clone(&self.sink) as Arc<dyn Sink>,
            clock: self.clock.clone(),
        }
    }

    fn act(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        match self.rng.below(10) {
            0..3 => self.append(life),
            3 => self.sync(life),
            4..6 => advance(life).map(drop),
            6 => {
                self.clock.advance(self.rng.below(40_000) as u64);
                let due = life.lane.is_due(self.now()) || self.rng.coin();
                if due && life.cuts.len() < 2 {
                    let all = self.rng.below(6) == 0;
                    life.cuts.extend(life.lane.cut(all, self.now()));
                }
                Ok(())
            }
            7 | 8 => commit(life),
            _ => self.deliver(life).map(drop),
        }
    }

    fn now(&self) -> u64 {
        use standpipe_record::Clock;
        self.clock.now_ms()
    }

    fn append(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        died(life.home.prepare())?;
        let mut batch = Batch::new();
        let mut numbers = Vec::new();
        for _ in 0..=self.rng.below(6) {
            let padding = ".".repeat(self.rng.below(80));
            batch.push(format!("{}{padding}", self.next).as_bytes(), self.now()).unwrap();
            numbers.push(self.next);
            self.next += 1;
        }
        let span = died(life.log.write(&Append::new(batch.view())).map_err(KeepError::Log))?;
        life.unsynced.push((span, numbers));
        Ok(())
    }

    fn sync(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        let Some((span, _)) = life.unsynced.last() else { return Ok(()) };
        died(life.log.sync(*span).map_err(KeepError::Log))?;
        self.accepted.extend(life.unsynced.drain(..).flat_map(|(_, numbers)| numbers));
        Ok(())
    }

    fn deliver(&mut self, life: &mut Life) -> Result<bool, Result<Gone, String>> {
        let Some(about) = life.keeper.undelivered().cloned() else { return Ok(false) };
        let object = died(life.keeper.object(&about, &life.plan))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime
            .block_on(self.sink.deliver(&Arc::new(object)))
            .map_err(|error| Err(format!("delivery: {error}")))?;
        died(life.keeper.delivered(&about))?;
        Ok(true)
    }

    /// Everything that was accepted goes its way.
    fn finish(&mut self, life: &mut Life) -> Result<(), Result<Gone, String>> {
        self.sync(life)?;
        while advance(life)? || life.lane.position() < life.log.positions().durable {}
        life.cuts.extend(life.lane.cut(true, self.now()));
        while !life.cuts.is_empty() {
            commit(life)?;
        }
        while self.deliver(life)? {}
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let mut outputs: BTreeMap<u64, Vec<(u64, u32)>> = BTreeMap::new();
        let mut failed: HashMap<u64, u32> = HashMap::new();
        for object in self.sink.objects() {
            let text = unpack(&object.body);
            for line in text.lines() {
                if object.key.starts_with("failed/") {
                    let error: serde_json::Value = serde_json::from_str(line).unwrap();
                    let raw = error["rawData"].as_str().unwrap();
                    let raw = base64::engine::general_purpose::STANDARD.decode(raw).unwrap();
                    let number = String::from_utf8(raw).unwrap().trim_end_matches('.').parse().unwrap();
                    *failed.entry(number).or_default() += 1;
                } else {
                    let mut parts = line.split(' ').map(|part| part.parse::<u64>().unwrap());
                    let mut part = || parts.next().unwrap();
                    let number = part();
                    let run = part();
                    outputs.entry(number).or_default().push((run, u32::try_from(part()).unwrap()));
                }
            }
        }
        let fates = self.fates.lock().unwrap();
        for number in 0..self.next {
            let out = outputs.get(&number).cloned().unwrap_or_default();
            let times = failed.get(&number).copied().unwrap_or_default();
            let good = match fates.get(&number) {
                None => out.is_empty() && times == 0 && !self.accepted.contains(&number),
                Some(Fate::Dropped) => out.is_empty() && times == 0,
                Some(Fate::Failed) => out.is_empty() && times == 1,
                Some(Fate::Emitted(parts, run)) => {
                    times == 0 && out == (0..*parts).map(|part| (*run, part)).collect::<Vec<_>>()
                }
            };
            // A record that nobody was answered for may be there or not, but never half or twice.
            let unanswered = !self.accepted.contains(&number) && out.is_empty() && times == 0;
            if !good && !unanswered {
                let fate = fates.get(&number);
                return Err(format!(
                    "record {number}: last run {fate:?}, outputs {out:?}, failed {times} times"
                ));
            }
        }
        Ok(())
    }
}

fn advance(life: &mut Life) -> Result<bool, Result<Gone, String>> {
    match life.lane.advance() {
        Ok(advanced) => Ok(advanced),
        Err(AdvanceError::Plugin(_)) => Ok(true),
        Err(AdvanceError::Keep(error)) => died(Err(error)),
    }
}

fn commit(life: &mut Life) -> Result<(), Result<Gone, String>> {
    match life.cuts.pop_front() {
        Some(cut) => died(life.keeper.commit(cut, &life.plan)),
        None => Ok(()),
    }
}

/// What may pass means that this life is over; anything else is wrong.
fn died<T>(result: Result<T, KeepError>) -> Result<T, Result<Gone, String>> {
    result.map_err(|error| if error.kind() == Kind::Retry { Ok(Gone) } else { Err(error.to_string()) })
}

fn unpack(body: &[u8]) -> String {
    use std::io::Read;
    let mut text = String::new();
    if body.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(body).read_to_string(&mut text).unwrap();
    } else {
        text.push_str(std::str::from_utf8(body).unwrap());
    }
    text
}
