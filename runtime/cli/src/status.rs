use std::process::ExitCode;

use standpipe_spec::Size;
use standpipe_stream::{Depth, Inspection, LaneReport, StreamReport};

use crate::args::Status;
use crate::check::WRONG;
use crate::log::{verdict, wrong};
use crate::show::{self, count, number};

/// Shows what the state folder of a config holds. Works beside a host that runs.
pub(crate) fn status(args: &Status) -> anyhow::Result<ExitCode> {
    let file = match standpipe_spec::load(&args.config) {
        Ok(file) => file,
        Err(error) => {
            show::line(&format!("error: {error}"));
            return Ok(ExitCode::from(WRONG));
        }
    };
    let configured = &file.draft.streams;
    let held = match file.draft.state.is_dir() {
        true => Some(Inspection::of_state(&file.draft.state)?),
        false => None,
    };
    let known = held.as_ref().map_or_else(|| Ok(Vec::new()), Inspection::streams)?;
    for stream in configured.keys().filter(|stream| !known.contains(stream)) {
        show::data(&format!("{stream}: ok: nothing was read yet"))?;
    }
    let mut good = true;
    for stream in known {
        let Some(held) = &held else { continue };
        let report = held.stream(&stream, Depth::Newest);
        good &= report.flaws().next().is_none();
        show::data(&told(&report, configured.contains_key(&stream)))?;
    }
    Ok(ExitCode::from(u8::from(!good)))
}

/// A line for the stream, and one for each lane with something in it.
fn told(report: &StreamReport, configured: bool) -> String {
    let mut out = format!("{}: {}", report.stream, health(report, configured));
    let is_empty = |lane: &&LaneReport| lane.records() == 0 && lane.flaws.is_empty();
    let (empty, full): (Vec<_>, Vec<_>) = report.lanes.iter().partition(is_empty);
    if !empty.is_empty() {
        let settled = empty.iter().map(|lane| lane.position).sum();
        let (lanes, bytes) = (count(empty.len() as u64, "lane"), empty.iter().map(|lane| lane.bytes).sum());
        out +=
            &format!("; {} settled in {lanes} with nothing left, {}", count(settled, "record"), Size(bytes));
    }
    for lane in full {
        out += &format!("\n  lane {}: {}", lane.lane, self::lane(lane));
    }
    out
}

/// What can be told from the state folder alone.
fn health(report: &StreamReport, configured: bool) -> String {
    let files = report.lanes.iter().map(|lane| lane.sealed.len() as u64).sum();
    if let Some(flaw) = report.flaws().next() {
        let wrong = report.lanes.iter().find_map(wrong).unwrap_or(verdict(flaw));
        let gone = if configured { "" } else { "not in the config, and " };
        format!("{gone}{wrong}: {flaw}")
    } else if !configured && report.records() > 0 {
        format!("not in the config: restore it, or give its records up with `--abandon {}`", report.stream)
    } else if !configured {
        "not in the config".to_owned()
    } else if files > 0 {
        format!("waits: {} to deliver", count(files, "file"))
    } else {
        "ok".to_owned()
    }
}

fn lane(lane: &LaneReport) -> String {
    if let Some(wrong) = wrong(lane) {
        return format!("{wrong}, {}", Size(lane.bytes));
    }
    let mut parts = vec![format!("{} settled", count(lane.position, "record"))];
    if lane.in_log() > 0 {
        parts.push(format!("{} in the log", number(lane.in_log())));
    }
    if !lane.open.is_empty() {
        let parcels = count(lane.open.len() as u64, "open parcel");
        parts.push(format!("{} in {parcels}", number(lane.in_open())));
    }
    if !lane.sealed.is_empty() {
        let files = count(lane.sealed.len() as u64, "file");
        parts.push(format!("{} in {files} to deliver", number(lane.in_sealed())));
    }
    parts.push(Size(lane.bytes).to_string());
    parts.push(format!("entry {}", number(lane.entry)));
    parts.join(", ")
}
