//! What runs partitioning queries, compiled once for all tests of a suite: it takes longer than most of them.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const CONFIG: &str = r#"
[s3]
directory = "buckets"
[streams.none]
source.file.path = "none.log"
[streams.none.destination.s3]
bucket = "none"
prefix = "!{partitionKeyFromQuery:key}/"
error_output_prefix = "failed/!{firehose:error-output-type}/"
partitioning = { query = "{key: .key}" }
"#;

/// Makes the state folder of a stream that has a query, with the query's plugin compiled.
pub(crate) fn state_with_query(state: &Path) {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    let compiled = COMPILED.get_or_init(compile);
    DirBuilder::new().mode(0o700).create(state).unwrap();
    DirBuilder::new().mode(0o700).create(state.join("compiled")).unwrap();
    for item in fs::read_dir(compiled).unwrap() {
        let item = item.unwrap();
        fs::copy(item.path(), state.join("compiled").join(item.file_name())).unwrap();
    }
}

fn compile() -> PathBuf {
    // A folder for each suite, as they may run side by side.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(concat!("query-", env!("CARGO_CRATE_NAME")));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("standpipe.toml"), CONFIG).unwrap();
    fs::write(folder.join("none.log"), "").unwrap();
    let program = std::env::var_os("STANDPIPE").unwrap_or_else(|| env!("CARGO_BIN_EXE_standpipe").into());
    let mut command = Command::new(program);
    command.args(["run", "--drain"]).current_dir(&folder).stdin(Stdio::null());
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    folder.join("state/compiled")
}
