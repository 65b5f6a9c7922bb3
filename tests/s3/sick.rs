//! A sick network: nothing is lost or doubled, memory stays flat, intake goes on, and so does delivery once it is cured.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::host::{objects, program, wait_for};
use crate::number;
use crate::scene::Scene;
use crate::servers::{Gateway, Proxy, section};

const LINES: u32 = 60_000;
/// The longest pause between two tries.
const BACKOFF: Duration = Duration::from_secs(10);
/// How long a request that hangs is waited for.
const HANGS: Duration = Duration::from_secs(17);
/// What a host may take in memory, in KiB.
const MOST_MEMORY: u64 = 256 << 10;

fn sick(make: impl FnOnce(&Proxy), cure: impl FnOnce(&Proxy), hangs: bool) {
    let Some(gateway) = Gateway::start() else { return };
    let Some(proxy) = Proxy::start(gateway.port()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let sizes = ["64KiB", "256KiB", "1024KiB"];
    let scene = Scene::at(LINES, folder, &section(proxy.port), gateway.bucket("records"), sizes);
    make(&proxy);
    let began = Instant::now();
    let mut host = scene.start_to_drain();
    // Nothing waits for the destination: everything is read and transformed meanwhile.
    let settled = || {
        let out = program(&path).arg("status").stderr(Stdio::null()).output().unwrap();
        let told = String::from_utf8(out.stdout).unwrap();
        let counts = told
            .lines()
            .filter_map(|line| line.split_once(" settled")?.0.rsplit([' ', ':']).nth(1).map(str::to_owned));
        counts.filter_map(|count| count.replace(',', "").parse::<u32>().ok()).sum::<u32>()
    };
    wait_for("all is read", Duration::from_secs(60), || settled() >= LINES * 9 / 10);
    println!("all was read after {:?}", began.elapsed());
    let sick_for = Duration::from_secs(number("STANDPIPE_SICK_SECONDS", 15));
    let mut highest = 0;
    while began.elapsed() < sick_for {
        highest = highest.max(resident(host.id()));
        std::thread::sleep(Duration::from_millis(50));
    }
    let before = objects(&gateway.bucket("records")).len();
    cure(&proxy);
    let within = if hangs { BACKOFF + HANGS } else { BACKOFF } + Duration::from_secs(1);
    let took = wait_for("delivery goes on", within, || {
        objects(&gateway.bucket("records")).len() > before || host.try_wait().unwrap().is_some()
    });
    println!("delivery went on after {took:?}; {highest} KiB resident at most");
    assert!(highest < MOST_MEMORY, "{highest} KiB");
    assert!(host.wait().unwrap().success());
    scene.check("the network was sick");
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
}

#[test]
fn slow_answers() {
    sick(|proxy| proxy.toxic("latency", "downstream", "\"latency\":2000"), Proxy::cure, false);
}

#[test]
fn requests_that_hang() {
    sick(|proxy| proxy.toxic("timeout", "upstream", "\"timeout\":0"), Proxy::cure, true);
}

#[test]
fn connections_that_are_cut() {
    sick(|proxy| proxy.toxic("limit_data", "upstream", "\"bytes\":20000"), Proxy::cure, false);
}

#[test]
fn connections_that_are_refused() {
    sick(|proxy| proxy.enable(false), |proxy| proxy.enable(true), false);
}

#[test]
fn a_slow_link() {
    sick(|proxy| proxy.toxic("bandwidth", "upstream", "\"rate\":50"), Proxy::cure, false);
}
