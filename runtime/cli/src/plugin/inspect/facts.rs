use wasmparser::{Parser, Payload};

/// What a component says at its surface.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) imports: Vec<String>,
    /// The interface of the contract that it exports.
    pub(super) export: Option<String>,
}

impl Facts {
    /// Reads it; what is wrong with it otherwise.
    pub(super) fn of(component: &[u8]) -> Result<Self, String> {
        let mut facts = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload.map_err(|error| error.to_string())? {
                // Components and modules within have imports of their own.
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        let import = import.map_err(|error| error.to_string())?;
                        facts.imports.push(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        let export = export.map_err(|error| error.to_string())?;
                        if is_contract(export.name.name) {
                            facts.export = Some(export.name.name.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(facts)
    }

    /// The interface, and what a call of it is.
    pub(super) fn interface(&self) -> String {
        let Some(export) = self.export.as_deref() else { return "none of the contract's".to_owned() };
        let call = if export.contains("/batch@") {
            "many records a call"
        } else if export.contains("/each@") {
            "one record a call"
        } else {
            "a WASI command: a run for each batch"
        };
        format!("{export}, {call}")
    }
}

fn is_contract(export: &str) -> bool {
    ["standpipe:transform/batch@", "standpipe:transform/each@", "wasi:cli/run@"]
        .iter()
        .any(|known| export.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_surface_counts() {
        let component = wat::parse_str(
            r#"(component
                (import "wasi:clocks/wall-clock@0.2.0" (instance))
                (component (import "inner" (func)))
                (core module (import "core" "f" (func)))
                (import "standpipe:transform/host@0.1.0" (instance $host))
                (export "standpipe:transform/each@0.1.0" (instance $host)))"#,
        )
        .unwrap();
        let facts = Facts::of(&component).unwrap();
        assert_eq!(facts.imports, ["wasi:clocks/wall-clock@0.2.0", "standpipe:transform/host@0.1.0"]);
        assert_eq!(facts.interface(), "standpipe:transform/each@0.1.0, one record a call");
        assert_eq!(Facts::of(&component[..component.len() - 3]).ok(), None);
        assert_eq!(Facts::default().interface(), "none of the contract's");
    }
}
