//! The power goes at every operation in turn.
//!
//! `STANDPIPE_SEEDS` says with how many seeds.

use std::path::Path;

use standpipe_log::testing::{Fault, Loss, MemoryDisk, Operation, Rng};
use standpipe_log::{Disk, Error, Log};
use standpipe_record::Position;

use crate::support::{SITE, append, folder, new_disk, open, opening, read, share};
use crate::world::{Action, Check, FAULTY, World};

const STEPS: usize = 30;

/// One life after the other on the same disk: steps until the power goes, a recovery that may itself be cut
/// off, and again.
struct Run {
    seed: u64,
    /// At which operation the first life ends.
    cut: u64,
    /// Whether writes and syncs fail now and then.
    faulty: bool,
    /// A sync that does nothing.
    skip: Option<&'static str>,
}

impl Run {
    fn go(&self) -> Check {
        let mut rng = Rng::new(self.seed);
        let mut world = World::new(self.seed, 600 + (self.seed % 4) * 1_500);
        world.syncs_skipped = self.skip;
        world.open().map_err(|error| error.to_string())??;
        world.disk.cut_at(self.cut);
        let mut fate = Rng::new(self.seed ^ self.cut.wrapping_mul(0x1234_5678_9abc_def1));
        for life in 0..3 {
            self.live(&mut world, &mut rng)?;
            let loss = if fate.coin() { Loss::Random } else { Loss::Nothing };
            world.die(&mut fate, loss);
            if fate.coin() {
                // The power goes while the log is recovered, too.
                world.disk.cut_at(fate.below(30) as u64);
                match world.open() {
                    Ok(Err(text)) if !text.contains("power cut") => {
                        return Err(format!("life {life}: {text}"));
                    }
                    _ => {}
                }
                world.die(&mut fate, Loss::Random);
            }
            let opened = world.open().map_err(|error| format!("life {life}: {error}"))?;
            opened.map_err(|text| format!("life {life}: {text}"))?;
            // What recovery found is durable now.
            world.crash(&mut fate, Loss::Random).map_err(|text| format!("after life {life}: {text}"))?;
            world.disk.cut_at(world.disk.operations() + fate.below(60) as u64);
        }
        Ok(())
    }

    fn live(&self, world: &mut World, rng: &mut Rng) -> Check {
        if self.faulty {
            let mut chance = Rng::new(self.seed ^ 0x5555);
            world.disk.fail(move |call| {
                let may = matches!(
                    call.operation,
                    Operation::Write | Operation::Sync | Operation::SyncFolder | Operation::Create
                );
                let faults = [Fault::Io, Fault::NoSpace, Fault::Short(700)];
                (may && chance.below(12) == 0).then(|| faults[chance.below(3)])
            });
        }
        for _ in 0..STEPS {
            let action = Action::random(rng);
            if matches!(action, Action::Reopen) {
                continue;
            }
            if let Err(text) = world.act(&action, rng) {
                return Err(format!("{action:?}: {text}"));
            }
        }
        Ok(())
    }
}

/// How many operations a whole first life has.
fn operations(seed: u64, faulty: bool) -> u64 {
    let mut rng = Rng::new(seed);
    let mut world = World::new(seed, 600 + (seed % 4) * 1_500);
    world.open().unwrap().unwrap();
    Run { seed, cut: u64::MAX, faulty, skip: None }.live(&mut world, &mut rng).unwrap();
    world.disk.operations()
}

fn seeds() -> u64 {
    std::env::var("STANDPIPE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(40)
}

/// The first broken promise of all runs.
fn sweep(seeds: std::ops::Range<u64>, faulty: bool, skip: Option<&'static str>) -> Option<String> {
    FAULTY.set(true);
    for seed in seeds {
        for cut in 3..operations(seed, faulty) {
            if let Err(text) = (Run { seed, cut, faulty, skip }).go() {
                return Some(format!("seed {seed}, cut at {cut}: {text}"));
            }
        }
    }
    None
}

#[test]
fn what_was_acknowledged_survives_a_cut_at_any_operation() {
    assert_eq!(sweep(0..seeds(), false, None), None);
}

#[test]
fn and_so_it_does_when_writes_and_syncs_fail_before() {
    assert_eq!(sweep(0..seeds(), true, None), None);
}

#[test]
fn no_sync_can_be_left_out() {
    for site in ["log.frames", "log.header", "log.name", "log.folder", "log.recover.segment"] {
        assert!(sweep(0..200, true, Some(site)).is_some(), "nothing misses the sync `{site}`");
    }
}

/// Opens a log whose files were put back by hand, without a sync, and cuts the power right after.
fn put_back(seed: u64, skip: Option<&'static str>) -> Result<Vec<String>, Error> {
    let written = new_disk(seed);
    let log = Log::open(opening(&written, &share(), 0, 100), &mut |_| {}).unwrap().0;
    let copy = MemoryDisk::new(seed);
    copy.create_folder(Path::new("web")).unwrap();
    copy.sync_folder(Path::new(""), SITE).unwrap();
    for record in ["a", "b", "c"] {
        append(&log, &[record]).unwrap();
    }
    copy.create_folder(&folder()).unwrap();
    for item in written.list(&folder()).unwrap() {
        let path = folder().join(item.name);
        let mut bytes = vec![0; item.len as usize];
        written.open(&path).unwrap().read_at(0, &mut bytes).unwrap();
        copy.create(&path).unwrap().write_all_at(0, &bytes).unwrap();
    }
    copy.skip_syncs(move |call| skip.is_some() && call.site.map(|site| site.0) == skip);
    open(&copy, 0).unwrap();
    let found = copy.crash(&mut Rng::new(seed), Loss::Random);
    read(&open(&found, 0)?.0, 0)
}

#[test]
fn files_put_back_by_hand_are_made_durable_before_they_are_trusted() {
    let whole =
        |skip| (0..50).all(|seed| put_back(seed, skip).is_ok_and(|records| records == ["a", "b", "c"]));
    assert!(whole(None));
    for site in ["log.recover.segment", "log.recover.older", "log.recover.name", "log.recover.folder"] {
        assert!(!whole(Some(site)), "nothing misses the sync `{site}`");
    }
}

/// A segment whose end is void by the header of the next one, and what a cut leaves once both are settled: released by
/// the log, or unlinked by recovery.
fn void_end(seed: u64, skip: Option<&'static str>, by_recovery: bool) -> Result<(), Error> {
    let disk = new_disk(seed);
    let log = open(&disk, 0)?.0;
    append(&log, &["a"])?;
    disk.fail(|call| (call.operation == Operation::Sync).then_some(Fault::Io));
    append(&log, &["void", "void", "void"]).unwrap_err();
    disk.fail(|_| None);
    append(&log, &["b"])?;
    append(&log, &["c"])?;
    disk.skip_syncs(move |call| skip.is_some() && call.site.map(|site| site.0) == skip);
    if by_recovery {
        open(&disk, 3)?;
    } else {
        log.release(Position::new(3))?;
        log.rest()?;
    }
    open(&disk.crash(&mut Rng::new(seed), Loss::Random), 3).map(drop)
}

#[test]
fn a_segment_with_a_void_end_never_comes_back_alone() {
    for (site, by_recovery) in [("log.void", false), ("log.recover.unlinked", true)] {
        for seed in 0..50 {
            void_end(seed, None, by_recovery).unwrap();
        }
        assert!(
            (0..50).any(|seed| void_end(seed, Some(site), by_recovery).is_err()),
            "nothing misses `{site}`"
        );
    }
}
