//! Whole keys, written down by hand from what Firehose documents: prefix, error output prefix, time zone, extension and
//! compression together, at times at which a calendar turns.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use jiff::Timestamp;
use proptest::prelude::*;
use standpipe_format::{
    Compression, Extension, Layout, Level, Naming, Partitioning, Prefix, Prefixes, Role, What, Zone,
};

/// What stands for the id in the tables.
const UUID: &str = "00000000-0000-4000-8000-000000000000";

const THEN: &str = "2026-07-13T14:15:16Z";

fn ms(time: &str) -> u64 {
    time.parse::<Timestamp>().unwrap().as_millisecond().try_into().unwrap()
}

fn layout(prefix: &str, error_prefix: &str, zone: &str, extension: &str, compression: Compression) -> Layout {
    let both = Partitioning { query: true, plugin: true };
    let partitioning = prefix.contains("partitionKey").then_some(both);
    let prefixes = Prefixes::parse(Some(prefix), Some(error_prefix), partitioning).unwrap();
    Layout {
        prefix: prefixes.destination().clone(),
        error_output: Some(prefixes.error_output().clone()),
        zone: Zone::parse(zone).unwrap(),
        extension: Extension::parse(extension).unwrap(),
        compression,
        level: Level::default(),
    }
}

fn key(layout: &Layout, what: What<'_>, time: &str) -> String {
    let mut next = 0;
    let mut random = || {
        next += 1;
        next - 1
    };
    let name = Naming { stream: "web", version: 1, oldest_ms: ms(time), id: 0 };
    layout.key(&name, what, &mut random)
}

/// An object of the destination, without keys.
const D: What<'_> = What::Destination(&[]);
/// An object of the error output.
const E: What<'_> = What::ErrorOutput("processing-failed");

