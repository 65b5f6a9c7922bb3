use std::sync::{Arc, Weak};

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::contract::{PACKAGE, RUN, VERSIONS};
use crate::engine::{Metered, within_compile_time};
use crate::limits::MAX_COMPONENT_BYTES;
use crate::state::{self, State};
use crate::{Host, Interface, LoadError, Manifest, wasi};

/// A component, compiled and checked against the contract. It knows no params, limits or context: plugins that
/// differ in these alone share one.
pub(crate) struct Compiled {
    pub(crate) manifest: Manifest,
    pub(crate) interface: Interface,
    /// Name of the exported interface.
    pub(crate) export: String,
    pub(crate) pre: InstancePre<State>,
    /// A command has none.
    pub(crate) init: Option<ComponentExportIndex>,
    pub(crate) transform: ComponentExportIndex,
}

impl Compiled {
    /// The one that plugins of this engine use already, or else a new one.
    pub(crate) fn of(
        host: &Host,
        metered: &Metered,
        bytes: &[u8],
        digest: &str,
    ) -> Result<Arc<Self>, LoadError> {
        if let Some(used) = metered.compiled().get(digest).and_then(Weak::upgrade) {
            return Ok(used);
        }
        // Two threads that come here with the same component both compile it; what is then shared is the last.
        let made = Arc::new(Self::new(host, metered, bytes, digest)?);
        let mut compiled = metered.compiled();
        compiled.retain(|_, used| used.strong_count() > 0);
        compiled.insert(digest.to_owned(), Arc::downgrade(&made));
        Ok(made)
    }

    fn new(host: &Host, metered: &Metered, bytes: &[u8], digest: &str) -> Result<Self, LoadError> {
        let manifest = inspect(bytes)?;
        let component = compile(host, metered, bytes, digest)?;
        check_imports(metered, &component)?;
        let Exports { name: export, interface, init, transform } = find_exports(metered, &component)?;
        let mut linker = Linker::new(&metered.engine);
        state::link(&mut linker)
            .and_then(|()| wasi::link(&mut linker, &metered.engine, &component))
            .map_err(|error| LoadError::Engine { error: format!("{error:#}") })?;
        let pre = linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::WrongImport { error: format!("{error:#}") })?;
        Ok(Self { manifest, interface, export, pre, init, transform })
    }
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
    init: Option<ComponentExportIndex>,
    transform: ComponentExportIndex,
}

/// Refuses imports that are neither the contract's nor of the empty WASI.
fn check_imports(metered: &Metered, component: &Component) -> Result<(), LoadError> {
    for (name, item) in component.component_type().imports(&metered.engine) {
        // A component may name types of ours that it uses; a type brings nothing in.
        let is_type = matches!(item.ty, ComponentItem::Type(_));
        if !is_type && wasi::allowed(name).is_none() {
            return Err(LoadError::ForbiddenImport { import: crate::text::escaped(name, 200) });
        }
    }
    Ok(())
}

/// Finds the exported interface.
fn find_exports(metered: &Metered, component: &Component) -> Result<Exports, LoadError> {
    let ty = component.component_type();
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
            let (init, transform) = (Some(find("init")?), find("transform")?);
            return Ok(Exports { name, interface, init, transform });
        }
    }
    if let Some(name) = names.iter().find(|name| name.starts_with(RUN)) {
        let run = component
            .get_export_index(None, name)
            .and_then(|instance| component.get_export_index(Some(&instance), "run"));
        let transform = run.ok_or_else(|| LoadError::WrongType {
            export: name.clone(),
            error: "it has no function `run`".into(),
        })?;
        return Ok(Exports { name: name.clone(), interface: Interface::Command, init: None, transform });
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
