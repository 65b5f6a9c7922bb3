use std::time::{Duration, Instant};

use anyhow::Context;
use standpipe_plugin::{Chain, Host, Metering, Plugin, Stats};
use standpipe_record::{Batch, Outcomes};
use standpipe_registry::{Reference, resolve};

use super::figures::Figures;
use super::key;
use super::records::Records;
use crate::plugin::loaded::Target;
use crate::show;

/// Rounds of which the middle one counts, and how long one is, in CPU time.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(300);
/// How long a plugin warms up: batches grow, and so do heaps.
const WARM: Duration = Duration::from_millis(300);
/// Starts of which the middle one counts.
const STARTS: usize = 11;
/// Records by which it is judged how many make a round.
const FEW: usize = 32;
/// Fuel of a batch that is enough to tell what a record takes.
const ENOUGH_FUEL: u64 = 500_000_000;
/// Records that are run alone.
const ALONE: usize = 1_000;
/// What that may take, by the clock and in fuel.
const ALONE_TIME: Duration = Duration::from_secs(3);
const ALONE_FUEL: u64 = 3_000_000_000;

/// Measures everything.
pub(super) fn all(target: &Target, records: &Records) -> anyhow::Result<Figures> {
    let params = records.params.as_str();
    let reference = Reference::parse(&target.reference, std::path::Path::new(""))?;
    let artifact = resolve(&reference, None)?;
    // Without a cache, so that it is compiled.
    let began = Instant::now();
    let plugin = target.load(&Host::new(None), Metering::Time, params)?;
    let loaded = began.elapsed();
    let start = start(&plugin, records)?;
    let mut timed = Runner::new(&plugin);
    let ns = timed.rounds(records)?;
    let singles = records.alone(ALONE)?;
    let mut alone = timed.alone(&singles, |stats| nanoseconds(stats.run_time), nanoseconds(ALONE_TIME))?;
    let host = Host::new(show::cache_folder());
    let fuelled = target.load(&host, Metering::Fuel, params)?;
    let mut counted = Runner::new(&fuelled);
    for batch in &records.batches {
        counted.run(batch)?;
    }
    let (outputs, output_bytes, dropped, failed) =
        (counted.outputs, counted.bytes, counted.dropped, counted.failed);
    let fuel = counted.fuel(records)?;
    let mut alone_fuel = counted.alone(&singles, |stats| stats.fuel, ALONE_FUEL)?;
    let manifest = plugin.manifest();
    Ok(Figures {
        name: manifest.name.clone().unwrap_or_else(|| target.reference.clone()),
        version: manifest.version.clone().unwrap_or_default(),
        bytes: artifact.component.len() as u64,
        digest: artifact.digest,
        from: records.from.clone(),
        input: key(params, records),
        records: records.count(),
        record_bytes: records.bytes(),
        outputs,
        output_bytes,
        dropped,
        failed,
        ns,
        fuel,
        alone_p50_ns: percentile(&mut alone, 50),
        alone_p99_ns: percentile(&mut alone, 99),
        alone_p50_fuel: percentile(&mut alone_fuel, 50),
        alone_p99_fuel: percentile(&mut alone_fuel, 99),
        start_ns: nanoseconds(start),
        compile_ns: nanoseconds(loaded.saturating_sub(start)),
        memory: timed.stats().memory,
    })
}

/// CPU time from nothing to an instance whose `init` has answered.
fn start(plugin: &Plugin, records: &Records) -> anyhow::Result<Duration> {
    let one = records.alone(1)?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let mut runner = Runner::new(plugin);
        runner.run(one.first().context("there is no record")?)?;
        let Stats { init_time, instances, .. } = runner.stats();
        times.push(nanoseconds(*init_time) / (*instances).max(1));
    }
    Ok(Duration::from_nanos(percentile(&mut times, 50)))
}

/// A worker, and what came out of it.
struct Runner {
    chain: Chain,
    outcomes: Outcomes,
    idle: Stats,
    outputs: u64,
    bytes: u64,
    dropped: u64,
    failed: u64,
}

