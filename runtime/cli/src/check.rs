use std::path::Path;
use std::process::ExitCode;

use standpipe_plugin::Host;
use standpipe_spec::{Config, Size};
use standpipe_stream::{Metrics, Plan, plan};

use crate::args::Check;
use crate::{report, show};

/// Exit code for a wrong file or wrong usage.
pub(crate) const WRONG: u8 = 2;

pub(crate) fn check(args: &Check) -> anyhow::Result<ExitCode> {
    let Some((plans, file)) = load(&args.config, &Metrics::default(), |_| Host::new(show::cache_folder()))
    else {
        return Ok(ExitCode::from(WRONG));
    };
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

/// Reads a config file and everything it names, loading plugins into the host that `host` makes for it. Shows
/// all findings; `None` when one of them is an error.
pub(crate) fn load(
    path: &Path,
    metrics: &Metrics,
    host: impl FnOnce(&Config) -> Host,
) -> Option<(Vec<Plan>, standpipe_spec::File)> {
    let mut file = match standpipe_spec::load(path) {
        Ok(file) => file,
        Err(error) => {
            show::line(&format!("error: {error}"));
            return None;
        }
    };
    let host = host(&file.draft);
    let plans = plan(&mut file, &host, metrics);
    if !file.findings.is_empty() {
        show::line(report::render(&file.path, &file.text, &file.findings, show::colours()).trim_end());
    }
    plans.map(|plans| (plans, file))
}
