use std::borrow::Cow;

use wasmparser::{Parser, Payload};

use crate::Error;

/// The section in which a plugin says what it is.
const SECTION: &str = "standpipe:plugin";

/// The component with the section `standpipe:plugin` behind it: `manifest` is its JSON. One that has such a section
/// already, from its SDK, keeps that and is given back as it is.
pub fn with_section(component: &[u8], manifest: &str) -> Result<Vec<u8>, Error> {
    let mut out = component.to_vec();
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|error| Error::Damaged { reason: error.to_string() })? {
            Payload::CustomSection(section) if section.name() == SECTION => return Ok(out),
            _ => {}
        }
    }
    // Section 0 is a custom one: its length, the length of its name, the name, the content.
    let mut section = Vec::new();
    leb128(&mut section, SECTION.len());
    section.extend_from_slice(SECTION.as_bytes());
    section.extend_from_slice(manifest.as_bytes());
    out.push(0);
    leb128(&mut out, section.len());
    out.extend_from_slice(&section);
    Ok(out)
}

/// A core module without what a debugger would read of it: half of what a compiler leaves, and no backtrace needs it. The
/// names of functions stay. Anything else than a core module is given back as it is.
pub fn without_debug(module: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if !Parser::is_core_wasm(module) {
        return Ok(Cow::Borrowed(module));
    }
    let damaged = |reason: String| Error::Damaged { reason };
    let mut out = module.get(..8).unwrap_or_default().to_vec();
    let mut kept = 8;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| damaged(error.to_string()))?;
        let Some((_, content)) = payload.as_section() else { continue };
        let whole = module
            .get(kept..content.end)
            .ok_or_else(|| damaged("its sections are not one behind the other".into()))?;
        kept = content.end;
        match payload {
            Payload::CustomSection(section) if section.name().starts_with(".debug_") => {}
            _ => out.extend_from_slice(whole),
        }
    }
    Ok(Cow::Owned(out))
}

/// An unsigned number in base 128, the low digits first.
fn leb128(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_added_once_and_can_be_read() {
        let module = wat::parse_str("(component)").unwrap();
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(300));
        let once = with_section(&module, &long).unwrap();
        let found = Parser::new(0).parse_all(&once).find_map(|payload| match payload.unwrap() {
            Payload::CustomSection(section) if section.name() == SECTION => Some(section.data().to_vec()),
            _ => None,
        });
        assert_eq!(found.unwrap(), long.as_bytes());
        assert_eq!(with_section(&once, "{}").unwrap(), once);
    }

    #[test]
    fn of_a_module_only_the_debug_sections_go() {
        let text = r#"(module (func $named (export "f") (result i32) (i32.const 5))
            (@custom ".debug_info" "bulk") (@custom "other" "kept") (@custom ".debug_line" (after last) "bulk"))"#;
        let module = wat::parse_str(text).unwrap();
        let bare = without_debug(&module).unwrap();
        wasmparser::validate(&bare).unwrap();
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(&bare) {
            if let Payload::CustomSection(section) = payload.unwrap() {
                names.push(section.name().to_owned());
            }
        }
        names.sort();
        assert_eq!(names, ["name", "other"]);
        assert!(matches!(without_debug(&wat::parse_str("(component)").unwrap()).unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(matches!(with_section(b"\0asm\x0d\0\x01\0\x07", "{}"), Err(Error::Damaged { .. })));
    }
}
