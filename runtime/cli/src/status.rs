use std::process::ExitCode;

use standpipe_spec::Size;
use standpipe_stream::inspect;

use crate::args::Status;
use crate::check::WRONG;
use crate::show;

/// Shows what the state folder of a config holds. Works beside a host that runs.
pub(crate) fn status(args: &Status) -> anyhow::Result<ExitCode> {
    let file = match standpipe_spec::load(&args.config) {
        Ok(file) => file,
        Err(error) => {
            show::line(&format!("error: {error}"));
            return Ok(ExitCode::from(WRONG));
        }
    };
    let held = if file.draft.state.is_dir() { inspect(&file.draft.state)? } else { Vec::new() };
    for name in file.draft.streams.keys().filter(|name| held.iter().all(|held| held.stream != **name)) {
        show::data(&format!("{name}: nothing was read yet"))?;
    }
    for held in &held {
        let gone = if file.draft.streams.contains_key(&held.stream) { "" } else { " (not in the config)" };
        show::data(&format!(
            "{}{gone}: {} settled; {} in the log, {} in open parcels, {} in {} to deliver; {}; entry {}",
            held.stream,
            show::count(held.position, "record"),
            show::number(held.in_log),
            show::number(held.open),
            show::number(held.sealed),
            show::count(held.files, "file"),
            Size(held.bytes),
            show::number(held.entry),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
