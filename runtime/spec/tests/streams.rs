//! What a file says of how a stream's records are taken apart, kept and written.

use std::path::Path;
use std::time::Duration;

use standpipe_spec::{
    BackupMode, Buffering, CloudWatchLogs, Compression, Config, Deaggregate, Destination, Objects, Overflow,
    S3Destination, Spanned, Split, parse,
};

const GOOD_MORE: &str = include_str!("findings/good_more.toml");

fn s3(config: &Config, stream: &str) -> S3Destination {
    match config.streams.get(stream).map(|stream| &stream.destination) {
        Some(Destination::S3(s3)) => s3.clone(),
        other => panic!("{stream} has {other:?}"),
    }
}

#[test]
fn a_destination_and_a_backup_have_what_the_file_says_each_with_its_place() {
    let (config, findings) = parse(GOOD_MORE, Path::new(""));
    assert_eq!(findings, []);
    let written = |said: &Option<Spanned<String>>| {
        let said = said.as_ref()?;
        assert_eq!(GOOD_MORE.get(said.span.clone()), Some(format!("{:?}", said.value).as_str()));
        Some(said.value.clone())
    };
    let web = s3(&config, "web").objects;
    assert_eq!(written(&web.time_zone).as_deref(), Some("Europe/Berlin"));
    assert_eq!(written(&web.file_extension).as_deref(), Some(".json.gz"));
    let level = web.compression_level.unwrap();
    assert_eq!((web.compression, level.value), (Compression::Gzip, 6));
    assert_eq!(GOOD_MORE.get(level.span), Some("6"));

    let backup = config.streams["web"].backup.as_ref().unwrap();
    assert_eq!(backup.mode, BackupMode::Failed);
    let kept = &backup.objects;
    assert_eq!((kept.bucket.value.as_str(), written(&kept.prefix).as_deref()), ("logs", Some("raw/")));
    assert_eq!(written(&kept.time_zone).as_deref(), Some("Europe/Paris"));
    assert_eq!(written(&kept.file_extension).as_deref(), Some(".raw"));
    assert_eq!((kept.compression, kept.compression_level.as_ref().unwrap().value), (Compression::Zstd, 19));
    assert_eq!(kept.buffering, Buffering { size: 1 << 20, interval: Duration::from_secs(300) });
}

#[test]
fn a_backup_takes_nothing_from_its_destination() {
    let (config, _) = parse(GOOD_MORE, Path::new(""));
    let backup = config.streams["events"].backup.as_ref().unwrap();
    assert_eq!(backup.mode, BackupMode::All);
    let Objects { time_zone, file_extension, compression, compression_level, buffering, .. } =
        &backup.objects;
    assert_eq!((time_zone, file_extension, compression_level), (&None, &None, &None));
    assert_eq!((*compression, *buffering), (Compression::None, Buffering::default()));
    assert_eq!(s3(&config, "events").objects.compression, Compression::HadoopSnappy);
    assert_eq!(config.streams["none"].backup, None);
}

#[test]
fn partitions_are_larger_unless_it_is_said() {
    let (config, _) = parse(GOOD_MORE, Path::new(""));
    let web = s3(&config, "web");
    let keyed = web.partitioning.unwrap();
    let query = keyed.query.unwrap();
    assert_eq!((query.value.as_str(), keyed.max_active), ("{customer: .customer}", 100_000));
    assert_eq!(GOOD_MORE.get(query.span), Some("\"{customer: .customer}\""));
    assert_eq!(keyed.overflow, Overflow::CloseOldest);
    let usual = Buffering { size: 128 << 20, interval: Duration::from_secs(300) };
    assert_eq!(web.objects.buffering, usual);
    let events = s3(&config, "events").partitioning.unwrap();
    assert_eq!((events.query, events.max_active, events.overflow), (None, 500, Overflow::Error));
    assert_eq!(GOOD_MORE.get(events.span), Some("{}"));
    let same = s3(&config, "same").objects;
    assert_eq!(same.buffering, Buffering { interval: Duration::from_secs(60), ..usual });
}

#[test]
fn records_are_taken_apart_as_the_file_says() {
    let (config, _) = parse(GOOD_MORE, Path::new(""));
    let web = Split {
        kpl: true,
        cloudwatch_logs: Some(CloudWatchLogs::Messages),
        deaggregate: Some(Deaggregate::Delimiter("####".into())),
    };
    assert_eq!(config.streams["web"].split, web);
    let events = Split {
        kpl: false,
        cloudwatch_logs: Some(CloudWatchLogs::Envelopes),
        deaggregate: Some(Deaggregate::Json),
    };
    assert_eq!(config.streams["events"].split, events);
    assert_eq!(config.streams["none"].split, Split::default());
}

#[test]
fn a_delimiter_has_at_most_1024_bytes() {
    for (delimiter, want) in [
        ("\n".to_owned(), None),
        ("ü".repeat(512), None),
        ("x".repeat(1025), Some("`delimiter` has 1025 bytes; the most is 1024")),
        ("ü".repeat(513), Some("`delimiter` has 1026 bytes; the most is 1024")),
    ] {
        let text = format!(
            "listen = 1\n[streams.a]\nsplit.deaggregate.delimiter = {delimiter:?}\ndestination.discard = {{}}"
        );
        let (config, findings) = parse(&text, Path::new(""));
        assert_eq!(findings.first().map(|finding| finding.message.as_str()), want);
        let read = want.is_none().then_some(Deaggregate::Delimiter(delimiter));
        assert_eq!(config.streams["a"].split.deaggregate, read);
    }
}

#[test]
fn every_compression_has_its_levels_and_no_others() {
    for (name, compression, most) in [
        ("gzip", Compression::Gzip, 9),
        ("zip", Compression::Zip, 9),
        ("zstd", Compression::Zstd, 19),
        ("snappy", Compression::Snappy, 0),
        ("hadoop-snappy", Compression::HadoopSnappy, 0),
        ("none", Compression::None, 0),
    ] {
        for level in 0..=20 {
            let text = format!(
                "[s3]\ndirectory = \"b\"\n[streams.a]\nsource.stdin = {{}}\n\
                 destination.s3 = {{ bucket = \"logs\", compression = \"{name}\", compression_level = {level} }}"
            );
            let (config, findings) = parse(&text, Path::new(""));
            let objects = s3(&config, "a").objects;
            let good = (1..=most).contains(&level);
            assert_eq!((objects.compression, findings.is_empty()), (compression, good), "{name} {level}");
            assert_eq!(objects.compression_level.map(|read| read.value), good.then_some(level));
        }
    }
}