#[test]
fn prefixes_extensions_and_compressions_make_keys() {
    use Compression::{Gzip, HadoopSnappy, None, Snappy, Zip, Zstd};
    let dated = "web/!{timestamp:yyyy/MM/dd/HH}/";
    let failed = "failed/!{firehose:error-output-type}/";
    for (prefix, error_prefix, extension, compression, what, expected) in [
        // Without an expression, the date is glued on.
        ("", "", "", None, D, "2026/07/13/14/web-1-2026-07-13-14-15-16-UUID"),
        ("", "", "", Gzip, D, "2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.gz"),
        ("legacy", "", "", Zip, D, "legacy2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.zip"),
        ("web/", "", "", Snappy, D, "web/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.snappy"),
        ("web/", "", "", HadoopSnappy, D, "web/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.snappy"),
        ("web/", "", "", Zstd, D, "web/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.zst"),
        ("web/", "bad/", "", Gzip, D, "web/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.gz"),
        // An extension replaces that of the compression.
        ("web/", "", ".json", Gzip, D, "web/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.json"),
        ("web/", "", ".log.gz", None, D, "web/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.log.gz"),
        (dated, failed, ".0", Zstd, D, "web/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.0"),
        // The error output has none.
        ("", "", "", Gzip, E, "processing-failed/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID"),
        ("legacy", "", "", None, E, "legacyprocessing-failed/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID"),
        ("web/", "", ".json", Gzip, E, "web/processing-failed/2026/07/13/14/web-1-2026-07-13-14-15-16-UUID"),
        ("web/", "bad/", "", Zstd, E, "bad/web-1-2026-07-13-14-15-16-UUID"),
        (dated, "bad", ".json", Snappy, E, "badweb-1-2026-07-13-14-15-16-UUID"),
        (dated, failed, "", Gzip, E, "failed/processing-failed/web-1-2026-07-13-14-15-16-UUID"),
        (
            dated,
            failed,
            "",
            Gzip,
            What::ErrorOutput("activePartitionExceeded"),
            "failed/activePartitionExceeded/web-1-2026-07-13-14-15-16-UUID",
        ),
        (
            dated,
            "failed/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/",
            "",
            Zip,
            E,
            "failed/processing-failed/2026-07-13/web-1-2026-07-13-14-15-16-UUID",
        ),
        // Random strings are fresh each time; here they are drawn in the order of the alphabet.
        ("!{firehose:random-string}/", "e/", "", Gzip, D, "0123456789A/web-1-2026-07-13-14-15-16-UUID.gz"),
        (
            "!{firehose:random-string}!{firehose:random-string}-",
            "e/",
            "",
            None,
            D,
            "0123456789ABCDEFGHIJKL-web-1-2026-07-13-14-15-16-UUID",
        ),
        (
            "web/",
            "e/!{firehose:random-string}/!{firehose:error-output-type}",
            "",
            None,
            E,
            "e/0123456789A/processing-failedweb-1-2026-07-13-14-15-16-UUID",
        ),
        // One instant for all expressions.
        (
            "!{timestamp:'year='yyyy}/!{timestamp:'month='MM'/day='dd}/",
            failed,
            "",
            Gzip,
            D,
            "year=2026/month=07/day=13/web-1-2026-07-13-14-15-16-UUID.gz",
        ),
        ("!{timestamp:yyyy/DDD}/", failed, "", None, D, "2026/194/web-1-2026-07-13-14-15-16-UUID"),
        (
            "!{timestamp:yyyy[/MMM]}/!{timestamp:pppD}/",
            failed,
            "",
            None,
            D,
            "2026/Jul/194/web-1-2026-07-13-14-15-16-UUID",
        ),
        ("!{timestamp:h a, EEEE}/", failed, "", None, D, "2 PM, Monday/web-1-2026-07-13-14-15-16-UUID"),
        // Partition keys.
        (
            "c=!{partitionKeyFromQuery:c}/!{timestamp:yyyy}/",
            failed,
            "",
            Gzip,
            What::Destination(&["acme"]),
            "c=acme/2026/web-1-2026-07-13-14-15-16-UUID.gz",
        ),
        (
            "!{partitionKeyFromLambda:b}/!{partitionKeyFromQuery:a}/!{partitionKeyFromPlugin:b}/",
            failed,
            ".json",
            Zstd,
            What::Destination(&["é b", "x/y"]),
            "é b/x/y/é b/web-1-2026-07-13-14-15-16-UUID.json",
        ),
        (
            "!{partitionKeyFromQuery:a}",
            failed,
            "",
            None,
            What::Destination(&["!{timestamp:yyyy}"]),
            "!{timestamp:yyyy}web-1-2026-07-13-14-15-16-UUID",
        ),
        (
            "!{partitionKeyFromQuery:a}/",
            failed,
            "",
            Gzip,
            E,
            "failed/processing-failed/web-1-2026-07-13-14-15-16-UUID",
        ),
    ] {
        let made = key(&layout(prefix, error_prefix, "UTC", extension, compression), what, THEN);
        assert_eq!(
            made,
            expected.replace("UUID", UUID),
            "{prefix:?} {error_prefix:?} {extension:?} {compression}"
        );
    }
}

