use wasmparser::{Parser, Payload};

use crate::LoadError;

/// The largest `standpipe:plugin` section, in bytes.
const MAX_SECTION_BYTES: usize = 64 << 10;
/// The section's name.
pub const SECTION: &str = "standpipe:plugin";

/// What a plugin says of itself in its `standpipe:plugin` section.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// JSON Schema of its params.
    pub params: Option<serde_json::Value>,
    /// The input columns that it asks for.
    pub columns: Vec<String>,
    /// The counters that it uses.
    pub metrics: Vec<String>,
}

impl Manifest {
    /// Reads the section from a component or any of its core modules. A plugin without one has an empty
    /// manifest; two sections are an error.
    pub fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let mut found: Option<&[u8]> = None;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| LoadError::Malformed { error: error.to_string() })?;
            if let Payload::CustomSection(section) = payload
                && section.name() == SECTION
            {
                if found.is_some() {
                    return Err(LoadError::TwoSections);
                }
                found = Some(section.data());
            }
        }
        let Some(data) = found else { return Ok(Self::default()) };
        if data.len() > MAX_SECTION_BYTES {
            let reason = format!("it has {} bytes; the limit is {MAX_SECTION_BYTES}", data.len());
            return Err(LoadError::Section { reason });
        }
        let manifest: Self =
            serde_json::from_slice(data).map_err(|error| LoadError::Section { reason: error.to_string() })?;
        Ok(manifest)
    }
}
