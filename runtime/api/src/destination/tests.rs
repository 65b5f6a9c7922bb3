use std::collections::BTreeMap;

use serde_json::{Value, json};
use standpipe_spec::{Lambda, Spanned};

use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:mask:$LATEST";

fn lambda() -> Lambda {
    let entry = ("mask".to_owned(), Spanned::new("redact".to_owned(), 0..0));
    Lambda { functions: BTreeMap::from([entry]) }
}

/// A destination with `more` members.
fn said(more: &Value) -> Said {
    let base = json!({ "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::logs" });
    let mut said = base.as_object().unwrap().clone();
    said.extend(more.as_object().unwrap().clone());
    said
}

/// What a destination with `more` members comes to, as the config file says it.
fn form(more: &Value) -> Result<String, String> {
    let said = made(said(more), true).map_err(|fault| fault.message)?;
    stream("web", &said, &lambda()).map(|stream| stream.to_string()).map_err(|fault| fault.message)
}

fn processing(processors: &Value) -> Value {
    json!({ "ProcessingConfiguration": { "Enabled": true, "Processors": processors } })
}

fn processor(kind: &str, parameters: &[(&str, &str)]) -> Value {
    let parameter = |(name, value): &(&str, &str)| json!({ "ParameterName": name, "ParameterValue": value });
    json!({ "Type": kind, "Parameters": parameters.iter().map(parameter).collect::<Vec<_>>() })
}

fn merge(one: Value, other: Value) -> Value {
    let (Value::Object(mut one), Value::Object(other)) = (one, other) else { panic!("no objects") };
    one.extend(other);
    Value::Object(one)
}

/// Partitioned by a query for `key`.
fn partitioned() -> Value {
    let query = [("MetadataExtractionQuery", "{key: .a}"), ("JsonParsingEngine", "JQ-1.6")];
    merge(
        processing(&json!([processor("MetadataExtraction", &query)])),
        json!({
            "DynamicPartitioningConfiguration": { "Enabled": true },
            "Prefix": "!{partitionKeyFromQuery:key}/",
            "ErrorOutputPrefix": "bad/",
        }),
    )
}

#[test]
fn what_nobody_says_is_filled_in() {
    let plain = made(said(&json!({})), false).unwrap();
    assert_eq!(
        Value::Object(plain),
        json!({
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::logs",
            "BufferingHints": { "SizeInMBs": 5, "IntervalInSeconds": 300 },
            "CompressionFormat": "UNCOMPRESSED",
            "EncryptionConfiguration": { "NoEncryptionConfig": "NoEncryption" },
            "CloudWatchLoggingOptions": { "Enabled": false },
        })
    );
    let sent = json!({
        "Prefix": "",
        "FileExtension": "",
        "CustomTimeZone": "UTC",
        "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 0 },
        "CloudWatchLoggingOptions": { "Enabled": false, "LogGroupName": "", "LogStreamName": "" },
        "DataFormatConversionConfiguration": { "Enabled": false },
        "S3BackupMode": "Disabled",
        "ProcessingConfiguration": { "Enabled": false, "Processors": [] },
    });
    let extended = made(said(&sent), true).unwrap();
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(extended.get(member), Some(value), "{member}");
    }
    let extended = made(said(&partitioned()), true).unwrap();
    assert_eq!(extended["BufferingHints"], json!({ "SizeInMBs": 128, "IntervalInSeconds": 300 }));
    assert_eq!(
        extended["DynamicPartitioningConfiguration"],
        json!({ "Enabled": true, "RetryOptions": { "DurationInSeconds": 300 } })
    );
}

