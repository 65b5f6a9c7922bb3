//! A stream of the API, as the config file would say it.

use std::collections::BTreeMap;

use serde_json::Value;
use standpipe_spec::{Lambda, Spanned};

use super::{Said, functions, made, stream};

/// The tables of the config file that say what a `CreateDeliveryStream` with these members makes. `plugin_of` knows which
/// plugin stands in for a function. What is wrong with it is told in one sentence.
pub fn config_form(
    name: &str,
    create: &Said,
    plugin_of: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let destination = |member: &str| create.get(member).and_then(Value::as_object).cloned();
    let (said, extended) = match destination("ExtendedS3DestinationConfiguration") {
        Some(said) => (said, true),
        None => (destination("S3DestinationConfiguration").ok_or("it has no destination in S3")?, false),
    };
    let said = made(said, extended).map_err(|fault| fault.message)?;
    let mut known = BTreeMap::new();
    for function in functions(&said) {
        if let Some(plugin) = plugin_of(function) {
            known.insert(function.to_owned(), Spanned::new(plugin, 0..0));
        }
    }
    let stream = stream(name, &said, &Lambda { functions: known }).map_err(|fault| fault.message)?;
    Ok(stream.to_string())
}
