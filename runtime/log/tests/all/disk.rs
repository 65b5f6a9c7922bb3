//! What the disk in memory loses.

use std::path::Path;

use standpipe_log::Disk;
use standpipe_log::testing::{Fault, Loss, MemoryDisk, Operation, Rng, is_power_cut};

use crate::support::SITE;

/// What files there are after the power went, with many seeds: name and contents.
fn outcomes(make: impl Fn(&MemoryDisk)) -> Vec<Vec<(String, Vec<u8>)>> {
    let mut outcomes = Vec::new();
    for seed in 0..200 {
        let disk = MemoryDisk::new(seed);
        make(&disk);
        let found = disk.crash(&mut Rng::new(seed), Loss::Random);
        let files: Vec<_> = found
            .list(Path::new(""))
            .unwrap()
            .into_iter()
            .map(|item| {
                let mut bytes = vec![0; item.len as usize];
                found.open(Path::new(&item.name)).unwrap().read_at(0, &mut bytes).unwrap();
                (item.name, bytes)
            })
            .collect();
        if !outcomes.contains(&files) {
            outcomes.push(files);
        }
    }
    outcomes.sort();
    outcomes
}

fn file(name: &str, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    vec![(name.to_owned(), bytes.to_owned())]
}

#[test]
fn names_contents_and_lengths_are_lost_apart() {
    let name = Path::new("a");
    let unsynced = outcomes(|disk| disk.create(name).unwrap().write_all_at(0, b"x").unwrap());
    assert_eq!(unsynced, [vec![], file("a", b""), file("a", b"\0"), file("a", b"x")]);
    let contents = outcomes(|disk| {
        let file = disk.create(name).unwrap();
        file.write_all_at(0, b"x").unwrap();
        file.sync(SITE).unwrap();
    });
    assert_eq!(contents, [vec![], file("a", b"x")]);
    let both = outcomes(|disk| {
        let file = disk.create(name).unwrap();
        file.write_all_at(0, b"x").unwrap();
        file.sync(SITE).unwrap();
        disk.sync_folder(Path::new(""), SITE).unwrap();
    });
    assert_eq!(both, [file("a", b"x")]);
}

#[test]
fn a_rename_is_lost_or_kept_whole() {
    let renamed = outcomes(|disk| {
        for (name, bytes) in [("old", b"1"), ("new", b"2")] {
            let file = disk.create(Path::new(name)).unwrap();
            file.write_all_at(0, bytes).unwrap();
            file.sync(SITE).unwrap();
        }
        disk.sync_folder(Path::new(""), SITE).unwrap();
        disk.rename(Path::new("new"), Path::new("old")).unwrap();
    });
    assert_eq!(renamed, [[file("new", b"2"), file("old", b"1")].concat(), file("old", b"2")]);
}

#[test]
fn after_a_failed_sync_a_second_one_makes_nothing_durable_but_a_second_write_does() {
    let make = |again: bool| {
        outcomes(move |disk| {
            let file = disk.create(Path::new("a")).unwrap();
            disk.sync_folder(Path::new(""), SITE).unwrap();
            file.write_all_at(0, b"x").unwrap();
            let mut first = true;
            disk.fail(move |call| {
                let fails = call.operation == Operation::Sync && first;
                first &= !fails;
                fails.then_some(Fault::Io)
            });
            file.sync(SITE).unwrap_err();
            if again {
                file.write_all_at(0, b"x").unwrap();
            }
            file.sync(SITE).unwrap();
        })
    };
    assert_eq!(make(false), [file("a", b""), file("a", b"\0"), file("a", b"x")]);
    assert_eq!(make(true), [file("a", b"x")]);
}

#[test]
fn the_power_goes_during_one_operation_and_stays_away() {
    let disk = MemoryDisk::new(0);
    let file = disk.create(Path::new("a")).unwrap();
    disk.cut_at(disk.operations() + 1);
    file.write_all_at(0, b"kept").unwrap();
    for _ in 0..2 {
        assert!(is_power_cut(&file.write_all_at(0, b"torn").unwrap_err()));
        assert!(is_power_cut(&disk.list(Path::new("")).unwrap_err()));
    }
    let found = disk.crash(&mut Rng::new(0), Loss::Nothing);
    assert_eq!(found.operations(), 0);
    assert_eq!(found.open(Path::new("a")).unwrap().len().unwrap(), 4);
}

#[test]
fn everything_in_a_folder_whose_name_is_lost_is_lost() {
    let mut kept = 0;
    for seed in 0..100 {
        let disk = MemoryDisk::new(seed);
        disk.create_folder(Path::new("f")).unwrap();
        disk.create(Path::new("f/a")).unwrap();
        disk.sync_folder(Path::new("f"), SITE).unwrap();
        disk.rename(Path::new("f"), Path::new("g")).unwrap();
        let found = disk.crash(&mut Rng::new(seed), Loss::Random);
        for folder in found.list(Path::new("")).unwrap() {
            assert!(folder.is_folder);
            assert_eq!(found.list(Path::new(&folder.name)).unwrap().len(), 1);
            kept += 1;
        }
    }
    assert!(kept > 10 && kept < 90, "{kept}");
}
