//! A stream that is written as the file says it, and read again.

use std::path::Path;
use std::time::Duration;

use proptest::option;
use proptest::prelude::*;
use standpipe_spec::{
    Backup, BackupMode, Buffering, Calls, CloudWatchLogs, Compression, Deaggregate, Destination, Objects,
    Overflow, Partitioning, Rate, S3Destination, Severity, Source, Spanned, Split, Stream, parse,
};

const GOOD: [&str; 3] = [
    include_str!("findings/good.toml"),
    include_str!("findings/good_api.toml"),
    include_str!("findings/good_more.toml"),
];
const AROUND: &str = "listen = \"127.0.0.1:0\"\ns3.directory = \"b\"\n[plugins.a]\nsource = \"a.wasm\"\n";

/// What it says, without where it says so.
fn meaning(stream: &Stream) -> String {
    let shown = format!("{stream:?}");
    let mut parts = shown.split("span: ");
    let first = parts.next().unwrap_or_default().to_owned();
    let digits =
        |text: &str| text.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.').to_owned();
    parts.map(digits).fold(first, |sum, part| sum + "span: " + &part)
}

fn read_again(stream: &Stream, around: &str) -> Stream {
    let text = format!("{around}{stream}");
    let (config, findings) = parse(&text, Path::new(""));
    let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    config.streams.into_values().next().unwrap_or_else(|| panic!("no stream in {text}"))
}

#[test]
fn the_streams_of_the_files_are_written_as_they_are() {
    for text in GOOD {
        let (config, _) = parse(text, Path::new(""));
        assert!(!config.streams.is_empty());
        let plugins: String = config
            .plugins
            .keys()
            .filter(|name| !name.contains(':'))
            .map(|name| format!("[plugins.{name:?}]\nsource = \"p\"\n"))
            .collect();
        for stream in config.streams.values() {
            let around = format!("listen = \"127.0.0.1:0\"\ns3.directory = \"b\"\n{plugins}");
            assert_eq!(meaning(&read_again(stream, &around)), meaning(stream));
        }
    }
}

fn spanned<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Spanned<T>> {
    value.prop_map(|value| Spanned::new(value, 0..0))
}

fn text() -> impl Strategy<Value = Spanned<String>> {
    spanned(prop_oneof![
        "[a-z/]{1,12}",
        "\\PC{1,12}",
        any::<String>().prop_filter("some", |text| !text.trim().is_empty())
    ])
}

fn objects(usual: Buffering) -> impl Strategy<Value = Objects> {
    let compression = prop_oneof![
        Just((Compression::None, None)),
        Just((Compression::Snappy, None)),
        (1_u32..10).prop_map(|level| (Compression::Gzip, Some(Spanned::new(level, 0..0)))),
        Just((Compression::Zstd, None)),
    ];
    let buffering = prop_oneof![
        Just(usual),
        (1_u64 << 10..128 << 20, 1_u64..900)
            .prop_map(|(size, s)| Buffering { size, interval: Duration::from_secs(s) })
    ];
    let texts = (option::of(text()), option::of(text()), option::of(text()));
    (spanned("[a-z]{3,9}"), texts, compression, buffering).prop_map(
        |(bucket, (prefix, time_zone, file_extension), (compression, compression_level), buffering)| {
            Objects { bucket, prefix, time_zone, file_extension, compression, compression_level, buffering }
        },
    )
}

fn split() -> impl Strategy<Value = Split> {
    let logs = option::of(prop_oneof![Just(CloudWatchLogs::Messages), Just(CloudWatchLogs::Envelopes)]);
    let how = option::of(prop_oneof![
        Just(Deaggregate::Json),
        text().prop_map(|text| Deaggregate::Delimiter(text.value))
    ]);
    (any::<bool>(), logs, how).prop_map(|(kpl, cloudwatch_logs, deaggregate)| Split {
        kpl,
        cloudwatch_logs,
        deaggregate,
    })
}

prop_compose! {
    fn partitioned()(
        query in text(),
        max_active in 1_u32..1_000,
        closes in any::<bool>(),
        objects in objects(Buffering::PARTITIONED),
    ) -> (Objects, Option<Partitioning>) {
        let overflow = if closes { Overflow::CloseOldest } else { Overflow::Error };
        (objects, Some(Partitioning { span: 0..0, query: Some(query), max_active, overflow }))
    }
}

prop_compose! {
    fn stream()(
        name in spanned("[a-zA-Z0-9_.-]{1,16}".prop_filter("a name", |name| name != "." && name != "..")),
        lanes in option::of(1_u32..64),
        requests in option::of(1_u64..1_000),
        (split, transforms, retries, size) in (split(), any::<bool>(), 0_u32..300, 1_u64 << 10..1 << 20),
        (objects, partitioning) in prop_oneof![objects(Buffering::default()).prop_map(|said| (said, None)), partitioned()],
        error_output_prefix in option::of(text()),
        append_delimiter in any::<bool>(),
        backup in option::of((objects(Buffering::default()), any::<bool>())),
    ) -> Stream {
        let backup = backup.map(|(mut objects, all)| {
            objects.bucket.value.push_str("-raw");
            Backup { span: 0..0, mode: if all { BackupMode::All } else { BackupMode::Failed }, objects }
        });
        Stream {
            name,
            source: Source::Puts,
            lanes,
            rate: Rate { requests, ..Rate::default() },
            split,
            transform: if transforms { vec![Spanned::new("a".into(), 0..0)] } else { Vec::new() },
            calls: Calls { size, retries },
            destination: Destination::S3(S3Destination {
                span: 0..0, objects, error_output_prefix, append_delimiter, partitioning,
            }),
            backup,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_a_stream_says_is_read_again(stream in stream()) {
        prop_assert_eq!(meaning(&read_again(&stream, AROUND)), meaning(&stream));
    }
}
