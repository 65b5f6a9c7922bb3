//! What a good file says, and what no file may do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use standpipe_record::Kind;
use standpipe_spec::{
    Buffering, Compression, Config, Destination, Limits, Severity, Size, Source, load, parse,
};

const GOOD: &str = include_str!("findings/good.toml");

fn good() -> Config {
    let (config, findings) = parse(GOOD, Path::new("/etc/standpipe"));
    assert_eq!(findings, []);
    config
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = good();
    assert_eq!(config.state, Path::new("/etc/standpipe/state"));
    assert_eq!(config.buckets.directory(), Some(Path::new("/etc/standpipe/buckets")));
    let Source::File { paths } = &config.streams["web"].source else { panic!("not a file") };
    let [path] = paths.as_slice() else { panic!("not one file") };
    assert_eq!(path.value, Path::new("/etc/standpipe/access.log"));
    assert_eq!(GOOD.get(path.span.clone()), Some("\"access.log\""));
}

#[test]
fn a_host_and_a_stream_have_the_sizes_that_the_file_says() {
    let (config, findings) = parse(
        "quota = \"50GiB\"\nbuffer_memory = \"1GiB\"\n[s3]\ndirectory = \"b\"\n[streams.a]\nlanes = 3\n\
         source.file.path = [\"a.log\", \"./b.log\"]\ndestination.s3.bucket = \"logs\"",
        Path::new("/etc"),
    );
    assert_eq!(findings, []);
    assert_eq!((config.quota, config.buffer_memory), (Some(50 << 30), 1 << 30));
    assert_eq!(config.streams["a"].lanes, Some(3));
    let Source::File { paths } = &config.streams["a"].source else { panic!("not a file") };
    let paths: Vec<&Path> = paths.iter().map(|path| path.value.as_path()).collect();
    assert_eq!(paths, [Path::new("/etc/a.log"), Path::new("/etc/b.log")]);
    let usual = good();
    assert_eq!((usual.quota, usual.buffer_memory, usual.streams["web"].lanes), (None, 256 << 20, None));
}

#[test]
fn the_ends_of_a_range_are_in_it() {
    for (quota, memory, lanes) in [("64MiB", "8MiB", 1), ("1048576GiB", "1024GiB", 64)] {
        let text = format!(
            "quota = \"{quota}\"\nbuffer_memory = \"{memory}\"\n[s3]\ndirectory = \"b\"\n[streams.a]\n\
             lanes = {lanes}\nsource.stdin = {{}}\ndestination.s3.bucket = \"logs\""
        );
        let (config, findings) = parse(&text, Path::new(""));
        assert_eq!(findings, []);
        assert_eq!(Size(config.quota.unwrap()), quota.parse().unwrap());
        assert_eq!(Size(config.buffer_memory), memory.parse().unwrap());
        assert_eq!(config.streams["a"].lanes, Some(lanes));
    }
}

/// A file whose stream reads `paths`, a TOML value.
fn reading(paths: &str) -> String {
    format!(
        "[s3]\ndirectory = \"b\"\n[streams.a]\nsource.file = {{ path = {paths} }}\ndestination.s3.bucket = \"logs\""
    )
}

#[test]
fn each_path_of_a_list_has_its_place() {
    let text = reading("[\"a.log\", './b.log', \"/var/c.log\"]");
    let (config, findings) = parse(&text, Path::new("/etc"));
    assert_eq!(findings, []);
    let Source::File { paths } = &config.streams["a"].source else { panic!("not a file") };
    let places: Vec<_> = paths
        .iter()
        .map(|path| (path.value.to_str().unwrap(), text.get(path.span.clone()).unwrap()))
        .collect();
    let want = [("/etc/a.log", "\"a.log\""), ("/etc/b.log", "'./b.log'"), ("/var/c.log", "\"/var/c.log\"")];
    assert_eq!(places, want);
}

