mod hostile;

use serde_json::json;

use super::shape::{Constraint, Shape, parse};
use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/firehose";
const BUCKET: &str = "arn:aws:s3:::logs";

/// A create with most of what an extended S3 destination may have.
fn create() -> Value {
    json!({
        "DeliveryStreamName": "web",
        "DeliveryStreamType": "DirectPut",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": ROLE,
            "BucketARN": BUCKET,
            "Prefix": "logs/!{timestamp:yyyy}/",
            "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 0 },
            "CompressionFormat": "UNCOMPRESSED",
            "FileExtension": ".json.gz",
            "ProcessingConfiguration": {
                "Enabled": true,
                "Processors": [
                    { "Type": "Lambda", "Parameters": [{ "ParameterName": "NumberOfRetries", "ParameterValue": "3" }] },
                ],
            },
            "DataFormatConversionConfiguration": {
                "InputFormatConfiguration": {
                    "Deserializer": { "OpenXJsonSerDe": { "ColumnToJsonKeyMappings": { "ts": "timestamp" } } },
                },
                "OutputFormatConfiguration": { "Serializer": { "OrcSerDe": { "PaddingTolerance": 0.05 } } },
            },
        },
        "Tags": [{ "Key": "team", "Value": "Größe 1" }],
    })
}

/// `create`, with another value at a pointer.
fn create_with(pointer: &str, value: Value) -> Value {
    let mut body = create();
    let (above, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(above).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        above => above[name] = value,
    }
    body
}

fn read_create(body: &Value) -> Result<Map<String, Value>, Fault> {
    read("CreateDeliveryStreamInput", body.to_string().as_bytes())
}

fn refused(cause: Cause, input: &str, body: &str) -> String {
    let fault = read(input, body.as_bytes()).unwrap_err();
    assert_eq!(fault.cause, cause, "{fault}");
    fault.message
}

/// What is told of `create` with another value at a pointer.
fn invalid(pointer: &str, value: Value) -> String {
    let body = create_with(pointer, value).to_string();
    refused(Cause::Validation, "CreateDeliveryStreamInput", &body)
}

fn told(at: &str, constraint: &str) -> String {
    format!("1 validation error detected: Value at '{at}' failed to satisfy constraint: {constraint}")
}

#[test]
fn the_table_is_read_and_has_the_input_of_every_operation() {
    let model = parse(include_str!("shapes.txt")).unwrap();
    for operation in [
        "CreateDeliveryStream",
        "DeleteDeliveryStream",
        "DescribeDeliveryStream",
        "ListDeliveryStreams",
        "ListTagsForDeliveryStream",
        "PutRecord",
        "PutRecordBatch",
        "StartDeliveryStreamEncryption",
        "StopDeliveryStreamEncryption",
        "TagDeliveryStream",
        "UntagDeliveryStream",
        "UpdateDestination",
    ] {
        assert!(matches!(*model[format!("{operation}Input").as_str()], Shape::Structure(_)), "{operation}");
    }
    // So that none is lost unseen.
    assert_eq!(model.len(), 238);
    let constraints = model.values().flat_map(|shape| match &**shape {
        Shape::List { constraints, .. } | Shape::Scalar { constraints, .. } => constraints.as_slice(),
        _ => &[],
    });
    let (mut sets, mut patterns, mut least, mut most) = (0, 0, 0, 0);
    for constraint in constraints {
        *match constraint {
            Constraint::Set(_) => &mut sets,
            Constraint::Pattern(_) => &mut patterns,
            Constraint::Least(..) => &mut least,
            Constraint::Most(..) => &mut most,
        } += 1;
    }
    assert_eq!((sets, patterns, least, most), (28, 56, 105, 100));
    assert!(std::ptr::eq(MODEL.get("Tag").unwrap(), MODEL.get("Tag").unwrap()));
}

#[test]
fn a_table_that_is_wrong_is_refused_by_its_line() {
    for table in [
        "A",
        "A = thing",
        "A = list B",
        "A = structure B*",
        "A = string 1-2",
        "A = string ~ (",
        "A = string {B",
    ] {
        assert_eq!(parse(table).unwrap_err(), table);
    }
    assert_eq!(parse("A = boolean\nA = boolean").unwrap_err(), "A = boolean");
    assert_eq!(refused(Cause::InternalFailure, "Nothing", "{}"), Fault::internal().message);
}

