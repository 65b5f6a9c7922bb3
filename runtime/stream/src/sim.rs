//! The whole lane on a disk that loses what was not synced: log, journal, carries, parcels, checkpoints and
//! deliveries, with the power cut at every disk operation in turn, also while it recovers.
//!
//! `STANDPIPE_SEED=N cargo test -p standpipe-stream sim` runs one seed; `STANDPIPE_SEEDS=N` the first N.

mod check;
mod threads;
mod transform;
mod world;

use std::sync::Mutex;

use standpipe_log::testing::{Fault, Loss, Rng};
use world::{Death, World};

/// Every sync that the simulation must see missing. `log.recover.*` and `log.void` are for what a hand put back and for
/// two faults in a row, and have tests in the log; `state.text`, `state.id` and `state.abandon` are not part of a lane.
const SITES: [&str; 13] = [
    "state.streams",
    "state.stream",
    "lane.folder",
    "lane.names",
    "log.frames",
    "log.header",
    "log.name",
    "journal.checkpoint",
    "journal.name",
    "journal.entry",
    "parcels.file",
    "parcels.pack",
    "parcels.name",
];

fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    match number("STANDPIPE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("STANDPIPE_SEEDS").unwrap_or(default),
    }
}

/// Runs a seed with a cut at every `step`-th operation and says what was wrong, if anything was.
fn sweep(seed: u64, step: usize, skipped: Option<&'static str>) -> Option<String> {
    let undisturbed = World::new(seed, skipped);
    let operations = match undisturbed.live(None) {
        Ok(operations) => operations,
        Err(wrong) => return Some(wrong),
    };
    let mut rng = Rng::new(seed);
    let first = rng.below(step);
    for cut in (first as u64..operations).step_by(step) {
        let loss = if rng.coin() { Loss::Nothing } else { Loss::Random };
        let again = rng.coin().then(|| rng.below(60) as u64);
        let fault = [None, None, Some(Fault::Io), Some(Fault::NoSpace), Some(Fault::Short(7))][rng.below(5)];
        let death = Death { at: cut, fault, loss, again };
        if let Err(wrong) = World::new(seed, skipped).live(Some(death)) {
            return Some(format!("{death:?}: {wrong}"));
        }
    }
    None
}

#[test]
fn every_accepted_record_is_in_one_place_wherever_the_power_goes() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = Mutex::new(seeds(200));
    let wrong = std::thread::scope(|scope| {
        let sweeps = (0..cores).map(|_| {
            scope.spawn(|| {
                loop {
                    let seed = next.lock().unwrap().next()?;
                    if let Some(wrong) = sweep(seed, 1, None) {
                        return Some((seed, wrong));
                    }
                }
            })
        });
        let sweeps: Vec<_> = sweeps.collect();
        sweeps.into_iter().filter_map(|sweep| sweep.join().unwrap()).min()
    });
    if let Some((seed, wrong)) = wrong {
        panic!("STANDPIPE_SEED={seed} cargo test -p standpipe-stream sim: {wrong}");
    }
}

#[test]
fn every_sync_is_needed() {
    for site in SITES {
        let seen = (0..60).any(|seed| sweep(seed, 5, Some(site)).is_some());
        assert!(seen, "nothing goes wrong without the sync `{site}`");
    }
}
