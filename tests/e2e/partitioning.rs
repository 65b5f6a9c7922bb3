//! Dynamic partitioning: what becomes of the values of keys, good and bad.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::compiled::state_with_query;
use crate::program::{run, standpipe};
use crate::run::objects;
use crate::unpack::unpack;

/// The code of records that have no keys, or keys that make no prefix.
pub(crate) const NO_KEYS: &str = "DynamicPartitioning.MetadataExtractionFailed";

/// A folder with a stream `web` that reads `in.log` in one lane.
pub(crate) struct Web {
    folder: TempDir,
}

/// A line of the error output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// Of its error type.
    pub(crate) folder: String,
    pub(crate) error_code: String,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) raw: Vec<u8>,
}

impl Web {
    /// `stream` is what its table has beside source, lanes and destination; `destination` what that has beside the
    /// bucket `logs` and its error output, `failed/`.
    pub(crate) fn new(stream: &str, destination: &str) -> Self {
        let web = Self { folder: tempfile::tempdir().unwrap() };
        if destination.contains("query") {
            state_with_query(&web.path("state"));
        }
        web.configure(stream, destination);
        web
    }

    /// The same with a query of one key, `k`, for the prefix `out/K/`.
    pub(crate) fn keyed(query: &str) -> Self {
        Self::new("", &by_query(query))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn configure(&self, stream: &str, destination: &str) {
        let config = format!(
            r#"
[s3]
directory = "./buckets"
[streams.web]
source.file.path = "in.log"
lanes = 1
{stream}
[streams.web.destination.s3]
bucket = "logs"
error_output_prefix = "failed/!{{firehose:error-output-type}}/"
{destination}
"#
        );
        std::fs::write(self.path("standpipe.toml"), config).unwrap();
    }

    pub(crate) fn lines<T: AsRef<[u8]>>(&self, lines: impl IntoIterator<Item = T>) -> &Self {
        let lines = lines.into_iter().flat_map(|line| [line.as_ref(), b"\n"].concat());
        std::fs::write(self.path("in.log"), lines.collect::<Vec<u8>>()).unwrap();
        self
    }

    /// Runs it to its end, which must be a good one. Returns what it said.
    #[track_caller]
    pub(crate) fn drain(&self) -> String {
        let (code, out, err) = run(standpipe(self.folder()).args(["run", "--drain"]), b"");
        assert_eq!((code, out.as_str()), (0, ""), "{err}");
        self.is_contained();
        err
    }

    /// Nothing was written beside what is expected, and no link.
    pub(crate) fn is_contained(&self) {
        let names = |folder: &Path| {
            let items = std::fs::read_dir(folder).unwrap().map(|item| item.unwrap());
            let items = items.inspect(|item| assert!(!item.file_type().unwrap().is_symlink(), "{item:?}"));
            items.map(|item| item.file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let known = ["buckets", "state", "standpipe.toml", "in.log", "cache", "plugin.wasm"];
        for name in names(self.folder()) {
            assert!(known.contains(&name.as_str()), "{name}");
        }
        for name in names(&self.path("buckets")) {
            assert!(["logs", "sources"].contains(&name.as_str()), "{name}");
        }
        for key in objects(&self.path("buckets/logs")).keys() {
            assert!(key.starts_with("out") || key.starts_with("failed/"), "{key}");
        }
    }

    /// The outputs by the folder that they are in.
    pub(crate) fn outputs(&self) -> BTreeMap<String, Vec<String>> {
        self.contents("logs", "failed/", false)
    }

    /// The records in the backup, by the folder.
    pub(crate) fn backup(&self) -> BTreeMap<String, Vec<String>> {
        self.contents("sources", "", true)
    }

    fn contents(&self, bucket: &str, prefix: &str, has: bool) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        let bucket = self.path("buckets").join(bucket);
        let found = if bucket.exists() { objects(&bucket) } else { BTreeMap::new() };
        for (key, body) in found.into_iter().filter(|(key, _)| key.starts_with(prefix) == has) {
            let (folder, name) = key.rsplit_once('/').unwrap_or(("", &key));
            assert!(name.starts_with("web-1-"), "{key}");
            let text = String::from_utf8(unpack(&key, &body)).unwrap();
            all.entry(folder.to_owned()).or_default().extend(text.lines().map(str::to_owned));
        }
        all.values_mut().for_each(|lines| lines.sort());
        all
    }

    /// The error output.
    pub(crate) fn failed(&self) -> Vec<Failed> {
        let mut all = Vec::new();
        for (key, body) in objects(&self.path("buckets/logs")) {
            let Some(rest) = key.strip_prefix("failed/") else { continue };
            for line in String::from_utf8(body).unwrap().lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                all.push(Failed {
                    folder: rest.split_once('/').unwrap().0.to_owned(),
                    error_code: text("errorCode"),
                    code: text("code"),
                    message: text("message"),
                    raw: STANDARD.decode(text("rawData")).unwrap(),
                });
            }
        }
        all
    }

    /// These records and no others failed, for want of keys, each with its bytes.
    #[track_caller]
    pub(crate) fn keyless(&self, lines: &[String]) -> Vec<Failed> {
        let failed = self.failed();
        for one in &failed {
            assert_eq!((one.folder.as_str(), one.error_code.as_str()), ("processing-failed", NO_KEYS));
        }
        let mut raw: Vec<&[u8]> = failed.iter().map(|failed| failed.raw.as_slice()).collect();
        let mut want: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        raw.sort();
        want.sort();
        assert!(raw == want, "{failed:#?}");
        failed
    }
}

/// A destination of one key, `k`, which `query` finds.
pub(crate) fn by_query(query: &str) -> String {
    format!("prefix = \"out/!{{partitionKeyFromQuery:k}}/\"\npartitioning = {{ query = '''{query}''' }}")
}

fn key(value: &Value) -> String {
    json!({ "k": value }).to_string()
}

/// The folder of one good record, with the record.
fn at(folder: &str, line: String) -> (String, Vec<String>) {
    (format!("out/{folder}"), vec![line])
}

#[test]
fn values_that_make_a_prefix_are_kept_below_it() {
    let values: [(Value, String); 20] = [
        (json!("plain"), "plain".into()),
        (json!("a/b"), "a/b".into()),
        (json!("a//b"), "a/%/b".into()),
        (json!("/etc/passwd"), "%/etc/passwd".into()),
        (json!("a/"), "a/%".into()),
        (json!("..."), "...".into()),
        (json!("..%2f.."), "..%252f..".into()),
        (json!("%2e%2e"), "%252e%252e".into()),
        (json!("em😀oji"), "em😀oji".into()),
        (json!("ü"), "ü".into()),
        (json!(" "), " ".into()),
        (json!("c:\\windows"), "c:\\windows".into()),
        (json!(".standpipe-tmp-1"), "%2Estandpipe-tmp-1".into()),
        (json!("*?\"<>|$(reboot)`!{timestamp:yyyy}"), "*?\"<>|$(reboot)`!{timestamp:yyyy}".into()),
        (json!("plain%folder"), "plain%25folder".into()),
        (json!("x".repeat(300)), format!("{}%more/{}", "x".repeat(248), "x".repeat(52))),
        (json!(17), "17".into()),
        (json!(0.5), "0.5".into()),
        (json!(true), "true".into()),
        (json!(false), "false".into()),
    ];
    let web = Web::keyed("{k: .k}");
    let err = web.lines(values.iter().map(|(value, _)| key(value))).drain();
    assert!(err.contains("20 records read, 20 out, 0 dropped, 0 failed; 20 objects"), "{err}");
    let want: BTreeMap<_, _> = values.iter().map(|(value, folder)| at(folder, key(value))).collect();
    assert_eq!(web.outputs(), want);
}

#[test]
fn values_that_make_none_fail_with_the_record() {
    let none: [(Value, &str); 22] = [
        (json!(".."), "segment `..`"),
        (json!("."), "segment `.`"),
        (json!("../up"), "segment `..`"),
        (json!("a/../../../up"), "segment `..`"),
        (json!("./a"), "segment `.`"),
        (json!("a/.."), "segment `..`"),
        (json!(""), "`k` is empty"),
        (json!("two\nlines"), "control characters"),
        (json!("\r"), "control characters"),
        (json!("nul\0"), "control characters"),
        (json!("\u{1b}[31m"), "control characters"),
        (json!("\u{85}"), "control characters"),
        (
            json!("x".repeat(2_000)),
            "2000 bytes long; with it the prefix can come out as 2005 bytes; the limit is 512",
        ),
        // `out/` and `/` leave 507 bytes.
        (json!("x".repeat(508)), "can come out as 513 bytes"),
        (json!("😀".repeat(127)), "can come out as 513 bytes"),
        (json!(null), "`k` is null"),
        (json!([]), "`k` is an array"),
        (json!(["a"]), "`k` is an array"),
        (json!({}), "`k` is an object"),
        (json!({ "k": "k" }), "`k` is an object"),
        (json!("/".repeat(600)), "the limit is 512"),
        (json!("a/./b"), "segment `.`"),
    ];
    let mut bad: Vec<String> = none.iter().map(|(value, _)| key(value)).collect();
    let no_json = [
        "",
        " ",
        "nonsense",
        "{",
        "{\"k\":\"a\"",
        "{\"k\":\"a\"} x",
        "{'k':'a'}",
        "{\"k\":NaN}",
        "\u{feff}{\"k\":1}",
    ];
    bad.extend(no_json.iter().map(ToString::to_string));
    bad.extend(["{}", "[]", "7", "\"k\"", "null", "{\"K\":\"a\"}"].map(str::to_owned));
    bad.push(format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)));
    bad.push(format!("{{\"k\":{}1{}}}", "[".repeat(300), "]".repeat(300)));
    let good = |number: usize| json!({ "k": "good", "number": number }).to_string();
    let web = Web::keyed("{k: .k}");
    web.lines(bad.iter().enumerate().flat_map(|(number, line)| [good(number), line.clone()])).drain();
    let mut all: Vec<String> = (0..bad.len()).map(good).collect();
    all.sort();
    assert_eq!(web.outputs(), [("out/good".to_owned(), all)].into());
    let failed = web.keyless(&bad);
    for (value, says) in none {
        let one = failed.iter().find(|failed| failed.raw == key(&value).into_bytes()).unwrap();
        assert!(one.message.contains(says) && one.message.len() < 600, "{says}: {one:?}");
    }
    for text in no_json {
        let one = failed.iter().find(|failed| failed.raw == text.as_bytes()).unwrap();
        assert_eq!(one.code, "not-json", "{one:?}");
    }
}

