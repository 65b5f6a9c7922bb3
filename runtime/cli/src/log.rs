use std::process::ExitCode;

use standpipe_stream::{Depth, Flaw, FoundRecord, Inspection, LaneReport, RecordFate};

use crate::args::{Log, LogCommand};
use crate::check::WRONG;
use crate::show;

mod inspect;
mod verify;

/// Shows or checks what is kept at or below a folder. Changes nothing.
pub(crate) fn log(args: &Log) -> anyhow::Result<ExitCode> {
    let (folder, check, record) = match &args.command {
        LogCommand::Inspect(inspect) => (&inspect.folder.folder, false, inspect.record.as_deref()),
        LogCommand::Verify(folder) => (&folder.folder, true, None),
    };
    let Some(held) = Inspection::at(folder)? else {
        show::line(&format!(
            "error: there is no stream in `{}`: name a state folder, or any folder in it",
            folder.display()
        ));
        return Ok(ExitCode::from(WRONG));
    };
    let depth = if check { Depth::Whole } else { Depth::Newest };
    if let Some(id) = record {
        return self::record(&held, id);
    }
    let (mut lanes, mut bad) = (0, 0);
    for stream in held.streams()? {
        let report = held.stream(&stream, depth);
        if let Some(flaw) = &report.flaw {
            (lanes, bad) = (lanes + 1, bad + 1);
            show::data(&format!("{stream}: {}\n  {flaw}", verdict(flaw)))?;
        }
        for lane in &report.lanes {
            lanes += 1;
            bad += u64::from(!lane.flaws.is_empty());
            show::data(&if check { verify::lane(&stream, lane) } else { inspect::lane(&stream, lane) })?;
        }
    }
    if check {
        let all = show::count(lanes, "lane");
        show::data(&if bad == 0 { format!("{all}, all good") } else { format!("{all}, {bad} not good") })?;
    }
    Ok(ExitCode::from(u8::from(bad > 0)))
}

/// Shows where a record is.
fn record(held: &Inspection, id: &str) -> anyhow::Result<ExitCode> {
    let Some(FoundRecord { place, stream, fate }) = held.record(id)? else {
        show::line("error: no record of this state folder has that id: is it whole, and from this host?");
        return Ok(ExitCode::from(1));
    };
    let (lane, position) = (place.lane, show::number(place.position));
    let Some(stream) = stream else {
        show::data(&format!("record {position} of lane {lane} of a stream that is no longer here"))?;
        return Ok(ExitCode::from(1));
    };
    let fate = match fate {
        RecordFate::Settled => "settled: delivered, on its way in a parcel, or dropped by a plugin",
        RecordFate::InLog => "in the log, and waits for its turn",
        RecordFate::Unknown => "not on disk",
    };
    show::data(&format!("{stream}, lane {lane}, record {position}: {fate}"))?;
    Ok(ExitCode::SUCCESS)
}

/// What a flaw makes of what has it, in a word or two.
pub(crate) fn verdict(flaw: &Flaw) -> &'static str {
    if flaw.is_corrupt() { "corrupt" } else { "cannot be read" }
}

/// What is to be said of a lane; none if nothing is wrong.
pub(crate) fn wrong(lane: &LaneReport) -> Option<&'static str> {
    match lane.flaws.first() {
        Some(_) if lane.restless => Some("a host goes on too fast to look: try again"),
        flaw => flaw.map(verdict),
    }
}
