//! What objects look like: compressions, levels, time zones and extensions.

use serde_json::json;

use crate::partitioning::{Web, by_query};
use crate::run::objects;
use crate::unpack::unpack;

/// A line that compresses.
fn line(number: usize) -> String {
    json!({ "k": number % 2, "number": number, "pad": "many of these ".repeat(10) }).to_string()
}

#[test]
fn every_compression_gives_back_what_went_in() {
    let (all, lines) = (["none", "gzip", "zip", "snappy", "hadoop-snappy", "zstd"], || (0..3_000).map(line));
    let extensions = ["", ".gz", ".zip", ".snappy", ".snappy", ".zst"];
    for (compression, extension) in all.into_iter().zip(extensions) {
        let web = Web::new("", &format!("{}\ncompression = \"{compression}\"", by_query("{k: .k}")));
        web.lines(lines().chain(["bad".to_owned()])).drain();
        for (key, body) in objects(&web.path("buckets/logs")) {
            if key.starts_with("failed/") {
                // As at Firehose, these are what they are.
                assert!(
                    key.len() == key.rfind('-').unwrap() + 13 && body.starts_with(b"{\"rawData\""),
                    "{key}"
                );
                continue;
            }
            assert_eq!(key.split_at(key.rfind('-').unwrap() + 13).1, extension, "{compression}");
            let (number, content) = (key.split('/').nth(1).unwrap(), unpack(&key, &body));
            let want: String = lines()
                .filter(|line| line.contains(&format!("\"k\":{number}")))
                .map(|line| line + "\n")
                .collect();
            assert!(content == want.as_bytes(), "{compression}: {key}");
            assert!(
                compression == "none" || body.len() * 2 < content.len(),
                "{compression} does not compress"
            );
        }
        assert_eq!(web.outputs().len(), 2);
    }
}

#[test]
fn a_level_is_taken() {
    let size = |compression: &str, level: u32| {
        let more = format!("prefix = \"out/\"\ncompression = \"{compression}\"\ncompression_level = {level}");
        let web = Web::new("", &more);
        web.lines((0..3_000).map(line)).drain();
        let lines: usize = web.outputs().values().map(Vec::len).sum();
        assert_eq!(lines, 3_000, "{compression} {level}");
        objects(&web.path("buckets/logs")).values().map(Vec::len).sum::<usize>()
    };
    for (compression, low, high) in [("gzip", 1, 9), ("zip", 1, 9), ("zstd", 1, 19)] {
        assert!(size(compression, high) < size(compression, low), "{compression}");
    }
}

/// Kiritimati is 25 hours ahead of Pago Pago: whenever this runs, their days differ.
#[test]
fn names_have_the_time_of_the_zone() {
    let days = ["Pacific/Kiritimati", "Pacific/Pago_Pago"].map(|zone| {
        let web =
            Web::new("", &format!("prefix = \"out/!{{timestamp:yyyy-MM-dd}}/\"\ntime_zone = \"{zone}\""));
        web.lines(["one"]).drain();
        let (key, _) = objects(&web.path("buckets/logs")).into_iter().next().unwrap();
        let (day, name) = key.strip_prefix("out/").unwrap().split_once('/').unwrap();
        // In the prefix and in the name behind it.
        assert!(name.starts_with(&format!("web-1-{day}-")), "{key}");
        day.to_owned()
    });
    assert!(days[0] > days[1], "{days:?}");
}

#[test]
fn a_file_extension_stands_in_place_of_the_compressions() {
    let web = Web::new("", "prefix = \"out/\"\ncompression = \"gzip\"\nfile_extension = \".json.gz\"");
    web.lines(["one", "two"]).drain();
    let objects = objects(&web.path("buckets/logs"));
    let (key, body) = objects.iter().next().unwrap();
    assert!(objects.len() == 1 && key.ends_with(".json.gz"), "{key}");
    assert_eq!(unpack(key, body), b"one\ntwo\n");

    let web = Web::new("", "prefix = \"out/\"\nfile_extension = \".log\"");
    web.lines(["one"]).drain();
    assert!(objects_end(&web, ".log"));
    // An empty one is none.
    let web = Web::new("", "prefix = \"out/\"\ncompression = \"zstd\"\nfile_extension = \"\"");
    web.lines(["one"]).drain();
    assert!(objects_end(&web, ".zst"));
}

fn objects_end(web: &Web, extension: &str) -> bool {
    let objects = objects(&web.path("buckets/logs"));
    objects.len() == 1 && objects.keys().all(|key| key.ends_with(extension))
}
