//! The machine's disk and the one in memory keep the same contract.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use standpipe_log::testing::MemoryDisk;
use standpipe_log::{Append, Disk, Log, Open, Quota, RealDisk, Settings};
use standpipe_record::Position;

use crate::support::{SITE, append, batch, read};

fn patterned(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

fn contract(disk: &dyn Disk) {
    let (folder, file) = (Path::new("f"), Path::new("f/a"));
    assert_eq!(disk.list(folder).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(disk.create(file).unwrap_err().kind(), ErrorKind::NotFound);
    disk.create_folder(folder).unwrap();
    disk.create_folder(folder).unwrap();
    assert!(disk.list(folder).unwrap().is_empty());
    let open = disk.create(file).unwrap();
    assert_eq!(disk.create(file).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(disk.create_folder(file).is_err());
    open.write_all_at(3, b"abc").unwrap();
    assert_eq!(open.len().unwrap(), 6);
    let mut bytes = [9; 10];
    assert_eq!(disk.open(file).unwrap().read_at(1, &mut bytes).unwrap(), 5);
    assert_eq!(&bytes[..6], b"\0\0abc\x09");
    assert_eq!(open.read_at(6, &mut bytes).unwrap(), 0);
    open.set_len(4).unwrap();
    open.set_len(6).unwrap();
    assert_eq!(open.read_at(3, &mut bytes).unwrap(), 3);
    assert_eq!(&bytes[..3], b"a\0\0");
    open.sync(SITE).unwrap();
    disk.sync_folder(folder, SITE).unwrap();
    disk.sync_folder(Path::new(""), SITE).unwrap();
    // Small, large, and one that ends within a block.
    for len in [0, 1, 4_096, 1 << 20, (1 << 20) + 1, 3_333_333] {
        let (path, bytes) = (Path::new("f/once"), patterned(len));
        disk.write_once(path, &bytes, SITE).unwrap();
        assert_eq!(disk.write_once(path, &bytes, SITE).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let (once, mut back) = (disk.open(path).unwrap(), vec![0; len]);
        assert_eq!(once.len().unwrap(), len as u64);
        let mut at = 0;
        while at < len {
            at += once.read_at(at as u64, &mut back[at..]).unwrap();
        }
        assert!(back == bytes, "{len}");
        disk.unlink(path).unwrap();
    }
    disk.create(Path::new("f/b")).unwrap().write_all_at(0, b"b").unwrap();
    let items = disk.list(folder).unwrap();
    let shown: Vec<_> = items.iter().map(|item| (item.name.as_str(), item.len, item.is_folder)).collect();
    assert_eq!(shown, [("a", 6, false), ("b", 1, false)]);
    assert!(disk.list(Path::new("")).unwrap().iter().any(|item| item.name == "f" && item.is_folder));
    disk.rename(Path::new("f/b"), file).unwrap();
    assert_eq!(disk.open(Path::new("f/b")).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(disk.open(file).unwrap().len().unwrap(), 1);
    // An unlinked file stays with who has it open.
    assert!(disk.remove_folder(folder).is_err());
    assert!(disk.unlink(folder).is_err());
    disk.unlink(file).unwrap();
    assert_eq!(disk.unlink(file).unwrap_err().kind(), ErrorKind::NotFound);
    open.write_all_at(0, b"still there").unwrap();
    disk.remove_folder(folder).unwrap();
    assert!(disk.free().unwrap() > 0);
    for outside in ["/tmp", "..", "f/../..", "a/./.."] {
        assert!(disk.open(Path::new(outside)).is_err(), "{outside}");
        assert!(disk.create_folder(Path::new(outside)).is_err(), "{outside}");
    }
}

#[test]
fn both_disks_keep_the_contract() {
    let home = tempfile::tempdir().unwrap();
    contract(&RealDisk::open(home.path()).unwrap());
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    contract(&RealDisk::open(memory.path()).unwrap());
    contract(&MemoryDisk::new(0));
}

#[test]
fn a_link_is_not_followed() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("file"), "x").unwrap();
    std::os::unix::fs::symlink("file", home.path().join("link")).unwrap();
    let disk = RealDisk::open(home.path()).unwrap();
    assert!(disk.open(Path::new("file")).is_ok());
    assert!(disk.open(Path::new("link")).is_err());
}

#[test]
fn a_log_on_the_machines_disk_is_there_again() {
    let home = tempfile::tempdir().unwrap();
    let open = |settled| {
        let open = Open {
            disk: Arc::new(RealDisk::open(home.path()).unwrap()),
            folder: "lane".into(),
            settings: Settings { segment_bytes: 200, lane: 0, incarnation: 1 },
            share: Quota::new(1 << 20, 0).share(),
            settled: Position::new(settled),
        };
        Log::open(open, &mut |_| {}).unwrap()
    };
    let (log, recovery) = open(0);
    assert_eq!((recovery.segments, recovery.bytes), (0, 0));
    assert!(!home.path().join("lane").exists(), "nothing is made before the first append");
    for record in ["a", "b", "c"] {
        append(&log, &[record]).unwrap();
    }
    let _ = log.write(&Append::new(batch(&["d"]).view())).unwrap();
    let mode = |path: &str| home.path().join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("lane"), mode("lane/00000000000000000001.log")), (0o700, 0o600));
    drop(log);
    let (log, recovery) = open(1);
    assert_eq!((recovery.next, recovery.records, recovery.torn), (Position::new(4), 3, None));
    assert_eq!(read(&log, 1).unwrap(), ["b", "c", "d"]);
    log.release(Position::new(4)).unwrap();
    log.rest().unwrap();
    assert_eq!(std::fs::read_dir(home.path().join("lane")).unwrap().count(), 0);
}