impl Runner {
    fn new(plugin: &Plugin) -> Self {
        Self {
            chain: Chain::new([plugin.clone()]),
            outcomes: Outcomes::default(),
            idle: Stats::default(),
            outputs: 0,
            bytes: 0,
            dropped: 0,
            failed: 0,
        }
    }

    fn stats(&self) -> &Stats {
        self.chain.workers().first().map_or(&self.idle, |worker| worker.stats())
    }

    fn run(&mut self, batch: &Batch) -> anyhow::Result<()> {
        self.chain.run(batch, &mut self.outcomes).context("the plugin cannot be started any more")?;
        let outcomes = &self.outcomes;
        self.outputs += outcomes.outputs.len() as u64;
        self.bytes += outcomes.outputs.payload().len() as u64;
        self.dropped += outcomes.dropped.len() as u64;
        self.failed += outcomes.failed.len() as u64;
        Ok(())
    }

    /// Runs batches, each at least once, for a while, and says what a record took.
    fn round(&mut self, batches: &[Batch], time: Duration) -> anyhow::Result<u64> {
        let (began, before) = (self.stats().run_time, self.stats().records);
        for (number, batch) in batches.iter().cycle().enumerate() {
            self.run(batch)?;
            if number + 1 >= batches.len() && self.stats().run_time.saturating_sub(began) >= time {
                break;
            }
        }
        let (ran, records) = (self.stats().run_time.saturating_sub(began), self.stats().records - before);
        Ok(nanoseconds(ran) / records.max(1))
    }

    /// What a record takes, in the middle one of several rounds.
    fn rounds(&mut self, records: &Records) -> anyhow::Result<u64> {
        // A slow plugin gets batches of a round's length.
        let ns = self.round(&records.alone(FEW)?, Duration::ZERO)?.max(1);
        let most = usize::try_from(nanoseconds(ROUND) / ns).unwrap_or(usize::MAX);
        let batches = &records.full(most)?;
        self.round(batches, WARM)?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(self.round(batches, ROUND)?);
        }
        Ok(percentile(&mut rounds, 50))
    }

    /// The fuel of a record, beside what was run already. How much is run depends on fuel alone: it is the same every time.
    fn fuel(&mut self, records: &Records) -> anyhow::Result<u64> {
        let ran = |stats: &Stats| stats.fuel / stats.records.max(1);
        let most = ENOUGH_FUEL / ran(self.stats()).max(1);
        for batch in records.full(usize::try_from(most).unwrap_or(usize::MAX))? {
            self.run(&batch)?;
        }
        Ok(ran(self.stats()))
    }

    /// What each of these batches of one record costs, by `cost`, until `enough` is spent.
    fn alone(
        &mut self,
        records: &[Batch],
        cost: impl Fn(&Stats) -> u64,
        enough: u64,
    ) -> anyhow::Result<Vec<u64>> {
        let began = cost(self.stats());
        let mut costs = Vec::with_capacity(ALONE);
        for record in records.iter().cycle().take(ALONE) {
            let before = cost(self.stats());
            self.run(record)?;
            let after = cost(self.stats());
            costs.push(after.saturating_sub(before));
            if after.saturating_sub(began) >= enough {
                break;
            }
        }
        Ok(costs)
    }
}

/// The value that `percent` of a hundred values are not above.
fn percentile(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    let place = (values.len() * percent).div_ceil(100).max(1) - 1;
    values.get(place).copied().unwrap_or_default()
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut values: Vec<u64> = (1..=100).rev().collect();
        assert_eq!((percentile(&mut values, 50), percentile(&mut values, 99)), (50, 99));
        assert_eq!(percentile(&mut [7], 99), 7);
        assert_eq!(percentile(&mut [], 50), 0);
        assert_eq!(percentile(&mut [3, 1, 2], 50), 2);
    }
}
