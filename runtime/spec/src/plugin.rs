use serde_json::{Map, Value};
use toml::de::DeValue;

use crate::reader::Reader;
use crate::text::quoted;
use crate::{Finding, Limits, Spanned, params};

/// What stands before the name of a plugin that comes with the program.
const BLUEPRINT: &str = "blueprint:";
/// Hex digits of a SHA-256 digest.
const DIGEST_DIGITS: usize = 64;

/// A plugin that streams can name: `[plugins.NAME]`, or `blueprint:NAME` where a stream says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// The name that streams use.
    pub name: Spanned<String>,
    /// The reference to its component: a path relative to the file, or `blueprint:NAME`.
    pub source: Spanned<String>,
    /// The digest that its bytes must have: `sha256:` and 64 lower-case hex digits.
    pub digest: Option<Spanned<String>>,
    /// What it is given as parameters: a JSON object.
    pub params: Spanned<Value>,
    /// What it may use.
    pub limits: Limits,
    /// Whether a run must be repeatable: its time is counted in instructions.
    pub deterministic: bool,
}

impl Plugin {
    pub(crate) fn read(name: Spanned<String>, mut reader: Reader<'_>) -> Option<Self> {
        let source_help = "write `source = \"blueprint:NAME\"`, or the path of a component";
        reader.require("source", source_help);
        let source = reader.filled("source", source_help);
        let digest = digest(&mut reader);
        let params = params(&mut reader);
        let limits = reader.table("limits").map(Limits::read).unwrap_or_default();
        let deterministic = reader.boolean("deterministic").unwrap_or_default();
        refuse_grants(&mut reader);
        reader.finish();
        let params = params.unwrap_or_else(|| Spanned::new(Value::Object(Map::new()), name.span.clone()));
        Some(Self { name, source: source?, digest, params, limits, deterministic })
    }

    /// The plugin that a stream names without a table for it, if `reference` is a blueprint's.
    pub(crate) fn undeclared(reference: &Spanned<String>) -> Option<Self> {
        let name = reference.value.strip_prefix(BLUEPRINT)?;
        (!name.is_empty()).then(|| Self {
            name: reference.clone(),
            source: reference.clone(),
            digest: None,
            params: Spanned::new(Value::Object(Map::new()), reference.span.clone()),
            limits: Limits::default(),
            deterministic: false,
        })
    }
}

fn params(reader: &mut Reader<'_>) -> Option<Spanned<Value>> {
    let value = reader.value("params")?;
    match value.get_ref() {
        DeValue::Table(table) => {
            let object = params::object(reader.context, table);
            Some(Spanned::new(Value::Object(object), value.span()))
        }
        _ => {
            reader.wrong("params", value, "a table", "write `params = { name = \"value\" }`");
            None
        }
    }
}

fn digest(reader: &mut Reader<'_>) -> Option<Spanned<String>> {
    let digest = reader.string("digest")?;
    let is_digest =
        |text: &str| text.len() == DIGEST_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digest.value.strip_prefix("sha256:").is_some_and(is_digest) {
        return Some(digest.map(|text| text.to_ascii_lowercase()));
    }
    let message = format!("`digest` is {}; it takes `sha256:` and 64 hex digits", quoted(&digest.value));
    let help = if is_digest(&digest.value) {
        format!("did you mean `sha256:{}`?", digest.value)
    } else {
        "`sha256sum` of the component prints them; or remove the line".to_owned()
    };
    reader.context.report(Finding::error(message).at(digest.span).with_help(help));
    None
}

/// Nothing can be granted yet, so an empty list is all that is accepted.
fn refuse_grants(reader: &mut Reader<'_>) {
    for grant in reader.strings("grants", "[]") {
        let message =
            format!("{} cannot be granted: this version grants nothing to plugins", quoted(&grant.value));
        reader.context.report(
            Finding::error(message).at(grant.span).with_help("write `grants = []`, or remove the line"),
        );
    }
}
