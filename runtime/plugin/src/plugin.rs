use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use standpipe_record::PluginId;

use crate::compiled::Compiled;
use crate::engine::Metered;
use crate::instance::Instance;
use crate::limits::{Calls, Metering};
use crate::wasi::Moment;
use crate::{Host, Limits, LoadError, Manifest, params};

/// What a plugin is loaded with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name that streams, logs and failures call it by.
    pub name: String,
    /// The digest to call it by, where that is not the component's own: that of the core module or source it
    /// was made from.
    pub digest: Option<String>,
    /// What it may use.
    pub limits: Limits,
    /// How its time is counted.
    pub metering: Metering,
    /// Its params, JSON.
    pub params: String,
    /// Where it runs first, JSON: `stream`, `arn`, `region`, `host`.
    pub context: String,
}

impl Settings {
    /// Settings with the default limits, without params.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            digest: None,
            limits: Limits::default(),
            metering: Metering::Time,
            params: "{}".into(),
            context: format!(r#"{{"host":"{}"}}"#, env!("CARGO_PKG_VERSION")),
        }
    }
}

/// Which of the contract's interfaces a plugin exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// Many records a call.
    Batch,
    /// One record a call.
    Each,
    /// A WASI command that speaks the contract of Firehose's Lambda functions: a call is a run of it.
    Command,
}

/// A compiled plugin that has shown that it starts. Cheap to clone; instances are made by a
/// [`Worker`](crate::Worker).
#[derive(Clone)]
pub struct Plugin {
    loaded: Arc<Loaded>,
    context: Arc<str>,
    calls: Calls,
}

pub(crate) struct Loaded {
    host: Host,
    pub(crate) id: Arc<PluginId>,
    pub(crate) settings: Settings,
    pub(crate) compiled: Arc<Compiled>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.loaded.id)
            .field("interface", &self.interface())
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// Compiles a component, checks it against the contract and starts one instance of it, so that a plugin
    /// that cannot run is found here and not at the first record. What was compiled is shared with the plugins of
    /// this host that have the same component.
    pub fn load(host: &Host, bytes: &[u8], settings: Settings) -> Result<Self, LoadError> {
        let digest = digest_of(bytes);
        let compiled = Compiled::of(host, host.metered(settings.metering)?, bytes, &digest)?;
        check_params(&compiled, &settings.params)?;
        let context = settings.context.as_str().into();
        let id = Arc::new(PluginId {
            name: settings.name.clone(),
            digest: settings.digest.clone().unwrap_or(digest),
        });
        let loaded = Arc::new(Loaded { host: host.clone(), id, settings, compiled });
        let plugin = Self { loaded, context, calls: Calls::default() };
        let mut first = Instance::start(&plugin, Moment::default())?;
        first.check_types(&plugin.loaded.compiled.export)?;
        Ok(plugin)
    }

    /// The same plugin for another stream: only what `init` is told of where it runs differs. Compiled code, params
    /// and limits are shared, and nothing is started.
    pub fn in_context(&self, context: impl Into<Arc<str>>) -> Self {
        Self { loaded: Arc::clone(&self.loaded), context: context.into(), calls: self.calls }
    }

    /// The same plugin, called in another way.
    #[must_use]
    pub fn called(self, calls: Calls) -> Self {
        Self { calls, ..self }
    }

    /// Whether it does the same as another one: the same component, with the same params, limits, context and calls.
    pub fn is_like(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.loaded.settings, &other.loaded.settings);
        self.loaded.id == other.loaded.id
            && (&self.context, self.calls) == (&other.context, other.calls)
            && (&ours.limits, ours.metering, &ours.params)
                == (&theirs.limits, theirs.metering, &theirs.params)
    }

    pub(crate) fn calls(&self) -> Calls {
        self.calls
    }

    pub(crate) fn context(&self) -> &str {
        &self.context
    }

    pub(crate) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    pub(crate) fn metered(&self) -> Result<&Metered, LoadError> {
        self.loaded.host.metered(self.loaded.settings.metering)
    }

    /// Its name and digest.
    pub fn id(&self) -> &Arc<PluginId> {
        &self.loaded.id
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.loaded.compiled.manifest
    }

    /// The name of the interface that it exports, with its version.
    pub fn export(&self) -> &str {
        &self.loaded.compiled.export
    }

    /// The interface that it exports.
    pub fn interface(&self) -> Interface {
        self.loaded.compiled.interface
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.loaded.settings.limits
    }
}

/// Refuses params that the plugin would not take, before anything of it runs.
fn check_params(compiled: &Compiled, params: &str) -> Result<(), LoadError> {
    let given = serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(params);
    if compiled.interface == Interface::Command && given.is_ok_and(|given| !given.is_empty()) {
        let reason = "it is a WASI command, which has no params: leave them out, or write it against `batch`";
        return Err(LoadError::Params { reason: reason.into() });
    }
    match &compiled.manifest.params {
        Some(schema) => params::check(schema, params),
        None => Ok(()),
    }
}

/// `sha256:` and the hex digest of `bytes`.
pub fn digest_of(bytes: &[u8]) -> String {
    let mut out = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