#[test]
fn a_path_is_there_twice_however_it_is_written() {
    for (again, twice) in [
        ("a/b.log", true),
        ("./a//./b.log", true),
        ("/etc/a/b.log", true),
        ("A/b.log", false),
        // Not the same file where `c` is a link.
        ("c/../a/b.log", false),
    ] {
        let text = reading(&format!("[\"a/b.log\", {again:?}]"));
        let (_, findings) = parse(&text, Path::new("/etc"));
        let said: Vec<_> = findings
            .iter()
            .map(|finding| (finding.message.as_str(), text.get(finding.span.clone().unwrap()).unwrap()))
            .collect();
        let written = format!("{again:?}");
        let want = [("`/etc/a/b.log` stands in `path` twice", written.as_str())];
        assert_eq!(said, if twice { &want[..] } else { &[] });
    }
}

#[test]
fn a_stream_reads_ten_thousand_files_and_no_more() {
    let list = |count| (0..count).map(|number| format!("\"{number}.log\", ")).collect::<String>();
    let (config, findings) = parse(&reading(&format!("[{}]", list(10_000))), Path::new(""));
    assert_eq!(findings, []);
    let Source::File { paths } = &config.streams["a"].source else { panic!("not a file") };
    assert_eq!(paths.len(), Source::MOST_FILES);
    let text = reading(&format!("[{}]", list(10_001)));
    let (_, findings) = parse(&text, Path::new(""));
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.message, "`path` lists 10001 paths; the most is 10000");
    assert_eq!(finding.help.as_deref(), Some("remove those from here on, or give them to another stream"));
    assert_eq!(text.get(finding.span.clone().unwrap()), Some("\"10000.log\""));
}

#[test]
fn a_plugin_has_its_params_as_json_and_its_limits() {
    let config = good();
    let mask = &config.plugins["mask"];
    let params = json!({ "fields": ["user", "client"], "since": "2026-01-01", "ratio": 0.5, "keep": true });
    assert_eq!(mask.params.value, params);
    assert_eq!(mask.limits, Limits::default());
    assert!(mask.deterministic);
    let (config, findings) = parse(
        "[streams.a]\nsource.stdin = {}\ndestination.s3.bucket = \"logs\"\n[s3]\ndirectory = \"b\"\n\
         [plugins.p]\nsource = \"p.wasm\"\nlimits = { memory = \"1GiB\", init_time = \"1m\", metrics = 0x10 }",
        Path::new(""),
    );
    assert_eq!(findings, []);
    let limits =
        Limits { memory: 1 << 30, init_time: Duration::from_secs(60), metrics: 16, ..Limits::default() };
    assert_eq!(config.plugins["p"].limits, limits);
}

#[test]
fn a_blueprint_that_a_stream_names_needs_no_table() {
    let config = good();
    let named: Vec<&str> = config.streams["web"].transform.iter().map(|name| name.value.as_str()).collect();
    assert_eq!(named, ["apache", "mask", "blueprint:apache-log-to-json"]);
    assert_eq!(config.plugins["blueprint:apache-log-to-json"].source.value, "blueprint:apache-log-to-json");
}

#[test]
fn a_destination_says_what_the_file_says_and_otherwise_what_firehose_does() {
    let config = good();
    let Destination::S3(web) = &config.streams["web"].destination;
    assert_eq!((web.compression, web.append_delimiter), (Compression::Gzip, false));
    assert_eq!(
        web.prefix.as_ref().map(|prefix| prefix.value.as_str()),
        Some("web/!{timestamp:yyyy/MM/dd/HH/}")
    );
    let Destination::S3(copy) = &config.streams["copy"].destination;
    assert_eq!((copy.compression, copy.append_delimiter), (Compression::None, true));
    assert_eq!(copy.buffering, Buffering { size: 5 << 20, interval: Duration::from_secs(300) });
    assert_eq!((&copy.prefix, &copy.error_output_prefix), (&None, &None));
    assert_eq!(config.streams["copy"].source, Source::Stdin);
}

