use std::process::ExitCode;

use standpipe_record::{Clock, SystemClock};
use standpipe_spec::Size;
use standpipe_stream::{Depth, Figures, Inspection, LaneReport, State, StreamReport, Trouble};

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
    let kept = State::figures(&file.draft.state).unwrap_or_default();
    let now_ms = SystemClock.now_ms();
    let mut good = true;
    for stream in known {
        let Some(held) = &held else { continue };
        let report = held.stream(&stream, Depth::Newest);
        good &= report.flaws().next().is_none();
        show::data(&told(&report, report.is_made || configured.contains_key(&stream)))?;
        if let Some(figures) =
            kept.streams.get(&stream).filter(|figures| figures.tries > 0 || figures.trouble.is_some())
        {
            show::data(&deliveries(figures, now_ms))?;
        }
    }
    if kept.streams.values().any(|figures| figures.tries > 0) {
        show::data(&format!("deliveries since the host started, as of {} ago", age(now_ms, kept.at_ms)))?;
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

/// How deliveries go, by what the host kept last.
fn deliveries(figures: &Figures, now_ms: u64) -> String {
    let Figures { objects, bytes, tries, refused, throttled, p50_ms, p99_ms, oldest_ms, trouble } = figures;
    let mut parts =
        vec![format!("{}, {}", count(*objects, "object"), Size(*bytes)), format!("{} tried", number(*tries))];
    if *refused > 0 {
        let throttled =
            if *throttled > 0 { format!(" ({} throttled)", number(*throttled)) } else { String::new() };
        parts.push(format!("{} failed{throttled}", number(*refused)));
    }
    if *objects > 0 {
        parts.push(format!("half below {p50_ms} ms, 99 % below {p99_ms} ms"));
    }
    if let Some(oldest) = oldest_ms {
        parts.push(format!("the oldest record waits for {}", age(now_ms, *oldest)));
    }
    let mut out = format!("  deliveries: {}", parts.join(", "));
    if let Some(Trouble { since_ms, message, to_mend }) = trouble {
        let what = if *to_mend { "nothing is delivered until this is mended" } else { "retrying" };
        out += &format!("\n  {what}, for {}: {message}", age(now_ms, *since_ms));
    }
    out
}

/// A time in its largest unit.
fn age(now_ms: u64, then_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", number(seconds / 86_400)),
    }
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
