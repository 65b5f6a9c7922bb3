//! The processor of type `Lambda`: what stands in for a function is a plugin.

use serde_json::{Value, json};
use standpipe_spec::Calls;

use super::{Said, invalid, text};
use crate::fault::Fault;

/// The parameters in the order in which Firehose shows them.
pub(super) const PARAMETERS: [&str; 5] =
    ["LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds"];
/// What `BufferSizeInMBs` may be.
const SIZE: std::ops::RangeInclusive<f64> = 0.2..=3.0;
/// What `BufferIntervalInSeconds` may be.
const INTERVAL: std::ops::RangeInclusive<u32> = 0..=900;

/// A function that a stream calls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    /// As it was sent: its ARN, as a rule.
    pub(super) arn: String,
    pub(super) calls: Calls,
}

/// Puts the parameters of a Lambda processor in order, and adds those that are missing.
pub(super) fn fill(processor: &mut Said, role: Option<&Value>) {
    if text(processor, "Type") != Some("Lambda") {
        return;
    }
    let parameters = processor.entry("Parameters").or_insert_with(|| json!([]));
    let Some(parameters) = parameters.as_array_mut() else { return };
    let place = |parameter: &Value| {
        let name = parameter.get("ParameterName").and_then(Value::as_str);
        PARAMETERS.iter().position(|known| Some(*known) == name).unwrap_or(PARAMETERS.len())
    };
    for name in PARAMETERS {
        let is_there =
            parameters.iter().any(|parameter| parameter.get("ParameterName") == Some(&name.into()));
        let usual = match name {
            "NumberOfRetries" => Some("3"),
            "RoleArn" => role.and_then(Value::as_str),
            "BufferSizeInMBs" => Some("1"),
            "BufferIntervalInSeconds" => Some("60"),
            // Only the client knows.
            _ => None,
        };
        if let Some(usual) = usual.filter(|_| !is_there) {
            parameters.push(json!({ "ParameterName": name, "ParameterValue": usual }));
        }
    }
    parameters.sort_by_key(place);
}

/// Reads the parameters of a Lambda processor.
pub(super) fn read<'a>(parameter: impl Fn(&str) -> Option<&'a str>) -> Result<Function, Fault> {
    let arn =
        parameter("LambdaArn").ok_or_else(|| invalid("LambdaArn must be given for a Lambda processor"))?;
    let mut calls = Calls::default();
    if let Some(said) = parameter("NumberOfRetries") {
        let retries = said.parse().ok().filter(|retries| Calls::RETRIES.contains(retries));
        let (least, most) = Calls::RETRIES.into_inner();
        let wanted = || invalid(format!("NumberOfRetries must be a whole number from {least} to {most}"));
        calls.retries = retries.ok_or_else(wanted)?;
    }
    if let Some(said) = parameter("BufferSizeInMBs") {
        let size = said.parse::<f64>().ok().filter(|size| SIZE.contains(size));
        let size = size.ok_or_else(|| invalid("BufferSizeInMBs must be a number from 0.2 to 3"))?;
        calls.size = bytes(size).min(*Calls::SIZE.end());
    }
    if let Some(said) = parameter("BufferIntervalInSeconds") {
        // Shown again, and otherwise without effect: a plugin is called as soon as there are records.
        if !said.parse().is_ok_and(|seconds| INTERVAL.contains(&seconds)) {
            return Err(invalid("BufferIntervalInSeconds must be a whole number from 0 to 900"));
        }
    }
    Ok(Function { arn: arn.to_owned(), calls })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0.2 and 3 MiB")]
fn bytes(mebibytes: f64) -> u64 {
    (mebibytes * f64::from(1 << 20)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(parameters: &Value) -> Value {
        let mut processor = Said::new();
        processor.insert("Type".into(), "Lambda".into());
        processor.insert("Parameters".into(), parameters.clone());
        fill(&mut processor, Some(&json!("ROLE")));
        let parameters = processor.get("Parameters").and_then(Value::as_array).unwrap();
        let short = |parameter: &Value| {
            let of = |member| parameter.get(member).and_then(Value::as_str).unwrap_or_default();
            format!("{}={}", of("ParameterName"), of("ParameterValue"))
        };
        parameters.iter().map(short).collect()
    }

    #[test]
    fn parameters_are_put_in_order_and_filled_in() {
        assert_eq!(
            filled(&json!([{ "ParameterName": "LambdaArn", "ParameterValue": "ARN:$LATEST" }])),
            json!([
                "LambdaArn=ARN:$LATEST",
                "NumberOfRetries=3",
                "RoleArn=ROLE",
                "BufferSizeInMBs=1",
                "BufferIntervalInSeconds=60"
            ])
        );
        assert_eq!(
            filled(&json!([
                { "ParameterName": "BufferIntervalInSeconds", "ParameterValue": "0" },
                { "ParameterName": "RoleArn", "ParameterValue": "OTHER" },
                { "ParameterName": "BufferSizeInMBs", "ParameterValue": "0.2" },
                { "ParameterName": "LambdaArn", "ParameterValue": "ARN" },
                { "ParameterName": "NumberOfRetries", "ParameterValue": "9" },
            ])),
            json!([
                "LambdaArn=ARN",
                "NumberOfRetries=9",
                "RoleArn=OTHER",
                "BufferSizeInMBs=0.2",
                "BufferIntervalInSeconds=0"
            ])
        );
    }

    #[test]
    fn a_call_has_the_size_and_the_retries_that_are_said() {
        let with = |name: &'static str, value: &'static str| {
            read(move |asked| match asked {
                "LambdaArn" => Some("ARN"),
                _ => (asked == name).then_some(value),
            })
        };
        let calls = |name, value| with(name, value).unwrap().calls;
        assert_eq!(calls("BufferSizeInMBs", "0.5"), Calls { size: 512 << 10, retries: 0 });
        assert_eq!(calls("BufferSizeInMBs", "3"), Calls { size: 1 << 20, retries: 0 });
        assert_eq!(calls("NumberOfRetries", "300"), Calls { size: 1 << 20, retries: 300 });
        for (name, value) in [
            ("BufferSizeInMBs", "0.1"),
            ("BufferSizeInMBs", "NaN"),
            ("BufferSizeInMBs", "x"),
            ("NumberOfRetries", "301"),
            ("NumberOfRetries", "-1"),
            ("BufferIntervalInSeconds", "901"),
        ] {
            let refused = with(name, value).unwrap_err().message;
            assert!(refused.starts_with(name), "{refused}");
        }
        assert!(read(|_| None).is_err());
    }
}
