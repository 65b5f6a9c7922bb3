use std::process::ExitCode;

use anyhow::Context;
use standpipe_spec::{Config, File};
use standpipe_stream::Changes;

use crate::args::Reload;
use crate::check::{WRONG, find};
use crate::control::{Answer, Question, ask};
use crate::show;

/// Has the host of a config file read it again. A file that cannot be right is not shown to the host at all.
pub(crate) fn reload(args: &Reload) -> anyhow::Result<ExitCode> {
    let file = match find(&args.config) {
        Ok(file) => file,
        Err(told) => {
            show::line(&told);
            return Ok(ExitCode::from(WRONG));
        }
    };
    let state = &file.draft.state;
    let answer = ask(state, Question::Reload).context("ask the host")?;
    let Some(Answer { good, text }) = answer else {
        let (state, config) = (state.display(), args.config.display());
        show::line(&format!(
            "error: no host works with the state folder `{state}`: start one with `standpipe run {config}`"
        ));
        return Ok(ExitCode::from(1));
    };
    show::line(text.trim_end());
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(WRONG) })
}

/// What a running host cannot change: the key of the first that differs.
pub(crate) fn fixed(before: &Config, after: &Config) -> Option<&'static str> {
    let differs = [
        ("state", before.state != after.state),
        ("quota", before.quota != after.quota),
        ("buffer_memory", before.buffer_memory != after.buffer_memory),
        ("listen", before.listen != after.listen),
        ("admin_listen", before.admin_listen != after.admin_listen),
        ("api.memory", before.api.memory != after.api.memory),
        ("api.max_connections", before.api.max_connections != after.api.max_connections),
        ("api.tls", before.api.tls != after.api.tls),
        // Without keys the server would have had to refuse to begin.
        ("keys", before.listen.is_some() && before.keys.is_empty() != after.keys.is_empty()),
    ];
    differs.into_iter().find(|(_, differs)| *differs).map(|(key, _)| key)
}

/// `1 stream added: a; 2 changed: b, c`.
pub(crate) fn told(changes: &Changes, file: &File) -> String {
    let Changes { added, changed, removed } = changes;
    let lists = [("added", added), ("changed", changed), ("removed", removed)];
    let parts: Vec<String> = lists
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| {
            format!("{} {what}: {}", show::count(names.len() as u64, "stream"), names.join(", "))
        })
        .collect();
    let streams = if parts.is_empty() { "streams as they were".to_owned() } else { parts.join("; ") };
    let keys = show::count(file.draft.keys.len() as u64, "key");
    format!("{}: read again; {streams}; {keys}", file.path.display())
}
