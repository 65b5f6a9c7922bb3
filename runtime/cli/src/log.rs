use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use standpipe_log::{RealDisk, Verdict};
use standpipe_spec::Size;

use crate::args::{Log, LogCommand};
use crate::check::WRONG;
use crate::show;

/// Shows or checks the logs below a folder. Changes nothing.
pub(crate) fn log(args: &Log) -> anyhow::Result<ExitCode> {
    let (folder, check) = match &args.command {
        LogCommand::Inspect(folder) => (&folder.folder, false),
        LogCommand::Verify(folder) => (&folder.folder, true),
    };
    let mut logs = Vec::new();
    find(folder, &mut logs).with_context(|| format!("look for logs in `{}`", folder.display()))?;
    if logs.is_empty() {
        show::line(&format!(
            "error: there is no log below `{}`: name a state folder, or a lane's `log` folder in it",
            folder.display()
        ));
        return Ok(ExitCode::from(WRONG));
    }
    logs.sort();
    let mut good = true;
    for log in &logs {
        good &= if check { verify(log)? } else { inspect(log)? };
    }
    Ok(ExitCode::from(u8::from(!good)))
}

/// Every folder with segments.
fn find(folder: &Path, logs: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        let path = item.path();
        if item.file_type()?.is_dir() {
            find(&path, logs)?;
        } else if path.extension().is_some_and(|end| end == "log")
            && logs.last().map(PathBuf::as_path) != Some(folder)
        {
            logs.push(folder.to_path_buf());
        }
    }
    Ok(())
}

fn open(log: &Path) -> anyhow::Result<RealDisk> {
    RealDisk::open(log).with_context(|| format!("open `{}`", log.display()))
}

fn inspect(log: &Path) -> anyhow::Result<bool> {
    show::data(&format!("{}:", log.display()))?;
    let mut good = true;
    for segment in standpipe_log::inspect(&open(log)?, Path::new(""))? {
        let name = segment.path.display();
        match segment.header {
            Ok(header) => {
                let before = header.predecessor.map_or_else(
                    || "the first".to_owned(),
                    |(number, end)| format!("behind segment {number}, which ends at byte {end}"),
                );
                show::data(&format!(
                    "  {name}: {}, format {}, lane {}, from record {}, {before}",
                    Size(segment.bytes),
                    header.version,
                    header.lane,
                    header.first
                ))?;
            }
            Err(error) => {
                good = false;
                show::data(&format!("  {name}: {}, {error}", Size(segment.bytes)))?;
            }
        }
    }
    Ok(good)
}

fn verify(log: &Path) -> anyhow::Result<bool> {
    let Verdict { first, end, segments, frames, bytes, torn, leftovers } =
        match standpipe_log::verify(&open(log)?, Path::new(""), None) {
            Ok(verdict) => verdict,
            Err(error) => {
                show::data(&format!("{}: {error}", log.display()))?;
                return Ok(false);
            }
        };
    show::data(&format!(
        "{}: good; {} in {} and {}, {}, from record {first} up to {end}",
        log.display(),
        show::count(end.since(first).unwrap_or_default(), "record"),
        show::count(frames, "frame"),
        show::count(segments as u64, "segment"),
        Size(bytes),
    ))?;
    if let Some(torn) = torn {
        show::data(&format!(
            "  recovery would cut {} behind byte {} of {}: nobody was answered for them",
            Size(torn.bytes),
            torn.from,
            torn.segment.display()
        ))?;
    }
    for (path, why) in leftovers {
        show::data(&format!("  recovery would remove {}: {why}", path.display()))?;
    }
    Ok(true)
}