#[test]
fn a_stream_is_what_the_config_file_would_say() {
    assert_eq!(
        form(&json!({})).unwrap(),
        "[streams.web]\n\n[streams.web.destination.s3]\nbucket = \"logs\"\n"
    );
    let all = merge(
        processing(&json!([
            processor("Decompression", &[("CompressionFormat", "GZIP")]),
            processor("CloudWatchLogProcessing", &[("DataMessageExtraction", "True")]),
            processor("RecordDeAggregation", &[("SubRecordType", "DELIMITED"), ("Delimiter", "fHw=")]),
            processor(
                "Lambda",
                &[("LambdaArn", FUNCTION), ("BufferSizeInMBs", "0.5"), ("NumberOfRetries", "1")]
            ),
            processor("AppendDelimiterToRecord", &[("Delimiter", "\\n")]),
        ])),
        json!({
            "Prefix": "a/!{partitionKeyFromLambda:k}/",
            "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/",
            "CustomTimeZone": "Europe/Berlin",
            "FileExtension": ".json",
            "CompressionFormat": "HADOOP_SNAPPY",
            "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 60 },
            "DynamicPartitioningConfiguration": { "Enabled": true },
            "S3BackupMode": "Enabled",
            "S3BackupConfiguration": {
                "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::raw", "CompressionFormat": "GZIP",
                "BufferingHints": { "SizeInMBs": 2, "IntervalInSeconds": 60 },
            },
        }),
    );
    assert_eq!(
        form(&all).unwrap(),
        r#"[streams.web]
transform = ["redact"]
calls = { size = "512KiB", retries = 1 }
split = { cloudwatch_logs = "messages", deaggregate = { delimiter = "||" } }

[streams.web.destination.s3]
bucket = "logs"
prefix = "a/!{partitionKeyFromLambda:k}/"
time_zone = "Europe/Berlin"
file_extension = ".json"
compression = "hadoop-snappy"
buffering = { size = "64MiB", interval = "1m" }
error_output_prefix = "bad/!{firehose:error-output-type}/"
append_delimiter = true
partitioning = {}

[streams.web.backup]
bucket = "raw"
compression = "gzip"
buffering = { size = "2MiB", interval = "1m" }
"#
    );
    let query = form(&partitioned()).unwrap();
    assert!(query.contains("partitioning = { query = \"{key: .a}\" }\n"), "{query}");
    // What is not enabled does nothing.
    let disabled =
        json!({ "ProcessingConfiguration": { "Processors": [processor("Lambda", &[("LambdaArn", "x")])] } });
    assert!(!form(&disabled).unwrap().contains("transform"));
}

/// `more` is refused with a message that has `want` in it.
fn refuses(more: &Value, want: &str) {
    match form(more) {
        Ok(form) => panic!("{more} made {form}"),
        Err(told) => assert!(told.contains(want), "{more}: {told}"),
    }
}

#[test]
fn what_is_not_built_is_refused_by_its_name() {
    let kms = json!({ "KMSEncryptionConfig": { "AWSKMSKeyARN": "k" } });
    for (more, member) in [
        (
            json!({ "EncryptionConfiguration": kms }),
            "EncryptionConfiguration.KMSEncryptionConfig is not built",
        ),
        (
            json!({ "CloudWatchLoggingOptions": { "Enabled": true } }),
            "CloudWatchLoggingOptions.Enabled is not built",
        ),
        (
            json!({ "DataFormatConversionConfiguration": {} }),
            "DataFormatConversionConfiguration is not built",
        ),
        (
            json!({ "DynamicPartitioningConfiguration": { "Enabled": false, "RetryOptions": { "DurationInSeconds": 7 } } }),
            "RetryOptions.DurationInSeconds is not built",
        ),
        (
            json!({ "S3BackupConfiguration": { "EncryptionConfiguration": kms } }),
            "S3BackupConfiguration.EncryptionConfiguration.KMSEncryptionConfig is not built",
        ),
        (
            json!({ "S3BackupConfiguration": { "ErrorOutputPrefix": "x/" } }),
            "S3BackupConfiguration.ErrorOutputPrefix is not built",
        ),
        (
            processing(&json!([processor("AppendDelimiterToRecord", &[("Delimiter", ";")])])),
            "a newline is not built",
        ),
    ] {
        refuses(&more, member);
    }
}

