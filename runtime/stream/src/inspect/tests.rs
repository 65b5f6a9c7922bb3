use std::fs;
use std::io;
use std::sync::Mutex;

use standpipe_log::testing::MemoryDisk;
use standpipe_log::{File, Site};

use super::*;
use crate::entry::Entry;
use crate::journal::{Journal, Place};

const LANE: &str = "streams/web/lane-0";

/// A disk on which a host makes its next checkpoint just before a journal is opened, as often as it is to.
#[derive(Debug)]
struct Busy {
    disk: MemoryDisk,
    host: Mutex<(Journal, u32)>,
}

impl Disk for Busy {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.create_folder(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Item>> {
        self.disk.list(folder)
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.disk.create(path)
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut host = self.host.lock().unwrap();
        if host.1 > 0 && path.extension().is_some_and(|end| end == "journal") {
            host.1 -= 1;
            host.0.checkpoint(&Entry { checkpoint: true, position: 7, ..Entry::default() }, &[]).unwrap();
        }
        self.disk.open(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.disk.unlink(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_folder(path)
    }
    fn sync_folder(&self, path: &Path, site: Site) -> io::Result<()> {
        self.disk.sync_folder(path, site)
    }
    fn free(&self) -> io::Result<u64> {
        self.disk.free()
    }
}

/// A lane with a journal that is replaced `times` times while it is looked at.
fn looked_at(times: u32) -> LaneReport {
    let disk = MemoryDisk::new(1);
    for folder in ["streams", "streams/web", LANE, &format!("{LANE}/journal")] {
        disk.create_folder(Path::new(folder)).unwrap();
    }
    disk.create(Path::new("streams/web/incarnation")).unwrap().write_all_at(0, b"12\n").unwrap();
    let folder = Path::new(LANE).join("journal");
    let place = Place { disk: Arc::new(disk.clone()), folder, incarnation: 0x12, lane: 0 };
    let mut journal = Journal::behind(place, 0);
    journal.checkpoint(&Entry { checkpoint: true, ..Entry::default() }, &[]).unwrap();
    let disk = Arc::new(Busy { disk, host: Mutex::new((journal, times)) });
    let mut report = Inspection::on(disk, Path::new("state")).stream("web", Depth::Whole);
    assert!(report.flaw.is_none(), "{report:?}");
    report.lanes.pop().unwrap()
}

#[test]
fn a_journal_that_is_replaced_meanwhile_is_looked_at_again() {
    let still = looked_at(0);
    assert!(still.is_tidy() && !still.restless && still.position == 0, "{still:?}");
    let moved = looked_at(3);
    assert!(moved.is_tidy() && !moved.restless && moved.position == 7, "{moved:?}");
}

#[test]
fn a_lane_that_never_rests_is_not_called_corrupt() {
    let moved = looked_at(1_000);
    assert!(moved.restless, "{moved:?}");
    assert!(moved.flaws.iter().all(|flaw| !flaw.is_corrupt()), "{moved:?}");
}

#[test]
fn every_folder_of_a_state_folder_leads_to_its_streams() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    // A stream may be named like anything else.
    for stream in ["web", "lane-0", "streams", "%2Ehidden"] {
        for part in ["log", "journal", "parcels"] {
            fs::create_dir_all(state.join("streams").join(stream).join("lane-3").join(part)).unwrap();
        }
        fs::write(state.join("streams").join(stream).join(INCARNATION), "12").unwrap();
    }
    let found = |below: &str| {
        let inspection = Inspection::at(&state.join(below)).unwrap()?;
        let mut streams = inspection.streams().unwrap();
        let lanes =
            streams.iter().map(|name| inspection.stream(name, Depth::Whole).lanes.len()).sum::<usize>();
        assert_eq!(lanes, streams.len(), "{below}");
        streams.sort();
        Some(streams.join(" "))
    };
    let all = Some(".hidden lane-0 streams web".to_owned());
    assert_eq!((found(""), found("streams")), (all.clone(), all));
    for stream in ["web", "lane-0", "streams"] {
        for below in ["", "lane-3", "lane-3/log", "lane-3/journal", "lane-3/parcels"] {
            assert_eq!(found(&format!("streams/{stream}/{below}")).as_deref(), Some(stream), "{below}");
        }
    }
    fs::create_dir(folder.path().join("else")).unwrap();
    assert!(Inspection::at(&folder.path().join("else")).unwrap().is_none());
    // Without an incarnation nothing of a stream can be read, but it is found.
    fs::remove_file(state.join("streams/web").join(INCARNATION)).unwrap();
    fs::write(state.join("streams/web/lane-3/log/00000000000000000001.log"), "x").unwrap();
    for below in ["web", "web/lane-3", "web/lane-3/log"] {
        let inspection = Inspection::at(&state.join("streams").join(below)).unwrap().unwrap();
        let report = inspection.stream("web", Depth::Newest);
        assert!(matches!(report.flaw, Some(Flaw::Incarnation { .. })), "{report:?}");
    }
}
