//! Plugins, from what the config says to what runs.

use std::path::Path;

use standpipe_plugin::{Host, Limits, LoadError, Metering, Plugin, Settings};
use standpipe_record::Kind;
use standpipe_registry::{Reference, resolve};
use standpipe_spec::{self as spec, File, Finding};

pub(super) fn load_declared(
    file: &File,
    plugin: &spec::Plugin,
    stream: Option<&str>,
    host: &Host,
    findings: &mut Vec<Finding>,
) -> Option<Plugin> {
    let settings = Settings {
        limits: limits(&plugin.limits),
        metering: if plugin.deterministic { Metering::Fuel } else { Metering::Time },
        params: plugin.params.value.to_string(),
        context: context(&file.draft.api, stream),
        ..Settings::new(plugin.name.value.clone())
    };
    let pinned = plugin.digest.as_ref().map(|digest| digest.value.as_str());
    match load_plugin(host, &plugin.source.value, &file.draft.base, pinned, settings) {
        Ok(plugin) => Some(plugin),
        Err(failure) => {
            let place = if failure.about_params { &plugin.params.span } else { &plugin.source.span };
            findings.push(Finding::error(failure.message).at(place.clone()));
            None
        }
    }
}

/// Why a plugin is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LoadFailure {
    /// One sentence that says what to do.
    pub message: String,
    /// Whether it is the params that are wrong, and not the plugin.
    pub about_params: bool,
}

impl LoadFailure {
    /// What to do about it: mend the config, or the plugin.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl From<LoadFailure> for String {
    fn from(failure: LoadFailure) -> Self {
        failure.message
    }
}

impl From<String> for LoadFailure {
    fn from(message: String) -> Self {
        Self { message, about_params: false }
    }
}

/// Resolves a reference, compares its digest and loads it.
pub fn load_plugin(
    host: &Host,
    reference: &str,
    base: &Path,
    pinned: Option<&str>,
    settings: Settings,
) -> Result<Plugin, LoadFailure> {
    let name = settings.name.clone();
    let reference = Reference::parse(reference, base).map_err(|error| error.to_string())?;
    let artifact = resolve(&reference, pinned).map_err(|error| match &error {
        standpipe_registry::Error::NotWasm
        | standpipe_registry::Error::Damaged { .. }
        | standpipe_registry::Error::Toolchain { .. }
        | standpipe_registry::Error::CoreModule { .. } => format!("plugin `{reference}`: {error}"),
        _ => error.to_string(),
    })?;
    let settings = Settings { digest: Some(artifact.digest), ..settings };
    Plugin::load(host, &artifact.component, settings).map_err(|error| {
        let shown = reference.to_string();
        let about_params = matches!(error, LoadError::Params { .. });
        let message = if shown == name {
            format!("plugin `{name}`: {error}")
        } else {
            format!("plugin `{name}` ({shown}): {error}")
        };
        LoadFailure { message, about_params }
    })
}

fn limits(limits: &spec::Limits) -> Limits {
    Limits {
        memory: limits.memory,
        time_per_record: limits.time_per_record,
        init_time: limits.init_time,
        output_per_record: limits.output_per_record,
        outputs_per_record: limits.outputs_per_record,
        table_elements: limits.table_elements,
        log_bytes: limits.log_bytes,
        metrics: limits.metrics,
    }
}

/// What `init` is told of where it runs. Nothing of it needs escaping: `spec` has checked the letters.
pub(super) fn context(api: &spec::Api, stream: Option<&str>) -> String {
    let (spec::Api { account, region, .. }, stream) = (api, stream.unwrap_or_default());
    format!(
        r#"{{"stream":"{stream}","arn":"arn:aws:firehose:{region}:{account}:deliverystream/{stream}","region":"{region}","host":"{}"}}"#,
        env!("CARGO_PKG_VERSION")
    )
}