#[test]
fn calendars_turn_in_their_own_zones() {
    let (berlin, york, howe) = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe");
    let offset = "!{timestamp:yyyyMMdd'T'HHmmZ}/";
    let week = "!{timestamp:YYYY-'W'ww}/";
    for (prefix, zone, time, what, expected) in [
        ("", "", THEN, D, "2026/07/13/14/web-1-2026-07-13-14-15-16-UUID.gz"),
        ("", "UTC", "1970-01-01T00:00:00Z", D, "1970/01/01/00/web-1-1970-01-01-00-00-00-UUID.gz"),
        ("", berlin, THEN, D, "2026/07/13/16/web-1-2026-07-13-16-15-16-UUID.gz"),
        ("web/", berlin, THEN, E, "web/processing-failed/2026/07/13/16/web-1-2026-07-13-16-15-16-UUID"),
        // Summer time begins: an hour is left out.
        ("", berlin, "2026-03-29T00:59:59Z", D, "2026/03/29/01/web-1-2026-03-29-01-59-59-UUID.gz"),
        ("", berlin, "2026-03-29T01:00:00Z", D, "2026/03/29/03/web-1-2026-03-29-03-00-00-UUID.gz"),
        (offset, york, "2026-03-08T06:59:59Z", D, "20260308T0159-0500/web-1-2026-03-08-01-59-59-UUID.gz"),
        (offset, york, "2026-03-08T07:00:00Z", D, "20260308T0300-0400/web-1-2026-03-08-03-00-00-UUID.gz"),
        // Half an hour, in October.
        (offset, howe, "2026-10-03T15:29:59Z", D, "20261004T0159+1030/web-1-2026-10-04-01-59-59-UUID.gz"),
        (offset, howe, "2026-10-03T15:30:00Z", D, "20261004T0230+1100/web-1-2026-10-04-02-30-00-UUID.gz"),
        // It ends: an hour is there twice.
        (offset, berlin, "2026-10-25T00:30:00Z", D, "20261025T0230+0200/web-1-2026-10-25-02-30-00-UUID.gz"),
        (offset, berlin, "2026-10-25T01:30:00Z", D, "20261025T0230+0100/web-1-2026-10-25-02-30-00-UUID.gz"),
        (offset, york, "2026-11-01T05:30:00Z", D, "20261101T0130-0400/web-1-2026-11-01-01-30-00-UUID.gz"),
        (offset, york, "2026-11-01T06:30:00Z", D, "20261101T0130-0500/web-1-2026-11-01-01-30-00-UUID.gz"),
        (offset, howe, "2026-04-04T14:59:59Z", D, "20260405T0159+1100/web-1-2026-04-05-01-59-59-UUID.gz"),
        (offset, howe, "2026-04-04T15:00:00Z", D, "20260405T0130+1030/web-1-2026-04-05-01-30-00-UUID.gz"),
        // Both sides of midnight.
        ("", berlin, "2026-07-13T21:59:59.999Z", D, "2026/07/13/23/web-1-2026-07-13-23-59-59-UUID.gz"),
        ("", berlin, "2026-07-13T22:00:00Z", D, "2026/07/14/00/web-1-2026-07-14-00-00-00-UUID.gz"),
        (
            "",
            berlin,
            "2026-07-13T22:00:00Z",
            E,
            "processing-failed/2026/07/14/00/web-1-2026-07-14-00-00-00-UUID",
        ),
        ("", york, "2026-07-14T03:59:59Z", D, "2026/07/13/23/web-1-2026-07-13-23-59-59-UUID.gz"),
        ("", york, "2026-07-14T04:00:00Z", D, "2026/07/14/00/web-1-2026-07-14-00-00-00-UUID.gz"),
        ("", howe, "2026-07-13T13:29:59Z", D, "2026/07/13/23/web-1-2026-07-13-23-59-59-UUID.gz"),
        ("", howe, "2026-07-13T13:30:00Z", D, "2026/07/14/00/web-1-2026-07-14-00-00-00-UUID.gz"),
        ("", "Asia/Kolkata", "2026-07-13T18:29:59Z", D, "2026/07/13/23/web-1-2026-07-13-23-59-59-UUID.gz"),
        ("", "Asia/Kolkata", "2026-07-13T18:30:00Z", D, "2026/07/14/00/web-1-2026-07-14-00-00-00-UUID.gz"),
        ("", berlin, "2028-02-29T22:59:59Z", D, "2028/02/29/23/web-1-2028-02-29-23-59-59-UUID.gz"),
        ("", berlin, "2028-02-29T23:00:00Z", D, "2028/03/01/00/web-1-2028-03-01-00-00-00-UUID.gz"),
        // Ends of years.
        ("", "UTC", "2025-12-31T23:59:59Z", D, "2025/12/31/23/web-1-2025-12-31-23-59-59-UUID.gz"),
        ("", "UTC", "2026-01-01T00:00:00Z", D, "2026/01/01/00/web-1-2026-01-01-00-00-00-UUID.gz"),
        ("", berlin, "2025-12-31T23:00:00Z", D, "2026/01/01/00/web-1-2026-01-01-00-00-00-UUID.gz"),
        ("", york, "2026-01-01T04:59:59Z", D, "2025/12/31/23/web-1-2025-12-31-23-59-59-UUID.gz"),
        // The year of a week is another one than the day's: the week of 1 January 2026 begins on Sunday the 28th.
        (
            "!{timestamp:YYYY-MM-dd}/",
            "UTC",
            "2025-12-28T12:00:00Z",
            D,
            "2026-12-28/web-1-2025-12-28-12-00-00-UUID.gz",
        ),
        (
            "!{timestamp:yyyy-MM-dd}/",
            "UTC",
            "2025-12-28T12:00:00Z",
            D,
            "2025-12-28/web-1-2025-12-28-12-00-00-UUID.gz",
        ),
        (
            "!{timestamp:YYYY-MM-dd}/",
            "UTC",
            "2025-12-27T12:00:00Z",
            D,
            "2025-12-27/web-1-2025-12-27-12-00-00-UUID.gz",
        ),
        (week, "UTC", "2025-12-27T23:59:59Z", D, "2025-W52/web-1-2025-12-27-23-59-59-UUID.gz"),
        (week, "UTC", "2025-12-28T00:00:00Z", D, "2026-W01/web-1-2025-12-28-00-00-00-UUID.gz"),
        (week, berlin, "2025-12-27T23:00:00Z", D, "2026-W01/web-1-2025-12-28-00-00-00-UUID.gz"),
        (week, york, "2025-12-28T04:59:59Z", D, "2025-W52/web-1-2025-12-27-23-59-59-UUID.gz"),
        // 1 January 2028 is a Saturday: the last of a week that begins in the year before.
        (week, "UTC", "2027-12-26T00:00:00Z", D, "2028-W01/web-1-2027-12-26-00-00-00-UUID.gz"),
        (week, "UTC", "2028-01-02T00:00:00Z", D, "2028-W02/web-1-2028-01-02-00-00-00-UUID.gz"),
        ("!{timestamp:VV/yyyy}/", berlin, THEN, D, "Europe/Berlin/2026/web-1-2026-07-13-16-15-16-UUID.gz"),
    ] {
        let error_prefix = if prefix.contains("!{") { "e/" } else { "" };
        let made = key(&layout(prefix, error_prefix, zone, "", Compression::Gzip), what, time);
        assert_eq!(made, expected.replace("UUID", UUID), "{prefix:?} in {zone:?} at {time}");
    }
}

