//! What a destination names, whether it is enabled or not.

use serde_json::Value;

use super::{Said, object, text};

/// Buckets: the destination's, and the backup's.
pub(crate) fn buckets(said: &Said) -> impl Iterator<Item = &str> {
    let backup = object(said, "S3BackupConfiguration");
    [Some(said), backup].into_iter().flatten().filter_map(|said| bucket_of(text(said, "BucketARN")?))
}

/// The bucket that an ARN names.
pub(super) fn bucket_of(arn: &str) -> Option<&str> {
    arn.rsplit_once(":s3:::").map(|(_, bucket)| bucket)
}

/// Lambda functions, as they were sent.
pub(crate) fn functions(said: &Said) -> impl Iterator<Item = &str> {
    let processors =
        object(said, "ProcessingConfiguration").and_then(|processing| processing.get("Processors"));
    let parameters = processors.and_then(Value::as_array).into_iter().flatten();
    let parameters = parameters.filter_map(|processor| processor.get("Parameters")?.as_array()).flatten();
    let arns = parameters.filter(|parameter| parameter.get("ParameterName") == Some(&"LambdaArn".into()));
    arns.filter_map(|parameter| parameter.get("ParameterValue")?.as_str())
}
