use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use standpipe_record::PluginId;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::contract::{HOST, PACKAGE, VERSIONS};
use crate::engine::{Metered, within_compile_time};
use crate::instance::Instance;
use crate::limits::{MAX_COMPONENT_BYTES, Metering};
use crate::state::{self, State};
use crate::{Host, Limits, LoadError, Manifest};

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
}

/// A compiled plugin that has shown that it starts. Cheap to clone; instances are made by a
/// [`Worker`](crate::Worker).
#[derive(Clone)]
pub struct Plugin {
    loaded: Arc<Loaded>,
    context: Arc<str>,
}

pub(crate) struct Loaded {
    host: Host,
    pub(crate) id: Arc<PluginId>,
    pub(crate) manifest: Manifest,
    pub(crate) settings: Settings,
    pub(crate) interface: Interface,
    pub(crate) pre: InstancePre<State>,
    pub(crate) init: ComponentExportIndex,
    pub(crate) transform: ComponentExportIndex,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.loaded.id)
            .field("interface", &self.loaded.interface)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// Compiles a component, checks it against the contract and starts one instance of it, so that a plugin
    /// that cannot run is found here and not at the first record.
    pub fn load(host: &Host, bytes: &[u8], settings: Settings) -> Result<Self, LoadError> {
        let manifest = inspect(bytes)?;
        let digest = digest_of(bytes);
        let metered = host.metered(settings.metering)?;
        let component = compile(host, metered, bytes, &digest)?;
        let exports = find_exports(metered, &component)?;
        let mut linker = Linker::new(&metered.engine);
        state::link(&mut linker).map_err(|error| LoadError::Engine { error: format!("{error:#}") })?;
        let pre = linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::WrongType { export: HOST.into(), error: format!("{error:#}") })?;
        let context = settings.context.as_str().into();
        let loaded = Arc::new(Loaded {
            host: host.clone(),
            id: Arc::new(PluginId {
                name: settings.name.clone(),
                digest: settings.digest.clone().unwrap_or(digest),
            }),
            manifest,
            settings,
            interface: exports.interface,
            pre,
            init: exports.init,
            transform: exports.transform,
        });
        let plugin = Self { loaded, context };
        let mut first = Instance::start(&plugin)?;
        first.check_types(&exports.name)?;
        Ok(plugin)
    }

    /// The same plugin for another stream: only what `init` is told of where it runs differs. Compiled code, params
    /// and limits are shared, and nothing is started.
    pub fn in_context(&self, context: impl Into<Arc<str>>) -> Self {
        Self { loaded: Arc::clone(&self.loaded), context: context.into() }
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
        &self.loaded.manifest
    }

    /// The interface that it exports.
    pub fn interface(&self) -> Interface {
        self.loaded.interface
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.loaded.settings.limits
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

/// What can be told from the bytes alone.
fn inspect(bytes: &[u8]) -> Result<Manifest, LoadError> {
    if bytes.len() > MAX_COMPONENT_BYTES {
        return Err(LoadError::TooLarge { bytes: bytes.len(), limit: MAX_COMPONENT_BYTES });
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm);
    }
    if wasmparser::Parser::is_core_wasm(bytes) {
        return Err(LoadError::CoreModule);
    }
    Manifest::read(bytes)
}

fn compile(host: &Host, metered: &Metered, bytes: &[u8], digest: &str) -> Result<Component, LoadError> {
    if let Some(component) = host.cache().and_then(|cache| cache.load(&metered.engine, digest)) {
        return Ok(component);
    }
    let engine = metered.engine.clone();
    let owned = bytes.to_vec();
    let component = within_compile_time(move || {
        Component::from_binary(&engine, &owned)
            .map_err(|error| LoadError::Compile { error: format!("{error:#}") })
    })?;
    if let Some(cache) = host.cache() {
        cache.store(&metered.engine, digest, &component);
    }
    Ok(component)
}

struct Exports {
    name: String,
    interface: Interface,
    init: ComponentExportIndex,
    transform: ComponentExportIndex,
}

/// Finds the exported interface and refuses imports that are not the contract's.
fn find_exports(metered: &Metered, component: &Component) -> Result<Exports, LoadError> {
    let ty = component.component_type();
    for (name, item) in ty.imports(&metered.engine) {
        // A component may name types of ours that it uses; a type brings nothing in.
        let is_type = matches!(item.ty, ComponentItem::Type(_));
        if name != HOST && !is_type {
            return Err(LoadError::ForbiddenImport { import: name.to_owned() });
        }
    }
    let names: Vec<String> = ty.exports(&metered.engine).map(|(name, _)| name.to_owned()).collect();
    for (kind, interface) in [("batch", Interface::Batch), ("each", Interface::Each)] {
        for version in VERSIONS {
            let name = format!("{PACKAGE}{kind}@{version}");
            let Some(instance) = component.get_export_index(None, &name) else { continue };
            let find = |function: &str| {
                component.get_export_index(Some(&instance), function).ok_or_else(|| LoadError::WrongType {
                    export: name.clone(),
                    error: format!("it has no function `{function}`"),
                })
            };
            let (init, transform) = (find("init")?, find("transform")?);
            return Ok(Exports { name, interface, init, transform });
        }
    }
    match names.iter().find(|name| name.starts_with(PACKAGE)) {
        Some(export) => Err(LoadError::TooNew { export: export.clone(), known: VERSIONS.join(", ") }),
        None => {
            let quoted: Vec<String> =
                names.iter().take(8).map(|name| format!("`{}`", crate::text::escaped(name, 100))).collect();
            Err(LoadError::NoExport { exports: quoted.join(", ") })
        }
    }
}