#[test]
fn a_key_tells_stream_version_and_id() {
    let layout = layout("logs/!{timestamp:yyyy}/", "e/", "Europe/Berlin", "", Compression::Zstd);
    let name = Naming {
        stream: "a.b_c-D",
        version: 4_294_967_296,
        oldest_ms: ms("2026-12-31T23:30:00Z"),
        id: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
    };
    assert_eq!(
        layout.key(&name, D, &mut || unreachable!()),
        "logs/2027/a.b_c-D-4294967296-2027-01-01-00-30-00-01234567-89ab-4def-8123-456789abcdef.zst"
    );
}

#[test]
fn a_backup_has_a_prefix_of_its_own() {
    for (text, extension, expected) in [
        ("", "", "2026/07/13/16/web-1-2026-07-13-16-15-16-UUID"),
        ("raw", ".gz", "raw2026/07/13/16/web-1-2026-07-13-16-15-16-UUID.gz"),
        ("raw/!{timestamp:yyyy-MM}/", ".gz", "raw/2026-07/web-1-2026-07-13-16-15-16-UUID.gz"),
    ] {
        let layout = Layout {
            prefix: Prefix::parse(text, Role::Backup).unwrap(),
            error_output: None,
            zone: Zone::parse("Europe/Berlin").unwrap(),
            extension: Extension::parse(extension).unwrap(),
            compression: Compression::None,
            level: Level::default(),
        };
        let name = Naming { stream: "web", version: 1, oldest_ms: ms(THEN), id: 0 };
        let made = layout.key(&name, D, &mut || unreachable!());
        assert_eq!(made, expected.replace("UUID", UUID));
    }
}

proptest! {
    #[test]
    fn values_that_nobody_checked_still_make_a_key(values in prop::collection::vec(any::<String>(), 0..4), error_type: String, oldest_ms: u64, id: u128, version: u64) {
        let layout = layout("!{partitionKeyFromQuery:a}/!{partitionKeyFromPlugin:b}/", "!{firehose:error-output-type}/", "Australia/Lord_Howe", "", Compression::Zip);
        let lent: Vec<&str> = values.iter().map(String::as_str).collect();
        let name = Naming { stream: "web", version, oldest_ms, id };
        let made = layout.key(&name, What::Destination(&lent), &mut || 0);
        let (a, b) = (lent.first().copied().unwrap_or_default(), lent.get(1).copied().unwrap_or_default());
        let (start, end) = (format!("{a}/{b}/web-{version}-"), ".zip");
        prop_assert!(made.starts_with(&start) && made.ends_with(end));
        let made = layout.key(&name, What::ErrorOutput(&error_type), &mut || 0);
        let start = format!("{error_type}/web-{version}-");
        prop_assert!(made.starts_with(&start));
    }
}
