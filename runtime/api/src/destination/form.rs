//! A stream of the API, as the config file would say it.

use std::collections::BTreeMap;

use serde_json::Value;
use standpipe_spec::{Lambda, Spanned};

use super::{Said, made, stream};

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
    let mut functions = BTreeMap::new();
    for function in functions_of(&said) {
        if let Some(plugin) = plugin_of(function) {
            functions.insert(function.to_owned(), Spanned::new(plugin, 0..0));
        }
    }
    let stream = stream(name, &said, &Lambda { functions }).map_err(|fault| fault.message)?;
    Ok(stream.to_string())
}

/// The functions that a destination names.
fn functions_of(said: &Said) -> impl Iterator<Item = &str> {
    let processors = said.get("ProcessingConfiguration").and_then(|processing| processing.get("Processors"));
    let parameters = processors.and_then(Value::as_array).into_iter().flatten();
    let parameters = parameters.filter_map(|processor| processor.get("Parameters")?.as_array()).flatten();
    let arns = parameters.filter(|parameter| parameter.get("ParameterName") == Some(&"LambdaArn".into()));
    arns.filter_map(|parameter| parameter.get("ParameterValue")?.as_str())
}