#[test]
fn what_firehose_refuses_is_refused_in_its_words() {
    let constraint = "Ths supplied prefix(es) do not satisfy the following constraint: ";
    let many = json!(vec![processor("AppendDelimiterToRecord", &[]); 6]);
    for (more, told) in [
        (
            json!({ "Prefix": "!{timestamp:yyyy}/" }),
            format!("{constraint}ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"),
        ),
        (
            json!({ "Prefix": "!{no:such}", "ErrorOutputPrefix": "e/" }),
            format!("{constraint}there is no namespace `no`"),
        ),
        (
            processing(&json!([])),
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled."
                .into(),
        ),
        (processing(&many), "A maximum of 5 and a minimum of 1 processor".into()),
        (
            processing(&json!([
                processor("Lambda", &[("LambdaArn", FUNCTION)]),
                processor("Lambda", &[("LambdaArn", FUNCTION)])
            ])),
            "Cannot have more than 1 Lambda processor".into(),
        ),
        (
            processing(&json!([processor("Decompression", &[("CompressionFormat", "ZIP")])])),
            "CompressionFormat has to be GZIP".into(),
        ),
        (
            processing(&json!([processor("CloudWatchLogProcessing", &[("DataMessageExtraction", "yes")])])),
            "Invalid parameter value for DataMessageExtraction. Allowed values are True and False.".into(),
        ),
        (
            processing(&json!([processor("CloudWatchLogProcessing", &[("DataMessageExtraction", "false")])])),
            "CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor".into(),
        ),
        (processing(&json!([processor("Lambda", &[])])), "LambdaArn must be given".into()),
        (
            processing(&json!([processor(
                "Lambda",
                &[("LambdaArn", "arn:aws:lambda:us-east-1:123456789012:function:other:live")]
            )])),
            "add `other = \"PLUGIN\"` to `[lambda]`".into(),
        ),
        (
            processing(&json!([processor("Lambda", &[("Delimiter", "x")])])),
            "Delimiter is no parameter of a Lambda".into(),
        ),
        (
            processing(&json!([processor(
                "RecordDeAggregation",
                &[("SubRecordType", "DELIMITED"), ("Delimiter", "*")]
            )])),
            "Delimiter must be base64".into(),
        ),
        (
            json!({ "BufferingHints": { "SizeInMBs": 5 } }),
            "needs both SizeInMBs and IntervalInSeconds".into(),
        ),
        (json!({ "BucketARN": "arn:aws:s3:::.." }), "BucketARN names no bucket".into()),
        (json!({ "CustomTimeZone": "Mars/Base" }), "CustomTimeZone: ".into()),
        (json!({ "S3BackupMode": "Enabled" }), "S3BackupConfiguration must be given".into()),
        (
            json!({ "S3BackupMode": "Enabled", "S3BackupConfiguration": { "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::logs" } }),
            "has the bucket and the Prefix of the destination".into(),
        ),
        (
            merge(partitioned(), json!({ "BufferingHints": { "SizeInMBs": 63, "IntervalInSeconds": 60 } })),
            "SizeInMBs must be at least 64".into(),
        ),
        (
            merge(partitioned(), json!({ "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 59 } })),
            "IntervalInSeconds must be at least 60".into(),
        ),
        (
            merge(partitioned(), json!({ "ErrorOutputPrefix": "" })),
            "ErrorOutputPrefix cannot be null or empty".into(),
        ),
        (
            merge(partitioned(), processing(&json!([processor("AppendDelimiterToRecord", &[])]))),
            "needs a MetadataExtraction or a Lambda".into(),
        ),
        (
            merge(partitioned(), json!({ "DynamicPartitioningConfiguration": {} })),
            "A MetadataExtraction processor needs dynamic partitioning to be enabled".into(),
        ),
        (
            processing(&json!([processor("RecordDeAggregation", &[("SubRecordType", "JSON")])])),
            "A RecordDeAggregation processor needs dynamic partitioning to be enabled".into(),
        ),
        (
            json!({ "S3BackupMode": "Enabled", "S3BackupConfiguration": {
                "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::raw",
                "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 59 },
            } }),
            "zero buffering is not for backups".into(),
        ),
        (
            json!({ "ProcessingConfiguration": { "Enabled": false, "Processors": many } }),
            "A maximum of 5".into(),
        ),
        (
            json!({ "ProcessingConfiguration": { "Processors": [processor("Lambda", &[("SubRecordType", "JSON")])] } }),
            "SubRecordType is no parameter of a Lambda processor".into(),
        ),
    ] {
        refuses(&more, &told);
    }
}

#[test]
fn an_update_leaves_what_it_does_not_say() {
    let before = json!({
        "Prefix": "a/",
        "CompressionFormat": "GZIP",
        "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 60 },
        "DataFormatConversionConfiguration": { "Enabled": false, "SchemaConfiguration": { "TableName": "t" } },
        "S3BackupMode": "Enabled",
        "S3BackupConfiguration": { "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::raw", "Prefix": "b/" },
        "ProcessingConfiguration": { "Enabled": true, "Processors": [processor("Lambda", &[("LambdaArn", FUNCTION)])] },
    });
    let before = made(said(&before), true).unwrap();
    let update = |update: &Value| merged(&before, update.as_object().unwrap().clone(), true);
    let after = update(&json!({
        "Prefix": "c/",
        "DataFormatConversionConfiguration": { "Enabled": false, "SchemaConfiguration": { "Region": "r" } },
        "S3BackupUpdate": { "Prefix": "d/" },
    }))
    .unwrap();
    let mut want = before.clone();
    want.insert("Prefix".into(), "c/".into());
    want["DataFormatConversionConfiguration"] =
        json!({ "Enabled": false, "SchemaConfiguration": { "TableName": "t", "Region": "r" } });
    want["S3BackupConfiguration"]["Prefix"] = "d/".into();
    assert_eq!(after, want);

    // The block as a whole.
    let after = update(&json!({ "ProcessingConfiguration": { "Processors": [] } })).unwrap();
    assert_eq!(after["ProcessingConfiguration"], json!({ "Enabled": false, "Processors": [] }));

    let refused = |said: &Value| update(said).unwrap_err().message;
    assert_eq!(
        refused(&json!({ "S3BackupMode": "Disabled" })),
        "Disabling S3 backup is not currently supported."
    );
    assert!(refused(&json!({ "BufferingHints": { "SizeInMBs": 2 } })).contains("needs both"));
    assert!(
        refused(&json!({ "DynamicPartitioningConfiguration": { "Enabled": true } }))
            .contains("when the stream is created")
    );
    assert!(refused(&json!({ "CloudWatchLoggingOptions": { "Enabled": true } })).contains("is not built"));
    let before = made(said(&partitioned()), true).unwrap();
    let off = json!({ "DynamicPartitioningConfiguration": { "Enabled": false } });
    let refused = merged(&before, off.as_object().unwrap().clone(), true).unwrap_err().message;
    assert_eq!(refused, "Dynamic partitioning cannot be disabled once it is enabled.");
}

#[test]
fn what_is_named_is_found_whether_it_is_enabled_or_not() {
    let named = json!({
        "S3BackupConfiguration": { "BucketARN": "arn:aws:s3:::a:s3:::raw" },
        "ProcessingConfiguration": { "Enabled": false, "Processors": [processor("Lambda", &[("LambdaArn", FUNCTION)])] },
    });
    let said = said(&named);
    assert_eq!(buckets(&said).collect::<Vec<_>>(), ["logs", "raw"]);
    assert_eq!(functions(&said).collect::<Vec<_>>(), [FUNCTION]);
}

#[test]
fn a_request_is_written_as_the_config_file_says_it() {
    let create = json!({ "ExtendedS3DestinationConfiguration": said(&processing(&json!([processor("Lambda", &[("LambdaArn", FUNCTION)])]))) });
    let create = create.as_object().unwrap();
    let plugin = |function: &str| lambda().plugin(function).map(str::to_owned);
    let form = config_form("my.web", create, &plugin).unwrap();
    assert!(form.starts_with("[streams.\"my.web\"]\ntransform = [\"redact\"]\n"), "{form}");
    assert!(config_form("web", create, &|_| None).unwrap_err().contains("[lambda]"));
    assert!(config_form("web", &Said::new(), &|_| None).unwrap_err().contains("no destination"));
}
