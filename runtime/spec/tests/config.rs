//! What a good file says, and what no file may do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use standpipe_record::Kind;
use standpipe_spec::{
    AccessKey, Api, Buckets, Buffering, Compression, Config, Destination, Finding, Key, Limits, Rate, Secret,
    Severity, Size, Source, Tls, load, parse,
};

const GOOD: &str = include_str!("findings/good.toml");
const GOOD_API: &str = include_str!("findings/good_api.toml");
const GOOD_MORE: &str = include_str!("findings/good_more.toml");

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
    let Destination::S3(web) = &config.streams["web"].destination else { panic!("not S3") };
    assert_eq!((web.objects.compression, web.append_delimiter), (Compression::Gzip, false));
    assert_eq!(
        web.objects.prefix.as_ref().map(|prefix| prefix.value.as_str()),
        Some("web/!{timestamp:yyyy/MM/dd/HH/}")
    );
    let Destination::S3(copy) = &config.streams["copy"].destination else { panic!("not S3") };
    assert_eq!((copy.objects.compression, copy.append_delimiter), (Compression::None, true));
    assert_eq!(copy.objects.buffering, Buffering { size: 5 << 20, interval: Duration::from_secs(300) });
    assert_eq!((&copy.objects.prefix, &copy.error_output_prefix), (&None, &None));
    assert_eq!(config.streams["copy"].source, Source::Stdin);
}

#[test]
fn the_api_and_those_who_may_call_it_are_as_the_file_says() {
    let (config, findings) = parse(GOOD_API, Path::new("/etc/standpipe"));
    assert_eq!(findings, []);
    assert_eq!(config.listen, Some("127.0.0.1:4573".parse().unwrap()));
    assert_eq!(config.admin_listen, Some("[::1]:4574".parse().unwrap()));
    let tls = Tls { certificate: "/etc/standpipe/cert.pem".into(), key: "/etc/ssl/key.pem".into() };
    let api = Api {
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        memory: 128 << 20,
        max_connections: 100,
        tls: Some(tls),
    };
    assert_eq!(config.api, api);
    let producer = &config.keys["producer"];
    assert_eq!(GOOD_API.get(producer.name.span.clone()), Some("producer"));
    assert_eq!(
        producer.access,
        AccessKey {
            id: Secret::Env("PRODUCER_ID".into()),
            secret: Secret::File("/etc/standpipe/secret".into()),
            session_token: Some(Secret::Env("PRODUCER_TOKEN".into())),
        }
    );
    assert_eq!(producer.actions, ["PutRecord", "Describe*"]);
    assert_eq!(producer.streams, ["web", "logs-*"]);
    let Key { actions, streams, access, .. } = &config.keys["admin"];
    assert_eq!((actions.as_slice(), streams.as_slice()), (&["*".to_owned()][..], &["*".to_owned()][..]));
    assert_eq!(access.session_token, None);
    let web = &config.streams["web"];
    assert_eq!(web.source, Source::Puts);
    let Destination::S3(s3) = &web.destination else { panic!("not S3") };
    assert!(!s3.append_delimiter);
    assert_eq!(web.rate, Rate { requests: Some(2000), records: Some(500_000), bytes: Some(5 << 20) });
    assert_eq!(config.streams["none"].rate, Rate { bytes: Some(1 << 10), ..Rate::default() });
    let Destination::Discard { span } = &config.streams["none"].destination else { panic!("not discarded") };
    assert_eq!(GOOD_API.get(span.clone()), Some("{}"));
    // The largest parcel of a stream that keeps nothing is none.
    assert_eq!(config.quota, Some(64 << 20));
}

#[test]
fn a_file_without_an_api_says_the_usual_of_it() {
    let config = good();
    assert_eq!((config.listen, config.admin_listen), (None, None));
    let usual = Api {
        account: "000000000000".into(),
        region: "us-east-1".into(),
        memory: 64 << 20,
        max_connections: 8192,
        tls: None,
    };
    assert_eq!((config.api, config.keys.len()), (usual, 0));
    assert_eq!(config.streams["web"].rate, Rate::default());
}

/// What a file says whose stream keeps nothing, and that `more` begins.
fn discarding(more: &str) -> (Config, Vec<Finding>) {
    parse(&format!("{more}\n[streams.web]\ndestination.discard = {{}}"), Path::new(""))
}

#[test]
fn an_address_is_written_in_several_ways() {
    for (written, want) in [
        ("4573", "127.0.0.1:4573"),
        ("0x11_dd", "127.0.0.1:4573"),
        ("\"4573\"", "127.0.0.1:4573"),
        ("0", "127.0.0.1:0"),
        ("\"localhost:4573\"", "127.0.0.1:4573"),
        ("\"127.0.0.2:4573\"", "127.0.0.2:4573"),
        ("\"[::1]:4573\"", "[::1]:4573"),
        ("\"[::ffff:127.0.0.1]:4573\"", "[::ffff:127.0.0.1]:4573"),
    ] {
        let (config, findings) = discarding(&format!("listen = {written}\nadmin_listen = 4574"));
        assert_eq!(findings, [], "{written}");
        assert_eq!(config.listen, Some(want.parse().unwrap()), "{written}");
    }
    let (config, findings) = discarding("listen = 0\nadmin_listen = 0");
    assert_eq!(findings, []);
    assert_eq!(config.admin_listen, config.listen);
}

