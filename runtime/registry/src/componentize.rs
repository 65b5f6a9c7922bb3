use std::borrow::Cow;

use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::Error;

/// The contract, for modules that were built without `wit-bindgen`.
const WIT: &str = include_str!("../../../wit/transform.wit");

/// Makes a component of a core module that carries the contract; a component is given back as it is.
///
/// A module carries the contract when it has a `component-type` section, which `wit-bindgen` leaves in the output
/// of a plain compiler, or when it exports the functions of `batch` or `each` under their canonical names.
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
    if !carried.typed {
        let Some(world) = carried.world else {
            return Err(Error::CoreModule { reason: "it exports no function of `batch` or `each`".into() });
        };
        let mut resolve = Resolve::default();
        let package =
            resolve.push_str("transform.wit", WIT).map_err(|error| refused(&format!("{error:#}")))?;
        let world =
            resolve.select_world(&[package], Some(world)).map_err(|error| refused(&format!("{error:#}")))?;
        embed_component_metadata(module.to_mut(), &resolve, world, StringEncoding::UTF8)
            .map_err(|error| refused(&format!("{error:#}")))?;
    }
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| refused(&first_lines(&format!("{error:#}"))))?;
    Ok(Cow::Owned(encoded))
}

#[derive(Default)]
struct Carried {
    /// It has a `component-type` section.
    typed: bool,
    /// The world whose functions it exports.
    world: Option<&'static str>,
}

fn look_at(module: &[u8]) -> Result<Carried, Error> {
    let damaged = |error: wasmparser::BinaryReaderError| Error::CoreModule {
        reason: format!("it is damaged or truncated: {error}"),
    };
    let mut carried = Carried::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(damaged)? {
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                carried.typed = true
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let name = export.map_err(damaged)?.name;
                    if name.starts_with("standpipe:transform/batch@") {
                        carried.world = Some("batch-plugin");
                    } else if name.starts_with("standpipe:transform/each@") {
                        carried.world = Some("each-plugin");
                    }
                }
            }
            _ => {}
        }
    }
    Ok(carried)
}

/// An error on one line and of a readable length.
fn first_lines(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