/// Values that are not UTF-8 in the record, and keys that together make too much.
#[test]
fn bytes_that_are_no_text_and_prefixes_that_are_too_long_together_fail() {
    let line = |a: usize, b: usize| json!({ "a": "a".repeat(a), "b": "b".repeat(b) }).to_string();
    let web = Web::new(
        "",
        "prefix = \"out/!{partitionKeyFromQuery:a}/!{partitionKeyFromQuery:b}/!{timestamp:yyyy}/\"\n\
         partitioning = { query = '{a: .a, b: .b}' }",
    );
    // 4 + 250 + 1 + 247 + 1 + 10 for any year that there may be + 1 at the most.
    let lines = [line(250, 100), line(250, 400), line(500, 500), line(1, 1)];
    let mut input: Vec<Vec<u8>> = lines.iter().map(|line| line.clone().into_bytes()).collect();
    input.push(b"{\"a\":\"\xff\xfe\",\"b\":\"b\"}".to_vec());
    web.lines(&input).drain();
    let outputs = web.outputs();
    assert_eq!(outputs.len(), 2, "{:?}", outputs.keys());
    let mut failed = web.failed();
    failed.retain(|failed| failed.error_code == NO_KEYS && failed.folder == "processing-failed");
    let raw: Vec<&[u8]> = failed.iter().map(|failed| failed.raw.as_slice()).collect();
    assert_eq!(raw, [lines[1].as_bytes(), lines[2].as_bytes(), &input[4]]);
    assert!(failed[0].message.contains("the limit is 512"), "{}", failed[0].message);
}
