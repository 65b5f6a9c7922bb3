//! WASI preview 1 for core modules: an adapter of our own, in place of the one that needs a memory of its own.

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The module's name for preview 1.
pub(crate) const PREVIEW1: &str = "wasi_snapshot_preview1";
const TEXT: &str = include_str!("adapter/adapter.wat");
const WIT: &str = include_str!("adapter/adapter.wit");
/// What a command adds: its `_start` is what `wasi:cli/run` runs.
const COMMAND: &str = r#"
  (import "__main_module__" "_start" (func $start))
  (func (export "wasi:cli/run@0.2.0#run") (result i32) (call $start) (i32.const 0))
"#;

/// The adapter, for a module that runs once and ends (`command`) or for one whose functions are called.
pub(crate) fn adapter(command: bool) -> Result<Vec<u8>, String> {
    let (more, world) = if command { (COMMAND, "command") } else { ("", "reactor") };
    let mut module =
        wat::parse_str(TEXT.replace("  ;; COMMAND\n", more)).map_err(|error| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("adapter.wit", WIT).map_err(|error| format!("{error:#}"))?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|error| format!("{error:#}"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    Ok(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_adapters_are_modules() {
        for command in [false, true] {
            wasmparser::validate(&adapter(command).unwrap()).unwrap();
        }
    }
}
