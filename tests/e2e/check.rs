use crate::program::{run, standpipe};

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
