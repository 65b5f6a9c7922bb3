use std::path::Path;
use std::process::ExitCode;

use standpipe_plugin::Host;
use standpipe_spec::{Config, Size};
use standpipe_stream::{Metrics, Plan, Planner, plan};

use crate::args::Check;
use crate::{report, show};

/// Exit code for a wrong file or wrong usage.
pub(crate) const WRONG: u8 = 2;

pub(crate) fn check(args: &Check) -> anyhow::Result<ExitCode> {
    let loaded = load(&args.config, &Metrics::default(), |_| Host::new(show::cache_folder()));
    let Some(Loaded { plans, file, .. }) = loaded else { return Ok(ExitCode::from(WRONG)) };
    let streams = show::count(plans.len() as u64, "stream");
    let plugins = show::count(file.draft.plugins.len() as u64, "plugin");
    show::line(&format!("{}: {streams}, {plugins}, no errors", args.config.display()));
    for plugin in file.draft.plugins.values() {
        let limits = &plugin.limits;
        show::line(&format!(
            "  plugin {}: memory {}, {} ms a record, output {} and {} a record",
            plugin.name.value,
            Size(limits.memory),
            limits.time_per_record.as_millis(),
            Size(limits.output_per_record),
            show::count(u64::from(limits.outputs_per_record), "output"),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a config file. What is wrong with its text, or the file, is told.
pub(crate) fn find(path: &Path) -> Result<standpipe_spec::File, String> {
    let file = standpipe_spec::load(path).map_err(|error| format!("error: {error}"))?;
    match file.config() {
        Some(_) => Ok(file),
        None => Err(told(&file)),
    }
}

fn told(file: &standpipe_spec::File) -> String {
    report::render(&file.path, &file.text, &file.findings, show::colours()).trim_end().to_owned()
}

/// A config file that can be run.
pub(crate) struct Loaded {
    pub(crate) planner: Planner,
    pub(crate) plans: Vec<Plan>,
    pub(crate) file: standpipe_spec::File,
    /// What there is to be said all the same; it may be nothing.
    pub(crate) told: String,
}

/// Reads a config file and everything it names, loading plugins into the host that `host` makes for it. If it cannot be
/// run, all findings are told.
pub(crate) fn read(
    path: &Path,
    metrics: &Metrics,
    host: impl FnOnce(&Config) -> Host,
) -> Result<Loaded, String> {
    let mut file = standpipe_spec::load(path).map_err(|error| format!("error: {error}"))?;
    let host = host(&file.draft);
    let plans = plan(&mut file, &host, metrics);
    let told = told(&file);
    match plans {
        Some((planner, plans)) => Ok(Loaded { planner, plans, file, told }),
        None => Err(told),
    }
}

/// The same, and shows what there is to be said.
pub(crate) fn load(path: &Path, metrics: &Metrics, host: impl FnOnce(&Config) -> Host) -> Option<Loaded> {
    let (loaded, told) = match read(path, metrics, host) {
        Ok(mut loaded) => {
            let told = std::mem::take(&mut loaded.told);
            (Some(loaded), told)
        }
        Err(told) => (None, told),
    };
    if !told.is_empty() {
        show::line(&told);
    }
    loaded
}