#[test]
fn what_is_read_has_what_the_model_knows() {
    let mut wanted = create();
    assert_eq!(Value::from(read_create(&wanted).unwrap()), wanted);
    let mut body = create_with("/New", json!({ "a": [1, "\u{1F600}"] }));
    body["ExtendedS3DestinationConfiguration"]["FileExtension"] = Value::Null;
    body["Tags"][0]["Colour"] = json!("red");
    wanted["ExtendedS3DestinationConfiguration"].as_object_mut().unwrap().remove("FileExtension");
    assert_eq!(Value::from(read_create(&body).unwrap()), wanted);
    assert!(read("ListDeliveryStreamsInput", b" {} ").unwrap().is_empty());
}

#[test]
fn the_service_s_messages_are_told_as_it_tells_them() {
    let s3 = "/ExtendedS3DestinationConfiguration";
    let at = "extendedS3DestinationConfiguration";
    assert_eq!(
        invalid(&format!("{s3}/CompressionFormat"), json!("LZ4")),
        "1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"
    );
    assert_eq!(
        invalid(&format!("{s3}/FileExtension"), json!("gz")),
        told(
            &format!("{at}.fileExtension"),
            r"Member must satisfy regular expression pattern: ^(|\.[0-9a-z!\-_.*'()]+)$"
        )
    );
    assert_eq!(
        invalid(&format!("{s3}/ProcessingConfiguration/Processors/0/Type"), json!("lambda")),
        told(
            &format!("{at}.processingConfiguration.processors.1.member.type"),
            "Member must satisfy enum value set: [Decompression, Lambda, RecordDeAggregation, MetadataExtraction, AppendDelimiterToRecord, CloudWatchLogProcessing]"
        )
    );
    assert_eq!(
        invalid(
            &format!("{s3}/ProcessingConfiguration/Processors/0/Parameters/0/ParameterName"),
            json!("Retries")
        ),
        told(
            &format!("{at}.processingConfiguration.processors.1.member.parameters.1.member.parameterName"),
            "Member must satisfy enum value set: [DataMessageExtraction, NumberOfRetries, Delimiter, RoleArn, JsonParsingEngine, SubRecordType, MetadataExtractionQuery, BufferIntervalInSeconds, LambdaArn, BufferSizeInMBs, CompressionFormat]"
        )
    );
    // All that is wrong, in the order of the shape, whatever that of the body.
    assert_eq!(
        invalid(s3, json!({ "CompressionFormat": "gzip" })),
        "3 validation errors detected: Value at 'extendedS3DestinationConfiguration.roleARN' failed to satisfy constraint: Member must not be null; Value at 'extendedS3DestinationConfiguration.bucketARN' failed to satisfy constraint: Member must not be null; Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"
    );
}

