//! The whole life of a stream.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{WEB, at, delivered, printed, ran, said};
use crate::host::{Host, configured, drain, program};

const FLAGS: &str = "create made --bucket logs --prefix made/!{timestamp:yyyy}/ --error-output-prefix failed/ \
    --compression gzip --buffer-size 64MiB --buffer-interval 90s --time-zone Europe/Berlin --file-extension .log.gz \
    --lambda mask --append-newline --backup-bucket keep --backup-prefix raw/ \
    --role arn:aws:iam::000000000000:role/mine --tag team=search --tag stage=";

/// The extended destination of a stream.
fn destination(command: &mut Command) -> Value {
    let described: Value = serde_json::from_str(&printed(command)).unwrap();
    described["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"].clone()
}

#[test]
fn a_stream_is_made_as_the_flags_say_and_its_form_is_that_of_the_config_file() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    // The config says which plugin stands in for the function.
    let mut flags: Vec<&str> = FLAGS.split_whitespace().collect();
    flags.extend(["--config", "standpipe.toml"]);
    let out = printed(&mut at(&host, folder.path(), &flags));
    let (arn, form) = out.split_once("\n\n").unwrap();
    assert_eq!(arn, "arn:aws:firehose:us-east-1:000000000000:deliverystream/made");
    let made = destination(&mut at(&host, folder.path(), &["describe", "made", "--json"]));
    for (path, want) in [
        ("/BucketARN", json!("arn:aws:s3:::logs")),
        ("/Prefix", json!("made/!{timestamp:yyyy}/")),
        ("/ErrorOutputPrefix", json!("failed/")),
        ("/CompressionFormat", json!("GZIP")),
        ("/BufferingHints", json!({ "SizeInMBs": 64, "IntervalInSeconds": 90 })),
        ("/CustomTimeZone", json!("Europe/Berlin")),
        ("/FileExtension", json!(".log.gz")),
        ("/RoleARN", json!("arn:aws:iam::000000000000:role/mine")),
        ("/ProcessingConfiguration/Enabled", json!(true)),
        ("/ProcessingConfiguration/Processors/0/Type", json!("Lambda")),
        ("/ProcessingConfiguration/Processors/1/Type", json!("AppendDelimiterToRecord")),
        ("/S3BackupMode", json!("Enabled")),
        ("/S3BackupDescription/BucketARN", json!("arn:aws:s3:::keep")),
        ("/S3BackupDescription/Prefix", json!("raw/")),
    ] {
        assert_eq!(made.pointer(path), Some(&want), "{path}");
    }
    let again = said(1, &mut at(&host, folder.path(), &["create", "made", "--bucket", "logs"]));
    assert!(again.starts_with("error: ResourceInUseException: "), "{again}");
    assert_eq!(printed(&mut at(&host, folder.path(), &["tags", "made"])), "stage\nteam   search\n");
    assert_eq!(host.stop().0, Some(0));
    // Elsewhere the same stream stands in the config file.
    let other = configured(form);
    let checked = program(other.path()).args(["check"]).output().unwrap();
    assert!(checked.status.success(), "{form}\n{checked:?}");
}

#[test]
fn a_stream_is_partitioned_changed_tagged_used_and_deleted() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    let run = |args: &[&str]| printed(&mut at(&host, folder.path(), args));
    run(&[
        "create",
        "parted",
        "--bucket",
        "logs",
        "--partition-query",
        "{user: .user}",
        "--prefix",
        "!{partitionKeyFromQuery:user}/",
        "--error-output-prefix",
        "failed/",
        "--append-newline",
    ]);
    fs::write(
        folder.path().join("request.json"),
        json!({
            "ExtendedS3DestinationConfiguration": {
                "RoleARN": "arn:aws:iam::000000000000:role/mine",
                "BucketARN": "arn:aws:s3:::other",
                "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 60 },
            },
        })
        .to_string(),
    )
    .unwrap();
    run(&["create", "plain", "--json", "request.json"]);
    assert_eq!(run(&["list", "--names"]), "parted\nplain\nslow\nweb\n");

    let (code, _, told) =
        ran(&mut at(&host, folder.path(), &["update", "plain", "--prefix", "new/", "--lambda", "mask"]));
    assert_eq!((code, told.as_str()), (0, "plain: changed, version 2\n"));
    let (code, _, told) =
        ran(&mut at(&host, folder.path(), &["update", "plain", "--buffer-interval", "120s", "--lambda", ""]));
    assert_eq!((code, told.as_str()), (0, "plain: changed, version 3\n"));
    let changed = destination(&mut at(&host, folder.path(), &["describe", "plain", "--json"]));
    assert_eq!(changed["Prefix"], "new/");
    assert_eq!(changed["BufferingHints"], json!({ "SizeInMBs": 1, "IntervalInSeconds": 120 }));
    assert_eq!(changed["ProcessingConfiguration"]["Enabled"], false);
    fs::write(folder.path().join("update.json"), r#"{"CompressionFormat":"ZIP"}"#).unwrap();
    run(&["update", "plain", "--json", "update.json"]);
    assert!(run(&["describe", "plain"]).contains("  compression    zip\n"));
    let told = said(1, &mut at(&host, folder.path(), &["update", "gone", "--prefix", "x/"]));
    assert!(told.starts_with("error: ResourceNotFoundException: "), "{told}");

    run(&["tags", "plain", "--set", "a=1", "--set", "b=2"]);
    run(&["tags", "plain", "--set", "a=3", "--remove", "b"]);
    assert_eq!(run(&["tags", "plain"]), "a  3\n");

    fs::write(folder.path().join("lines"), "{\"user\":\"ann\"}\n{\"user\":\"bob\"}\n").unwrap();
    run(&["put", "parted", "lines", "--no-newline"]);
    let unsure = said(2, &mut at(&host, folder.path(), &["delete", "plain"]));
    assert!(unsure.contains("add --yes"), "{unsure}");
    let (code, _, told) = ran(&mut at(&host, folder.path(), &["delete", "plain", "--yes"]));
    assert_eq!((code, told.as_str()), (0, "plain: deleted\n"));
    assert_eq!(run(&["list", "--names"]), "parted\nslow\nweb\n");
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(&folder, "logs"), b"{\"user\":\"ann\"}\n{\"user\":\"bob\"}\n");
}
