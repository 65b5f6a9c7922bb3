use std::borrow::Cow;

use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::Error;
use crate::adapter::{PREVIEW1, adapter};

/// The contract, for modules that were built without `wit-bindgen`.
const WIT: &str = include_str!("../../../wit/transform.wit");
/// The one interface of the contract that a module imports.
const HOST: &str = "standpipe:transform/host@";

/// Makes a component of a core module that carries the contract; a component is given back as it is.
///
/// A module carries the contract when it has a `component-type` section, which `wit-bindgen` leaves in the output
/// of a plain compiler, when it exports the functions of `batch` or `each` under their canonical names, or when it is
/// a WASI command: it exports `_start`. What it imports of WASI preview 1 becomes calls of WASI 0.2.
pub fn componentize(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if !bytes.starts_with(b"\0asm") {
        return Err(Error::NotWasm);
    }
    if !Parser::is_core_wasm(bytes) {
        // A component, or something damaged: the host says which.
        return Ok(Cow::Borrowed(bytes));
    }
    let refused = |error: &dyn std::fmt::Display| Error::CoreModule { reason: error.to_string() };
    let mut module = Cow::Borrowed(bytes);
    let carried = look_at(bytes)?;
    let command = !carried.typed && carried.world.is_none();
    if command && !carried.start {
        let reason = "it exports no function of `batch` or `each`, and no `_start` as a WASI command does";
        return Err(Error::CoreModule { reason: reason.into() });
    }
    if let (false, Some(world)) = (carried.typed, carried.world) {
        let mut resolve = Resolve::default();
        let package =
            resolve.push_str("transform.wit", WIT).map_err(|error| refused(&format!("{error:#}")))?;
        let world =
            resolve.select_world(&[package], Some(world)).map_err(|error| refused(&format!("{error:#}")))?;
        embed_component_metadata(module.to_mut(), &resolve, world, StringEncoding::UTF8)
            .map_err(|error| refused(&format!("{error:#}")))?;
    }
    let adapter = if carried.preview1 || command {
        Some(adapter(command).map_err(|error| Error::CoreModule { reason: error })?)
    } else {
        None
    };
    let encoded = ComponentEncoder::default().validate(true).module(&module).and_then(|encoder| {
        match &adapter {
            Some(adapter) => encoder.adapter(PREVIEW1, adapter),
            None => Ok(encoder),
        }?
        .encode()
    });
    let encoded = encoded.map_err(|error| refused(&first_lines(&format!("{error:#}"))))?;
    Ok(Cow::Owned(encoded))
}

#[derive(Default)]
struct Carried {
    /// It has a `component-type` section.
    typed: bool,
    /// The world whose functions it exports.
    world: Option<&'static str>,
    /// It exports `_start`.
    start: bool,
    /// It imports from WASI preview 1.
    preview1: bool,
}

fn look_at(module: &[u8]) -> Result<Carried, Error> {
    let damaged = |error: wasmparser::BinaryReaderError| Error::Damaged { reason: error.to_string() };
    let mut carried = Carried::default();
    let mut strange = None;
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(damaged)? {
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                carried.typed = true;
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(damaged)?;
                    if import.module == PREVIEW1 {
                        carried.preview1 = true;
                    } else if !import.module.starts_with(HOST) {
                        strange = strange.or(Some((import.module, import.name)));
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let name = export.map_err(damaged)?.name;
                    if name.starts_with("standpipe:transform/batch@") {
                        carried.world = Some("batch-plugin");
                    } else if name.starts_with("standpipe:transform/each@") {
                        carried.world = Some("each-plugin");
                    } else if name == "_start" {
                        carried.start = true;
                    }
                }
            }
            _ => {}
        }
    }
    match strange {
        // With a section of its own it may import what that names: the host judges the component.
        Some((from, name)) if !carried.typed => {
            Err(Error::Toolchain { import: format!("{} {}", short(from), short(name)), hint: hint(from) })
        }
        _ => Ok(carried),
    }
}

/// What to do about a module that imports from `from`: which toolchain leaves that behind.
fn hint(from: &str) -> &'static str {
    match from {
        "env" => {
            "link it without undefined symbols, with clang and wasi-libc rather than Emscripten, or an SDK"
        }
        "go" | "gojs" => "build it with `GOOS=wasip1 -buildmode=c-shared` rather than `GOOS=js`",
        "wasi_unstable" => "build it with a toolchain that knows `wasi_snapshot_preview1`",
        from if from.starts_with("__wbindgen") || from == "wbg" => {
            "build it without wasm-bindgen: it is for browsers"
        }
        from if from.starts_with("wasi:") || from.starts_with('$') => {
            "make it a component with the tool that it was built for, such as `wasm-tools component new`"
        }
        _ => "build it with an SDK, or against `wit/`",
    }
}

fn short(name: &str) -> String {
    first_lines(&name.chars().filter(|character| !character.is_control()).take(80).collect::<String>())
}

/// An error on one line and of a readable length.
fn first_lines(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
