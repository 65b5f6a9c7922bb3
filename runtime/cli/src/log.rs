use std::process::ExitCode;

use standpipe_stream::{Depth, Flaw, Inspection, LaneReport};

use crate::args::{Log, LogCommand};
use crate::check::WRONG;
use crate::show;

mod inspect;
mod verify;

/// Shows or checks what is kept at or below a folder. Changes nothing.
pub(crate) fn log(args: &Log) -> anyhow::Result<ExitCode> {
    let (folder, check) = match &args.command {
        LogCommand::Inspect(folder) => (&folder.folder, false),
        LogCommand::Verify(folder) => (&folder.folder, true),
    };
    let Some(held) = Inspection::at(folder)? else {
        show::line(&format!(
            "error: there is no stream in `{}`: name a state folder, or any folder in it",
            folder.display()
        ));
        return Ok(ExitCode::from(WRONG));
    };
    let depth = if check { Depth::Whole } else { Depth::Newest };
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
