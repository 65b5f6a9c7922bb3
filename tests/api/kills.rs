//! The program, killed over and over while boto3 puts records into it and tries again: what was answered is in the
//! objects once, whatever the config was by then.
//!
//! `STANDPIPE_KILLS=500 STANDPIPE_SEED=7 cargo test --release -p standpipe --test api kills -- --nocapture` runs more of
//! them, from another seed.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::cut::servers::Proxy;
use crate::host::{Host, SOON, program};
use crate::ledger::{Clients, Found, Ledger, found};
use crate::python::python;
use crate::steps::{KEPT, PUTS};

#[allow(dead_code, reason = "the hostile suite uses the rest")]
#[path = "../../runtime/plugin/tests/hostile/guest.rs"]
pub(crate) mod guest;

/// A guest of the interface `each` that answers every record with itself.
pub(crate) const SAME: &str = r#"(module
  (memory (export "memory") 32)
  (global $heap (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "standpipe:transform/each@0.1.0#init") (param i32 i32 i32 i32) (result i32) (i32.const 64))
  (func (export "standpipe:transform/each@0.1.0#transform")
        (param $payload i32) (param $len i32) (param i64 i32 i32) (result i32)
    (global.set $heap (i32.const 4096))
    (i32.store8 (i32.const 128) (i32.const 0))
    (i32.store8 offset=4 (i32.const 128) (i32.const 0))
    (i32.store offset=8 (i32.const 128) (i32.const 256)) (i32.store offset=12 (i32.const 128) (i32.const 1))
    (i32.store (i32.const 256) (local.get $payload)) (i32.store (i32.const 260) (local.get $len))
    (i64.store (i32.const 264) (i64.const 0))
    (i32.const 128)))"#;

/// What the log says of a request that came again, once for each.
pub(crate) const REPEATED: &str = "a request came again and is answered as before";
/// A log that says so.
pub(crate) const LOG: (&str, &str) =
    ("STANDPIPE_LOG", "info,standpipe_stream::put=debug,standpipe_api::firehose::put=debug");

/// How many kills one folder has to survive.
const KILLS_EACH: u64 = 25;

pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// The next of a row of numbers that look random (SplitMix64).
pub(crate) fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A port that stays free while nobody listens at it: below those that the system gives to whoever connects, or a
/// client that tries again and again would end up with it, and be connected to itself.
fn quiet_port() -> u16 {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut state = u64::from(std::process::id()) << 32 | CALLS.fetch_add(1, Ordering::Relaxed);
    let ports = std::iter::repeat_with(|| 15_000 + u16::try_from(draw(&mut state) % 15_000).unwrap());
    ports.take(1_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// A folder with a config and all that the program makes.
struct Scene {
    folder: TempDir,
    port: u16,
}

/// The program, run in a scene, and how much was said before it. Dropped, it is killed.
struct Life(Child, usize);

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap(), port: quiet_port() };
        fs::write(scene.path("same.wasm"), guest::encode(SAME, "each-plugin")).unwrap();
        scene.change(0);
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Another prefix, size, compression, plugin, rate and number of lanes, as an operator may choose between two runs.
    fn change(&self, choice: u64) {
        let port = self.port;
        let prefix = choice % 3;
        let compression = if choice.is_multiple_of(2) { "gzip" } else { "none" };
        let size = ["64KiB", "256KiB", "1024KiB"][usize::try_from(choice / 6 % 3).unwrap()];
        let interval = ["1s", "300s"][usize::try_from(choice / 18 % 2).unwrap()];
        let transform = ["", "\"same\""][usize::try_from(choice / 36 % 2).unwrap()];
        let lanes = 3 - choice / 72 % 3;
        let rate = 300 + choice / 216 % 3 * 300;
        let stream = |name: &str, more: &str| {
            format!(
                r#"
[streams.{name}]
transform = [{transform}]
lanes = {lanes}
{more}
[streams.{name}.destination.s3]
bucket = "{name}"
prefix = "out/{prefix}/"
error_output_prefix = "failed/{prefix}/"
compression = "{compression}"
buffering = {{ size = "{size}", interval = "{interval}" }}
"#
            )
        };
        let (web, narrow) = (stream("web", ""), stream("narrow", &format!("rate = {{ records = {rate} }}")));
        let config = format!(
            r#"
listen = "127.0.0.1:{port}"
admin_listen = "127.0.0.1:0"
quota = "1GiB"
buffer_memory = "8MiB"

[keys.clients]
access_key_id = "env:CLIENT_ID"
secret_access_key = "env:CLIENT_SECRET"

[s3]
directory = "./buckets"

[plugins.same]
source = "./same.wasm"
{web}{narrow}"#
        );
        fs::write(self.path("standpipe.toml"), config).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = program(self.folder.path());
        command.env("CLIENT_ID", "AKIATEST").env("CLIENT_SECRET", "secretsecret").env(LOG.0, LOG.1);
        command
    }

    /// Starts boto3, which goes on through all lives.
    fn clients(&self, python: &Path, flags: &[&str]) -> Clients {
        let host = Host::start_as(self.command().arg("run"));
        let clients = Clients::start(python, &host, &self.path("ledgers"), flags);
        host.kill();
        clients
    }

    /// Runs it, until it comes by a failpoint if there is one.
    fn run(&self, failpoint: Option<&str>) -> Life {
        let log = File::options().create(true).append(true).open(self.path("host.log")).unwrap();
        let mut command = self.command();
        command.arg("run").stdout(Stdio::null()).stderr(log);
        if let Some(failpoint) = failpoint {
            command.env("STANDPIPE_FAILPOINT", failpoint);
        }
        let before = self.said().len();
        Life(command.spawn().unwrap(), before)
    }

    /// Waits until it takes requests, and a moment longer: then it knows what to do with signals.
    fn listens(&self, life: &mut Life) {
        let until = Instant::now() + SOON;
        let has = || self.said().get(life.1..).is_some_and(|said| said.contains("health and metrics on"));
        while !has() {
            assert!(Instant::now() < until, "it does not listen:\n{}", self.last_said());
            std::thread::sleep(Duration::from_millis(5));
        }
        life.live(Duration::from_millis(200), self);
    }

    /// What all lives said.
    fn said(&self) -> String {
        fs::read_to_string(self.path("host.log")).unwrap_or_default()
    }

    /// The last that was said, for whoever wonders.
    fn last_said(&self) -> String {
        let said = self.said();
        let last: Vec<&str> = said.lines().rev().take(20).collect();
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Drains it, and returns what is in the buckets then. Nothing is left anywhere else.
    fn drain(&self) -> Found {
        let out = self.command().args(["run", "--drain"]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        for lane in self.lanes() {
            let items = |name| fs::read_dir(lane.join(name)).map_or(0, Iterator::count);
            assert_eq!((items("parcels"), items("log")), (0, 0), "something is left in {}", lane.display());
        }
        let said = self.said();
        let bad =
            said.lines().find(|line| ["ERROR", "panicked", "corrupt"].iter().any(|bad| line.contains(bad)));
        assert_eq!(bad, None);
        found(&self.path("buckets"))
    }

    /// Whether every record that is durable lies in a parcel.
    fn is_settled(&self) -> bool {
        let out = self.command().args(["log", "inspect", "state"]).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(": settled up to record "));
        lines.map(|(_, line)| line.split_once(", durable up to record ")).all(|numbers| {
            let (settled, durable) = numbers.unwrap();
            settled == durable
        })
    }

    /// The folders of lanes that were ever used.
    fn lanes(&self) -> Vec<PathBuf> {
        let items = |folder: &Path| -> Vec<PathBuf> {
            let paths = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
            paths.filter(|path| path.is_dir()).collect()
        };
        items(&self.path("state/streams")).iter().flat_map(|stream| items(stream)).collect()
    }

    fn repeats(&self) -> usize {
        self.said().lines().filter(|line| line.contains(REPEATED)).count()
    }
}

impl Life {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Lets it run for a moment, of which it must not end by itself.
    fn live(&mut self, moment: Duration, scene: &Scene) {
        let until = Instant::now() + moment;
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        if let Some(code) = self.0.try_wait().unwrap() {
            panic!("it ended by itself, {code}:\n{}", scene.last_said());
        }
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    fn stop(mut self, scene: &Scene) {
        self.signal(Signal::TERM);
        let code = self.0.wait().unwrap();
        assert!(code.success(), "{code}:\n{}", scene.last_said());
    }

    /// Waits at most so long until it has killed itself.
    fn ends(&mut self, soon: Duration, scene: &Scene) -> bool {
        let until = Instant::now() + soon;
        loop {
            if let Some(code) = self.0.try_wait().unwrap() {
                assert_eq!(code.code(), None, "{}", scene.last_said());
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What many scenes came to.
#[derive(Debug, Default)]
struct Sums {
    kills: u64,
    stops: u64,
    reloads: u64,
    calls: u64,
    kept: u64,
    retried: u64,
    raised: u64,
    refused: u64,
    repeats: u64,
    lanes: usize,
}

impl Sums {
    fn add(&mut self, ledger: &Ledger, scene: &Scene) {
        self.calls += ledger.calls;
        self.kept += ledger.kept;
        self.retried += ledger.retried;
        self.raised += ledger.raised;
        self.refused += ledger.refused;
        self.repeats += scene.repeats() as u64;
        self.lanes = self.lanes.max(scene.lanes().len());
    }
}

fn check(ledger: &Ledger, found: &Found, when: &str) {
    let wrongs = ledger.wrongs(found);
    let first = &wrongs[..wrongs.len().min(10)];
    assert!(wrongs.is_empty(), "{when}: {} records are not as they were told: {first:#?}", wrongs.len());
}

const STREAMS: &str = "--streams=web,narrow";

#[test]
fn what_was_answered_is_kept_once_through_kills_at_random_moments() {
    let Some(python) = python() else { return };
    let (kills, seed) = (number("STANDPIPE_KILLS", 25), number("STANDPIPE_SEED", 1));
    println!(
        "replay: STANDPIPE_KILLS={kills} STANDPIPE_SEED={seed} cargo test -p standpipe --test api kills"
    );
    let (mut state, mut sums, began) = (seed, Sums::default(), Instant::now());
    while sums.kills < kills {
        let scene = Scene::new();
        let flags = [STREAMS, "--hasty", &format!("--seed={}", draw(&mut state))];
        let clients = scene.clients(&python, &flags);
        let until = kills.min(sums.kills + KILLS_EACH);
        while sums.kills < until {
            let mut life = scene.run(None);
            // Some end while they find out what is on disk.
            let longest = if draw(&mut state).is_multiple_of(4) { 150 } else { 1_200 };
            let moment = Duration::from_micros(draw(&mut state) % (longest * 1_000));
            let how = draw(&mut state) % 10;
            if how <= 1 {
                scene.listens(&mut life);
            }
            if how == 0 {
                scene.change(draw(&mut state));
                life.signal(Signal::HUP);
                sums.reloads += 1;
            }
            life.live(moment, &scene);
            if how == 1 {
                life.stop(&scene);
                sums.stops += 1;
            } else {
                life.kill();
                sums.kills += 1;
            }
            scene.change(draw(&mut state));
        }
        let mut life = scene.run(None);
        scene.listens(&mut life);
        let ledger = clients.stop();
        life.stop(&scene);
        check(&ledger, &scene.drain(), &format!("seed {seed}, after {} kills", sums.kills));
        sums.add(&ledger, &scene);
    }
    println!("{sums:?} in {:?}", began.elapsed());
    assert!(sums.retried > kills && sums.refused > 0 && sums.repeats > 0, "it was too quiet: {sums:?}");
}

#[test]
fn what_was_answered_is_kept_once_through_kills_at_any_step() {
    let Some(python) = python() else { return };
    let mut state = number("STANDPIPE_SEED", 1);
    println!("replay: STANDPIPE_SEED={state} cargo test -p standpipe --test api kills");
    let (scene, mut sums) = (Scene::new(), Sums::default());
    let clients = scene.clients(&python, &[STREAMS]);
    for name in PUTS.into_iter().chain(KEPT) {
        for count in [1, 2 + draw(&mut state) % 20] {
            // Files come and go with every entry; the rest of the choice is for others to take.
            scene.change(draw(&mut state) / 18 * 18 + draw(&mut state) % 6);
            let mut life = scene.run(Some(&format!("{name}:{count}")));
            let met = life.ends(if count == 1 { SOON } else { Duration::from_secs(2) }, &scene);
            assert!(met || count > 1, "nothing comes by `{name}`:\n{}", scene.last_said());
            sums.kills += u64::from(met);
            if !met {
                life.kill();
            }
        }
    }
    let mut life = scene.run(None);
    scene.listens(&mut life);
    let ledger = clients.stop();
    life.stop(&scene);
    check(&ledger, &scene.drain(), "after kills at every step");
    sums.add(&ledger, &scene);
    println!("{sums:?}");
    // Each that ended between an append and its answer, at the least.
    assert!(sums.repeats >= 2, "{sums:?}");
}

/// What is answered then is known from the journal alone: the records are in no log any more.
#[test]
fn what_was_settled_before_its_answer_got_lost_is_kept_once_through_kills() {
    let Some(python) = python() else { return };
    let mut state = number("STANDPIPE_SEED", 1);
    let scene = Scene::new();
    let Some(proxy) = Proxy::start(scene.port) else { return };
    let through = format!("--through=http://127.0.0.1:{}", proxy.port);
    let mut clients = scene.clients(&python, &[STREAMS, &through]);
    let mut life = scene.run(None);
    for _ in 0..4 {
        let calls = clients.calls();
        clients.wait_for(calls + 20);
        let before = scene.repeats();
        proxy.toxic("limit_data", "downstream", "\"bytes\":0");
        let until = Instant::now() + SOON;
        while scene.repeats() < before + 50 || !scene.is_settled() {
            assert!(Instant::now() < until, "{}", scene.last_said());
            life.live(Duration::from_millis(50), &scene);
        }
        // The second one finds what the first made of the journal.
        for _ in 0..2 {
            life.kill();
            scene.change(draw(&mut state) % 1_000 * 36 + draw(&mut state) % 6);
            life = scene.run(None);
            scene.listens(&mut life);
        }
        let after = scene.repeats();
        while scene.repeats() < after + 20 {
            assert!(Instant::now() < until, "{}", scene.last_said());
            life.live(Duration::from_millis(50), &scene);
        }
        proxy.cure();
    }
    let calls = clients.calls();
    clients.wait_for(calls + 20);
    let ledger = clients.stop();
    life.stop(&scene);
    check(&ledger, &scene.drain(), "after answers that got lost");
    println!("{} calls, {} requests that came again", ledger.calls, scene.repeats());
    assert_eq!(ledger.raised, ledger.beheaded);
}

/// It is the id of the call that does it: without one the check finds what the tests before would have found.
#[test]
fn what_is_tried_again_without_an_id_is_kept_twice() {
    let Some(python) = python() else { return };
    let scene = Scene::new();
    let clients = scene.clients(&python, &["--forgetful"]);
    assert!(scene.run(Some("put.after:20")).ends(SOON, &scene));
    let mut life = scene.run(None);
    scene.listens(&mut life);
    let ledger = clients.stop();
    life.stop(&scene);
    let wrongs = ledger.wrongs(&scene.drain());
    assert!(!wrongs.is_empty() && wrongs.iter().all(|wrong| wrong.contains("Kept, and")), "{wrongs:?}");
    assert_eq!(scene.repeats(), 0);
}
