use crate::program::{run, standpipe};

#[test]
fn five_mistakes_give_five_findings() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"
[plugins.apache]
source = "blueprint:apache-log-to-jsn"
limits = { memory = "128MB!" }

[streams.web]
transform = ["apach"]

[streams.web.source.file]
path = "access.log"

[streams.web.destination.s3]
bucket = "logs"
prefix = "web/!{timestamp:yyyy/QQQQQQ}/"
error_output_prefix = "failed/!{firehose:error-output-type}/"
compresion = "gzip"

[s3]
directory = "buckets"
"#;
    std::fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    let (code, out, err) = run(standpipe(folder.path()).arg("check"), b"");
    assert_eq!((code, out.as_str()), (2, ""));
    for part in ["apache-log-to-jsn", "128MB!", "apach", "QQQQQQ", "compresion"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    assert_eq!(err.matches("error: ").count() + err.matches("error[").count(), 5, "{err}");
    for line in ["standpipe.toml:3:", "standpipe.toml:4:", "standpipe.toml:7:", "standpipe.toml:16:"] {
        assert!(err.contains(line), "{line}: {err}");
    }
}

#[test]
fn a_missing_config_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = run(standpipe(folder.path()).args(["check", "gone.toml"]), b"");
    assert_eq!((code, err.lines().count()), (2, 1));
    assert!(err.contains("gone.toml"), "{err}");
}

#[test]
fn a_plugin_with_another_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pinned = format!("sha256:{:064}", 0);
    let config = format!(
        r#"
[s3]
directory = "buckets"
[plugins.apache]
source = "blueprint:apache-log-to-json"
digest = "{pinned}"
[streams.web]
transform = ["apache"]
[streams.web.source.stdin]
[streams.web.destination.s3]
bucket = "logs"
"#
    );
    std::fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    for command in ["check", "run"] {
        let (code, out, err) = run(standpipe(folder.path()).arg(command), b"");
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(
            err.starts_with("error: plugin `blueprint:apache-log-to-json` has the digest sha256:"),
            "{err}"
        );
        assert!(
            err.contains(&format!("the config pins {pinned}: put back that file, or pin the new digest")),
            "{err}"
        );
    }
}