#[test]
fn a_file_with_errors_gives_a_draft_and_no_config() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standpipe.toml");
    std::fs::write(&path, GOOD.replace("\"logs\"", "\"lo/gs\"")).unwrap();
    let file = load(&path).unwrap();
    assert_eq!(file.findings.len(), 1);
    assert_eq!(file.config(), None);
    assert!(file.draft.streams.contains_key("web"));
    std::fs::write(&path, GOOD.replace("\"logs\"", "\"Logs\"")).unwrap();
    let file = load(&path).unwrap();
    assert_eq!(file.findings.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Warning]);
    assert_eq!(file.config().unwrap().state, folder.path().join("state"));
}

#[test]
fn a_file_that_cannot_be_had_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    for (path, want) in [
        (folder.path().join("none.toml"), "there is no such file; name another, or make one"),
        (folder.path().to_owned(), "it is a folder; name the file in it"),
        (write("latin.toml", b"# caf\xe9"), "is not UTF-8 at byte 5; save it as UTF-8"),
        (
            write("large.toml", &vec![b'#'; (1 << 20) + 1]),
            "is larger than 1048576 bytes (1 MiB); name another file",
        ),
    ] {
        let error = load(&path).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().ends_with(want), "{error}");
    }
    assert_eq!(load(&write("most.toml", &vec![b'#'; 1 << 20])).unwrap().findings.len(), 1);
}

/// What holds of every text.
fn check(text: &str) {
    let (config, findings) = parse(text, Path::new("base"));
    let mut last = 0;
    for finding in &findings {
        if let Some(span) = &finding.span {
            assert!(text.get(span.clone()).is_some(), "{finding:?} is not in {text:?}");
            assert!(last <= span.start, "{findings:?} are not in order");
            last = span.start;
        }
        for shown in [Some(&finding.message), finding.help.as_ref()].into_iter().flatten() {
            assert!(!shown.contains(char::is_control), "{finding:?}");
        }
    }
    if findings.iter().all(|finding| finding.severity != Severity::Error) {
        assert!(!config.streams.is_empty() && config.buckets != standpipe_spec::Buckets::None);
        for name in config.streams.values().flat_map(|stream| &stream.transform) {
            assert!(config.plugins.contains_key(&name.value), "{name:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in prop::collection::vec(
        "(\\[{0,2}[a-c\"'.\\[\\]{}]{0,6}\\]{0,2}|[a-d.\"]{1,4} ?=? ?[\\[{\"'a-c0-9,.:=\\]} -]{0,12}|(streams|plugins|s3)\\.?[a-c.]{0,3} = .{0,8})(\r?\n|\r)",
        0..12,
    )) {
        check(&lines.concat());
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(start in 0..GOOD.len(), length in 0usize..60, new in "[\\[\\]{}\"'=,.a-c\n\u{0}-\u{1f}ü]{0,6}") {
        let end = (start + length).min(GOOD.len());
        let mut text = GOOD.to_owned();
        text.replace_range(start..end, &new);
        check(&text);
    }
}

#[test]
fn keys_are_shown_with_control_characters_escaped() {
    check(
        r#""\u001b[2J" = 1
streams."\u001b[3J" = 1
plugins."\u001b[4J" = { "\u001b[5J" = 2, limits = { "\u001b[6J" = 3 } }"#,
    );
}

#[test]
fn nesting_and_size_are_bounded() {
    let many = 100_000;
    for text in [
        format!("{}a = 1", "a.".repeat(many)),
        format!("[a{}]", ".a".repeat(many)),
        format!("a = {}", "[".repeat(many)),
        format!("[plugins.p]\nparams = {}", "{a=".repeat(many)),
        "a=x\n".repeat(many),
        "[x\n".repeat(many),
        (0..many / 2).fold(String::new(), |text, number| format!("{text}k{number} = w\n")),
    ] {
        check(&text);
    }
}
