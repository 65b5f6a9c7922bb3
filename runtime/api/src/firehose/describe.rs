use serde_json::{Map, Value, json};
use standpipe_stream::Health;

use super::{Asked, DESTINATION_ID, text};
use crate::fault::Fault;
use crate::made::{Definition, Made, Phase};
use crate::model;

mod configured;

/// The members of a destination that `S3DestinationDescription` has, too.
const PLAIN: [&str; 8] = [
    "RoleARN",
    "BucketARN",
    "Prefix",
    "ErrorOutputPrefix",
    "BufferingHints",
    "CompressionFormat",
    "EncryptionConfiguration",
    "CloudWatchLoggingOptions",
];

/// `DescribeDeliveryStream`: a stream of the API with every value as it was sent, or one of the config as the service
/// would show it.
pub(super) fn describe(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input = model::read("DescribeDeliveryStreamInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName");
    asked.authorize("DescribeDeliveryStream", Some(name))?;
    let mut description = Map::new();
    let mut put = |member: &str, value: Value| description.insert(member.to_owned(), value);
    let made = asked.api.book().get(name);
    // What the book had may be the config's by now.
    let settings = asked.api.settings();
    let destination = match (made, settings.streams.get(name)) {
        (Some(made), _) => {
            let definition = made.now();
            put("DeliveryStreamStatus", status(asked, name, &made).into());
            if matches!(made.phase(), Phase::Creating | Phase::DeletingFailed) && asked.has_failed(name) {
                let details = "the host cannot keep the stream's data; its log says why";
                put("FailureDescription", json!({ "Type": "UNKNOWN_ERROR", "Details": details }));
            }
            put("VersionId", definition.version.to_string().into());
            put("CreateTimestamp", seconds(definition.created_ms));
            if let Some(updated_ms) = definition.updated_ms {
                put("LastUpdateTimestamp", seconds(updated_ms));
            }
            Some(destination(&definition))
        }
        (None, Some(served)) => {
            let is_starting = asked.streams.health_of(name) == Some(Health::Starting);
            put("DeliveryStreamStatus", if is_starting { "CREATING" } else { "ACTIVE" }.into());
            put("VersionId", "1".into());
            configured::destination(&settings, &served.said)
        }
        (None, None) => return Err(asked.not_found(name)),
    };
    put("DeliveryStreamName", name.into());
    put("DeliveryStreamARN", asked.settings.arn(name).into());
    put("DeliveryStreamEncryptionConfiguration", json!({ "Status": "DISABLED" }));
    put("DeliveryStreamType", "DirectPut".into());
    let is_behind = input.contains_key("ExclusiveStartDestinationId");
    let destinations: Vec<Value> = destination.into_iter().filter(|_| !is_behind).collect();
    put("Destinations", destinations.into());
    put("HasMoreDestinations", false.into());
    Ok(json!({ "DeliveryStreamDescription": description }).to_string().into_bytes())
}

fn status(asked: &Asked<'_>, name: &str, made: &Made) -> &'static str {
    match asked.phase(name, made) {
        Phase::Creating if asked.has_failed(name) => "CREATING_FAILED",
        Phase::Creating => "CREATING",
        Phase::Active => "ACTIVE",
        Phase::Deleting => "DELETING",
        Phase::DeletingFailed => "DELETING_FAILED",
    }
}

/// In seconds since 1970, as AWS's JSON has times.
#[expect(clippy::cast_precision_loss, reason = "exact for some hundred thousand years")]
fn seconds(ms: u64) -> Value {
    json!(ms as f64 / 1_000.0)
}

fn destination(definition: &Definition) -> Value {
    let said = &definition.destination;
    let plain: Map<String, Value> =
        PLAIN.iter().filter_map(|member| Some(((*member).to_owned(), said.get(*member)?.clone()))).collect();
    let mut shown = Map::new();
    shown.insert("DestinationId".into(), DESTINATION_ID.into());
    shown.insert("S3DestinationDescription".into(), plain.into());
    if definition.extended {
        let mut extended = said.clone();
        if let Some(backup) = extended.remove("S3BackupConfiguration") {
            extended.insert("S3BackupDescription".into(), backup);
        }
        shown.insert("ExtendedS3DestinationDescription".into(), extended.into());
    }
    shown.into()
}
