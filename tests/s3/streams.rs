//! Many streams into one endpoint.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use crate::host::{Host, objects, wait_for};
use crate::servers::{Gateway, Proxy, section};

const STREAMS: usize = 64;
/// Of each stream, 1 KiB long. An object holds five, and four are on their way at a time: enough that a round more or less
/// says nothing.
const LINES: usize = 200;

#[test]
fn sixty_four_streams_are_served_fairly() {
    let Some(gateway) = Gateway::start() else { return };
    let Some(proxy) = Proxy::start(gateway.port()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut config = format!("[s3]\n{}\n", section(proxy.port));
    let line = "x".repeat(1_023) + "\n";
    for number in 0..STREAMS {
        let name = format!("s{number:02}");
        fs::write(folder.path().join(format!("{name}.log")), line.repeat(LINES)).unwrap();
        let _ = write!(
            config,
            "[streams.{name}]\nsource.file.path = \"{name}.log\"\n[streams.{name}.destination.s3]\n\
             bucket = \"records\"\nprefix = \"{name}/\"\nbuffering = {{ size = \"4KiB\", interval = \"300s\" }}\n"
        );
    }
    fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    // Slow enough that the endpoint is what all wait for.
    proxy.toxic("latency", "downstream", "\"latency\":100");
    let mut host = Host::start(folder.path(), &["--drain"]);
    let delivered = || {
        let of = |number| objects(&gateway.bucket("records").join(format!("s{number:02}"))).len();
        (0..STREAMS).map(of).collect::<Vec<_>>()
    };
    let mut files = 0;
    wait_for("half of all", Duration::from_secs(120), || {
        files = files.max(host.open_files());
        assert!(host.is_running(), "it ended");
        delivered().iter().sum::<usize>() >= STREAMS * LINES / 5 / 2
    });
    let (counts, memory) = (delivered(), host.memory("VmHWM"));
    let mean = counts.iter().sum::<usize>() as f64 / STREAMS as f64;
    let slowest = *counts.iter().min().unwrap();
    println!("at half: slowest {slowest}, mean {mean:.1}; {files} open files, {memory} KiB at most");
    assert!(slowest as f64 >= mean / 2.0, "{counts:?}");
    assert!(files < 400, "{files} open files");
    proxy.cure();
    let (code, said) = host.end();
    assert_eq!(code, Some(0), "{said}");
    for number in 0..STREAMS {
        let all = objects(&gateway.bucket("records").join(format!("s{number:02}")));
        let bytes: u64 = all.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
        assert_eq!(bytes, LINES as u64 * 1_024, "stream {number}");
    }
}