#[test]
fn an_open_address_needs_a_key_and_is_told_of_without_tls() {
    let key = "[keys.a]\naccess_key_id = \"env:ID\"\nsecret_access_key = \"env:SECRET\"";
    let tls = "[api]\ntls = { certificate = \"cert.pem\", key = \"key.pem\" }";
    for (listen, more, want) in [
        ("127.0.0.1:1", "", None),
        ("[::1]:1", key, None),
        ("0.0.0.0:1", "", Some(Severity::Error)),
        ("0.0.0.0:1", tls, Some(Severity::Error)),
        ("0.0.0.0:1", "[keys]", Some(Severity::Error)),
        ("[2001:db8::1]:1", key, Some(Severity::Warning)),
        ("0.0.0.0:1", &format!("{key}\n{tls}"), None),
    ] {
        let (_, findings) = discarding(&format!("listen = \"{listen}\"\n{more}"));
        let severities: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, Vec::from_iter(want), "{listen} {more}");
    }
}

#[test]
fn keys_and_the_api_may_be_said_where_nothing_listens() {
    let (config, findings) = parse(
        "[api]\nmemory = \"16MiB\"\n[keys.a]\naccess_key_id = \"env:ID\"\nsecret_access_key = \"env:SECRET\"\n\
         [s3]\ndirectory = \"b\"\n[streams.web]\nsource.stdin = {}\ndestination.s3.bucket = \"logs\"",
        Path::new(""),
    );
    assert_eq!(findings, []);
    assert_eq!((config.listen, config.api.memory, config.keys.len()), (None, 16 << 20, 1));
}

#[test]
fn every_action_may_be_allowed_alone() {
    for action in Key::ACTIONS {
        let (config, findings) = discarding(&format!(
            "listen = 4573\n[keys.a]\naccess_key_id = \"env:ID\"\nsecret_access_key = \"env:SECRET\"\n\
             actions = [\"{action}\", \"{action}*\"]"
        ));
        assert_eq!(findings, []);
        assert_eq!(config.keys["a"].actions, [action.to_owned(), format!("{action}*")]);
    }
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
        assert!(!config.streams.is_empty());
        let local = |listen: SocketAddr| listen.ip().to_canonical().is_loopback();
        assert!(config.listen.is_none_or(local) || !config.keys.is_empty());
        for stream in config.streams.values() {
            let in_s3 = matches!(stream.destination, Destination::S3(_));
            assert!(!in_s3 || config.buckets != Buckets::None);
            let fed = stream.source == Source::Puts;
            assert!(config.listen.is_some() || !fed);
            assert!(fed || stream.rate == Rate::default());
            assert!(in_s3 || stream.backup.is_none());
            if let Destination::S3(s3) = &stream.destination {
                let backup = stream.backup.as_ref().map(|backup| &backup.objects);
                for objects in [Some(&s3.objects), backup].into_iter().flatten() {
                    assert!(!objects.bucket.value.is_empty());
                    let levels = objects.compression.levels();
                    let level = objects.compression_level.as_ref();
                    assert!(
                        level.is_none_or(|level| levels.is_some_and(|levels| levels.contains(&level.value)))
                    );
                    assert!(
                        config.quota.is_none_or(|quota| quota >= Config::PARCELS * objects.buffering.size)
                    );
                }
                let alone = s3.partitioning.as_ref().is_some_and(|keyed| keyed.query.is_none());
                assert!(!alone || !stream.transform.is_empty());
            }
        }
        for key in config.keys.values() {
            assert!(!key.actions.is_empty() && !key.streams.is_empty());
        }
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
        "(\\[{0,2}[a-c\"'.\\[\\]{}]{0,6}\\]{0,2}|[a-d.\"]{1,4} ?=? ?[\\[{\"'a-c0-9,.:=\\]} -]{0,12}|(streams|plugins|s3|keys|api|listen)\\.?[a-c.]{0,3} = .{0,8})(\r?\n|\r)",
        0..12,
    )) {
        check(&lines.concat());
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(good in prop::sample::select(vec![GOOD, GOOD_API, GOOD_MORE]), start in any::<prop::sample::Index>(), length in 0usize..60, new in "[\\[\\]{}\"'=,.a-c\n\u{0}-\u{1f}ü]{0,6}") {
        let start = start.index(good.len());
        let end = (start + length).min(good.len());
        let mut text = good.to_owned();
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
