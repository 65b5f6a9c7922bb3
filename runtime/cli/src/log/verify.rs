use std::fmt::Write;

use standpipe_spec::Size;
use standpipe_stream::LaneReport;

use super::wrong;
use crate::show::{count, number};

/// What is wrong with a lane, and what recovery would do with it.
pub(super) fn lane(stream: &str, lane: &LaneReport) -> String {
    let mut out = format!("{stream}, lane {}: ", lane.lane);
    out.push_str(wrong(lane).unwrap_or("good"));
    for flaw in &lane.flaws {
        let _ = write!(out, "\n  {flaw}");
    }
    if lane.flaws.is_empty() {
        checked(lane, &mut out);
        mended(lane, &mut out);
    } else if !lane.restless {
        out.push_str("\n  a run would refuse the stream until this is mended");
    }
    out
}

/// What was read, and is as it was written.
fn checked(lane: &LaneReport, out: &mut String) {
    let segments = &lane.log.segments;
    if !segments.is_empty() {
        let bytes = segments.iter().map(|segment| segment.bytes).sum();
        let (frames, segments) = (count(lane.log.frames, "frame"), count(segments.len() as u64, "segment"));
        let (size, end) = (Size(bytes), number(lane.log.end));
        let _ = write!(out, "\n  log: {frames} in {segments}, {size}, durable up to record {end}");
    }
    if let Some(journal) = &lane.journal {
        let (frames, size) = (count(journal.entries, "frame"), Size(journal.bytes));
        let _ = write!(out, "\n  journal: {frames}, {size}, settled up to record {}", number(lane.position));
    }
    if !lane.open.is_empty() {
        let bytes = lane.open.iter().map(|parcel| parcel.bytes).sum();
        let parcels = count(lane.open.len() as u64, "open parcel");
        let _ = write!(out, "\n  carries: {}, {} of {parcels}", records(lane.in_open()), Size(bytes));
    }
    if !lane.sealed.is_empty() {
        let bytes = lane.sealed.iter().map(|file| file.bytes).sum();
        let files = count(lane.sealed.len() as u64, "file");
        let _ = write!(out, "\n  sealed: {}, {} in {files}", records(lane.in_sealed()), Size(bytes));
    }
}

fn mended(lane: &LaneReport, out: &mut String) {
    for torn in &lane.torn {
        let (bytes, path) = (count(torn.bytes, "torn byte"), torn.segment.display());
        let from = number(torn.from);
        let _ =
            write!(out, "\n  recovery would cut {bytes} of `{path}` at byte {from}: nobody relied on them");
    }
    for (path, why) in &lane.leftovers {
        let _ = write!(out, "\n  recovery would remove `{}`: {why}", path.display());
    }
    for file in &lane.sealed {
        let _ = write!(
            out,
            "\n  recovery would deliver {}: {} as `{}`",
            file.file,
            records(file.records),
            file.key
        );
    }
    let at = number(lane.position);
    let again = match lane.in_log() {
        0 => "no record to run".to_owned(),
        left => format!("{} to run, again or for the first time", records(left)),
    };
    let _ = write!(out, "\n  recovery would go on at record {at}, with {again}");
}

fn records(value: u64) -> String {
    count(value, "record")
}