#[test]
fn each_kind_of_constraint_holds() {
    let s3 = "/ExtendedS3DestinationConfiguration";
    let at = "extendedS3DestinationConfiguration";
    let length = |than: &str| format!("Member must have length {than}");
    for (pointer, at, value, constraint) in [
        ("/DeliveryStreamName", "deliveryStreamName", json!("n".repeat(65)), length("less than or equal to 64")),
        ("/Tags", "tags", json!([]), length("greater than or equal to 1")),
        ("/Tags/0", "tags.1.member", Value::Null, "Member must not be null".into()),
        ("/Tags/0/Key", "tags.1.member.key", Value::Null, "Member must not be null".into()),
        (
            &format!("{s3}/BufferingHints/SizeInMBs"),
            &format!("{at}.bufferingHints.sizeInMBs"),
            json!(129),
            "Member must have value less than or equal to 128".into(),
        ),
        (
            &format!("{s3}/BufferingHints/IntervalInSeconds"),
            &format!("{at}.bufferingHints.intervalInSeconds"),
            json!(-1),
            "Member must have value greater than or equal to 0".into(),
        ),
        (
            &format!("{s3}/DataFormatConversionConfiguration/OutputFormatConfiguration/Serializer/OrcSerDe/PaddingTolerance"),
            &format!("{at}.dataFormatConversionConfiguration.outputFormatConfiguration.serializer.orcSerDe.paddingTolerance"),
            json!(1.5),
            "Member must have value less than or equal to 1".into(),
        ),
        (
            &format!("{s3}/DataFormatConversionConfiguration/InputFormatConfiguration/Deserializer/OpenXJsonSerDe/ColumnToJsonKeyMappings"),
            &format!("{at}.dataFormatConversionConfiguration.inputFormatConfiguration.deserializer.openXJsonSerDe.columnToJsonKeyMappings"),
            json!({ "a b": "c" }),
            r"Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ^\S+$]".into(),
        ),
        (
            &format!("{s3}/DataFormatConversionConfiguration/InputFormatConfiguration/Deserializer/OpenXJsonSerDe/ColumnToJsonKeyMappings"),
            &format!("{at}.dataFormatConversionConfiguration.inputFormatConfiguration.deserializer.openXJsonSerDe.columnToJsonKeyMappings"),
            json!({ "a": " " }),
            r"Map value must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ^(?!\s*$).+]".into(),
        ),
    ] {
        assert_eq!(invalid(pointer, value), told(at, &constraint));
    }
    // Characters, not bytes.
    read_create(&create_with("/Tags/0/Value", json!("é".repeat(256)))).unwrap();
    invalid("/Tags/0/Value", json!("é".repeat(257)));
    let lower = json!({ "RoleARN": ROLE, "BucketARN": BUCKET });
    let splunk = json!({ "HECEndpointType": "Raw", "S3Configuration": lower });
    assert_eq!(
        invalid("/SplunkDestinationConfiguration", splunk),
        told("splunkDestinationConfiguration.hECEndpoint", "Member must not be null")
    );
    assert_eq!(
        refused(
            Cause::Validation,
            "UntagDeliveryStreamInput",
            r#"{"DeliveryStreamName":"a","TagKeys":["a",""]}"#
        ),
        told("tagKeys.2.member", "Member must have length greater than or equal to 1")
    );
}

#[test]
fn a_blob_is_measured_in_bytes() {
    // 1,024,000 bytes, and one more.
    let put = |data: String| json!({ "DeliveryStreamName": "web", "Record": { "Data": data } }).to_string();
    let most = format!("{}AA==", "AAAA".repeat(341_333));
    read("PutRecordInput", put(most).as_bytes()).unwrap();
    read("PutRecordInput", put(String::new()).as_bytes()).unwrap();
    assert_eq!(
        refused(Cause::Validation, "PutRecordInput", &put(format!("{}AAA=", "AAAA".repeat(341_333)))),
        told("record.data", "Member must have length less than or equal to 1024000")
    );
}

#[test]
fn patterns_are_java_s() {
    let model = parse(include_str!("shapes.txt")).unwrap();
    let allows = |name: &str, value: &str| {
        let Shape::Scalar { constraints, .. } = &*model[name] else { panic!("{name}") };
        constraints.iter().all(|constraint| match constraint {
            Constraint::Pattern(pattern) => pattern.allows(value),
            _ => true,
        })
    };
    let domain = "jdbc:redshift://a.b-c.redshift.amazonaws.com:5439/db";
    for (name, good, bad) in [
        ("RoleARN", ROLE, "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/a"),
        ("BucketARN", "arn:aws-cn:s3:::a_b.c-d", "arn:aws:s3:::größe"),
        ("ClusterJDBCURL", domain, "jdbc:redshift://-a.redshift.amazonaws.com:5439/db"),
        ("DatabaseName", "a\u{1}\u{ffff}", "\u{1F600}"),
        ("DatabaseName", "größe\n", "\0"),
        ("DatabaseEndpoint", " a", " \t "),
        ("NonEmptyStringWithoutWhitespace", "a", "a b"),
        ("TagKey", "Größe\u{3000}1/2", "aws:a"),
        ("TagValue", "", "a!"),
        ("TopicName", r"a\b", "a/b"),
        ("CustomTimeZone", "", "Europe/Berlin2"),
        ("Prefix", "a b", "a\u{2028}b"),
        ("Prefix", "", "a\n"),
        ("LogStreamName", "a\nb", "a:b"),
        ("SnowflakePrivateKey", "ab+/cd==", "abc"),
        ("WarehouseLocation", "s3://a", "s3:/a"),
        (
            "GlueDataCatalogARN",
            "arn:aws:glue:us-east-1:123456789012:catalog/a/b",
            "arn:aws:glue:us-east-1:123456789012:catalog/",
        ),
        ("ProcessorParameterValue", "{a:.a}", ""),
    ] {
        assert!(allows(name, good), "{name} {good}");
        assert!(!allows(name, bad), "{name} {bad}");
    }
}
