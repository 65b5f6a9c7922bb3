//! `ProcessingConfiguration`: what is done with records, as a list of processors.

use std::collections::BTreeMap;

use base64_simd::STANDARD;
use serde_json::Value;
use standpipe_spec::{CloudWatchLogs, Deaggregate, Split};

use super::lambda::{self, Function};
use super::{Said, invalid, is_true, text};
use crate::fault::Fault;

/// The most processors.
const MOST: usize = 5;
/// What an `AppendDelimiterToRecord` may append: a newline, as it is or as the console sends it.
const NEWLINES: [&str; 2] = ["\n", "\\n"];

/// Each type, with the parameters that it may have.
const TYPES: [(&str, &[&str]); 6] = [
    ("Decompression", &["CompressionFormat"]),
    ("CloudWatchLogProcessing", &["DataMessageExtraction"]),
    ("RecordDeAggregation", &["SubRecordType", "Delimiter"]),
    ("Lambda", &lambda::PARAMETERS),
    ("MetadataExtraction", &["MetadataExtractionQuery", "JsonParsingEngine"]),
    ("AppendDelimiterToRecord", &["Delimiter"]),
];

/// What is done with records.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Processing {
    pub(super) split: Split,
    pub(super) function: Option<Function>,
    pub(super) query: Option<String>,
    pub(super) appends_newline: bool,
}

/// The parameters of a processor, by name.
type Parameters<'a> = BTreeMap<&'a str, &'a str>;

/// Reads what is done with records: nothing, unless it is enabled. Whatever is said is read all the same.
pub(super) fn read(processing: &Said) -> Result<Processing, Fault> {
    let mut found = Processing::default();
    let enabled = is_true(processing, "Enabled");
    let processors = processing.get("Processors").and_then(Value::as_array);
    let processors = processors.map(Vec::as_slice).unwrap_or_default();
    if processors.len() > MOST || (enabled && processors.is_empty()) {
        return Err(invalid(
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
        ));
    }
    let mut seen = Vec::new();
    for processor in processors.iter().filter_map(Value::as_object) {
        let kind = text(processor, "Type").unwrap_or_default();
        if seen.contains(&kind) {
            return Err(invalid(format!("Cannot have more than 1 {kind} processor")));
        }
        seen.push(kind);
        let parameters = parameters(kind, processor)?;
        let get = |name: &str| parameters.get(name).copied();
        match kind {
            "Decompression" => {
                if get("CompressionFormat").is_some_and(|format| format != "GZIP") {
                    return Err(invalid("CompressionFormat has to be GZIP"));
                }
                found.split.cloudwatch_logs.get_or_insert(CloudWatchLogs::Envelopes);
            }
            "CloudWatchLogProcessing" => {
                let extracts = extracts(get("DataMessageExtraction"))?;
                found.split.cloudwatch_logs =
                    extracts.then_some(CloudWatchLogs::Messages).or(found.split.cloudwatch_logs);
            }
            "RecordDeAggregation" => found.split.deaggregate = Some(deaggregate(&parameters)?),
            "Lambda" => found.function = Some(lambda::read(get)?),
            "MetadataExtraction" => {
                if get("JsonParsingEngine").is_some_and(|engine| engine != "JQ-1.6") {
                    return Err(invalid("JsonParsingEngine has to be JQ-1.6"));
                }
                let query = get("MetadataExtractionQuery");
                let query = query.ok_or_else(|| {
                    invalid("MetadataExtractionQuery must be given for a MetadataExtraction processor")
                })?;
                found.query = Some(query.to_owned());
            }
            "AppendDelimiterToRecord" => {
                if get("Delimiter").is_some_and(|delimiter| !NEWLINES.contains(&delimiter)) {
                    return Err(invalid(
                        "a Delimiter other than a newline is not built in this version of standpipe: send \\n",
                    ));
                }
                found.appends_newline = true;
            }
            // The model knows no other.
            _ => {}
        }
    }
    if seen.contains(&"CloudWatchLogProcessing") && !seen.contains(&"Decompression") {
        return Err(invalid(
            "CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor",
        ));
    }
    Ok(if enabled { found } else { Processing::default() })
}

fn parameters<'a>(kind: &str, processor: &'a Said) -> Result<Parameters<'a>, Fault> {
    let allowed = TYPES.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, names)| names);
    let said = processor.get("Parameters").and_then(Value::as_array);
    let mut found = Parameters::new();
    for parameter in said.into_iter().flatten().filter_map(Value::as_object) {
        let name = text(parameter, "ParameterName").unwrap_or_default();
        if !allowed.contains(&name) {
            return Err(invalid(format!("{name} is no parameter of a {kind} processor")));
        }
        if found.insert(name, text(parameter, "ParameterValue").unwrap_or_default()).is_some() {
            return Err(invalid(format!("{name} is given twice for the {kind} processor")));
        }
    }
    Ok(found)
}

/// Whether each log event is to be a record of its own.
fn extracts(said: Option<&str>) -> Result<bool, Fault> {
    match said.map(str::to_ascii_lowercase).as_deref() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(invalid(
            "Invalid parameter value for DataMessageExtraction. Allowed values are True and False.",
        )),
    }
}

fn deaggregate(parameters: &Parameters<'_>) -> Result<Deaggregate, Fault> {
    match parameters.get("SubRecordType").copied() {
        Some("JSON") => Ok(Deaggregate::Json),
        Some("DELIMITED") => {
            let said = parameters.get("Delimiter").copied();
            let said =
                said.ok_or_else(|| invalid("Delimiter must be given when SubRecordType is DELIMITED"))?;
            let bytes = STANDARD.decode_to_vec(said).ok().filter(|bytes| !bytes.is_empty());
            let bytes = bytes.ok_or_else(|| invalid("Delimiter must be base64 of at least one byte"))?;
            let text = String::from_utf8(bytes).map_err(|_| {
                invalid(
                    "a Delimiter that is not UTF-8 is not built in this version of standpipe: send another",
                )
            })?;
            match text.len() <= Deaggregate::DELIMITER {
                true => Ok(Deaggregate::Delimiter(text)),
                false => Err(invalid(format!("Delimiter has at most {} bytes", Deaggregate::DELIMITER))),
            }
        }
        _ => Err(invalid("SubRecordType has to be JSON or DELIMITED")),
    }
}
