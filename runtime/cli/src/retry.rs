use std::process::ExitCode;

use anyhow::Context;
use standpipe_api::Book;
use standpipe_plugin::Host;
use standpipe_spec::Config;
use standpipe_stream::{Metrics, Retried, State};

use crate::args::Retry;
use crate::check::{Loaded, WRONG, load};
use crate::show;

/// Tries what waits for its delivery once, and gives what cannot have its key another one.
pub(crate) fn retry(args: &Retry) -> anyhow::Result<ExitCode> {
    let host = |config: &Config| Host::new(Some(config.state.join("compiled")));
    let metrics = Metrics::default();
    let Some(Loaded { planner, mut plans, file, .. }) = load(&args.config, &metrics, host) else {
        return Ok(ExitCode::from(WRONG));
    };
    let state = State::open(&file.draft.state, file.draft.quota)?;
    let (book, _) = Book::read(&state)?;
    plans.extend(book.plans(&planner, &file.draft, &metrics)?);
    let Some(plan) = plans.iter().find(|plan| plan.name == args.stream) else {
        let (stream, config) = (&args.stream, args.config.display());
        show::line(&format!("error: there is no stream `{stream}` in {config}, and the API made none"));
        return Ok(ExitCode::from(WRONG));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("start the runtime")?;
    let tell = |old: &str, new: &str| show::line(&format!("`{old}` is taken: its object will be `{new}`"));
    let Retried { delivered, renamed } =
        standpipe_stream::retry(plan, state.home(&plan.name)?, runtime.handle(), tell)?;
    let (delivered, new) = (show::count(delivered, "object"), show::count(renamed, "new key"));
    show::line(&format!(
        "{}: {delivered} delivered, {new}; run the host again to deliver the rest",
        plan.name
    ));
    Ok(ExitCode::SUCCESS)
}
