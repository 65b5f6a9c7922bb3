use std::fmt::Write;
use std::time::Duration;

use standpipe_record::{Clock, SystemClock};
use standpipe_spec::{Period, Size};
use standpipe_stream::{Carry, JournalReport, LaneReport, Role, SealedFile};

use super::wrong;
use crate::show::{count, number};

/// What is in a lane.
pub(super) fn lane(stream: &str, lane: &LaneReport) -> String {
    let (settled, end) = (number(lane.position), number(lane.log.end));
    let mut out = format!("{stream}, lane {}: ", lane.lane);
    match wrong(lane) {
        Some(wrong) => out.push_str(wrong),
        None => drop(write!(out, "settled up to record {settled}, durable up to record {end}")),
    }
    for flaw in &lane.flaws {
        let _ = write!(out, "\n  {flaw}");
    }
    log(lane, &mut out);
    if let Some(journal) = &lane.journal {
        self::journal(lane, journal, &mut out);
    }
    let now = SystemClock.now_ms();
    for parcel in &lane.open {
        open(parcel, now, &mut out);
    }
    for file in &lane.sealed {
        sealed(file, &mut out);
    }
    for (identity, to) in &lane.sources {
        let _ = write!(out, "\n  source {}: settled up to byte {}", source(identity), number(*to));
    }
    out
}

fn log(lane: &LaneReport, out: &mut String) {
    for segment in &lane.log.segments {
        let name = segment.path.file_name().unwrap_or_default().display();
        let _ = write!(out, "\n  segment {name}: {}, ", Size(segment.bytes));
        let _ = match &segment.header {
            Ok(header) => write!(
                out,
                "format {}, from record {}, {}",
                header.version,
                number(header.first.get()),
                header.predecessor.map_or_else(
                    || "the first".to_owned(),
                    |(before, end)| format!("behind segment {before}, which ends at byte {}", number(end)),
                )
            ),
            Err(error) => write!(out, "{error}"),
        };
    }
}

fn journal(lane: &LaneReport, journal: &JournalReport, out: &mut String) {
    let name = journal.path.file_name().unwrap_or_default().display();
    let (frames, entry, next) =
        (count(journal.entries, "frame"), number(lane.entry), number(lane.next_parcel));
    let (size, counts) = (Size(journal.bytes), lane.counts);
    let _ = write!(out, "\n  journal {name}: {size}, {frames}, last entry {entry}, next parcel {next}");
    let _ = write!(
        out,
        "\n  so far: {} run, {} out, {} dropped, {} failed",
        count(counts.records, "record"),
        number(counts.outputs),
        number(counts.dropped),
        number(counts.failed)
    );
}

fn open(parcel: &Carry, now: u64, out: &mut String) {
    let Carry { parcel: id, role, opened_ms, records, bytes, .. } = *parcel;
    let age = Duration::from_millis(now.saturating_sub(opened_ms));
    let (role, records, size) = (self::role(role), count(records, "record"), Size(bytes));
    let _ = write!(out, "\n  open parcel {id}, {role}: {records}, {size}, opened {} ago", Period(age));
}

fn sealed(file: &SealedFile, out: &mut String) {
    let SealedFile { file: name, parcel, key, .. } = file;
    let (role, records, size) = (role(file.role), count(file.records, "record"), Size(file.bytes));
    let _ = write!(out, "\n  sealed file {name}, parcel {parcel}, {role}: {records}, {size}, `{key}`");
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Destination => "destination",
        Role::ErrorOutput => "error output",
        Role::Backup => "backup",
    }
}

/// A file by its number, anything else as it is.
fn source(identity: &str) -> String {
    let number = |from: usize| {
        let digits = identity.get(from..from + 16)?;
        u64::from_str_radix(digits, 16).ok().map(u64::swap_bytes)
    };
    match (number(0), number(16)) {
        // Device, inode, and what its first bytes were.
        (Some(device), Some(inode)) if identity.len() == 128 => {
            format!("file with inode {inode} on device {device}")
        }
        _ => identity.to_owned(),
    }
}
