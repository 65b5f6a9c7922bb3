//! The crash suite into S3: the program is killed, and the server, and answers get lost.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::fs::getxattr;
use sha2::{Digest, Sha256};

use crate::host::objects;
use crate::number;
use crate::scene::{Scene, failpoints};
use crate::servers::{Gateway, Proxy, section};

/// The next of a row of numbers that look random (SplitMix64).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

const SMALL: [&str; 3] = ["64KiB", "256KiB", "1024KiB"];
/// Above the least that S3 takes as a part, so that objects go in parts.
const LARGE: [&str; 3] = ["6MiB", "7MiB", "8MiB"];
/// Configs without compression and with one lane, so that what is to be large is.
const CHOICES: [u64; 3] = [7, 15, 25];
const IN_PARTS: &str = "\nmultipart_above = \"5MiB\"\npart_size = \"5MiB\"";

fn scene(gateway: &Gateway, port: u16, lines: u32, parts: bool) -> Scene {
    let s3 = section(port) + if parts { IN_PARTS } else { "" };
    let sizes = if parts { LARGE } else { SMALL };
    let scene = Scene::at(lines, tempfile::tempdir().unwrap(), &s3, gateway.bucket("records"), sizes);
    if parts {
        scene.change(CHOICES[0]);
    }
    scene
}

/// Every object's bytes have the digest that was journalled, and was given to the server with them.
fn check_digests(folder: &std::path::Path) -> u32 {
    let mut objects = 0;
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            objects += check_digests(&path);
            continue;
        }
        // versitygw keeps an object's metadata as JSON.
        let mut metadata = [0; 1_024];
        let kept = getxattr(&path, "user.metadata", &mut metadata).unwrap();
        let metadata: serde_json::Value = serde_json::from_slice(&metadata[..kept]).unwrap();
        let want: String =
            Sha256::digest(std::fs::read(&path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(metadata["standpipe-sha256"], want, "{}", path.display());
        objects += 1;
    }
    objects
}

fn empty(gateway: &Gateway) {
    std::fs::remove_dir_all(gateway.bucket("records")).unwrap();
    std::fs::create_dir_all(gateway.bucket("records")).unwrap();
}

/// Waits until `more` objects came, or it ends, and a moment longer.
fn wait_for(gateway: &Gateway, host: &mut Child, more: usize, moment: Duration) {
    let until = count(gateway) + more;
    while count(gateway) < until && host.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    std::thread::sleep(moment);
}

fn count(gateway: &Gateway) -> usize {
    objects(&gateway.bucket("records")).len()
}

fn kills(parts: bool, kills: u64, lines: u32, seed: u64) {
    let Some(mut gateway) = Gateway::start() else { return };
    println!("replay: STANDPIPE_KILLS={kills} STANDPIPE_SEED={seed} cargo test -p standpipe --test s3 kills");
    let mut state = seed;
    let (mut done, mut servers) = (0, 0);
    while done < kills {
        empty(&gateway);
        let scene = scene(&gateway, gateway.port(), lines, parts);
        for round in 0..4 {
            // At the beginning, before there is any object, or after some.
            let (some, spread) = if parts { (2, 100_000) } else { (12, 30_000) };
            let more = usize::try_from(draw(&mut state) % some).unwrap();
            let moment = Duration::from_micros(draw(&mut state) % spread);
            let mut host = scene.start_to_drain();
            wait_for(&gateway, &mut host, more, moment);
            if round % 2 == 1 {
                // The server dies first, and the program meets its absence.
                gateway.kill();
                servers += 1;
                std::thread::sleep(moment);
            }
            host.kill().unwrap();
            done += u64::from(host.wait().unwrap().code().is_none());
            if round % 2 == 1 {
                gateway.run(&[]);
            }
            scene.look();
            let choice = draw(&mut state);
            scene.change(if parts { CHOICES[usize::try_from(choice % 3).unwrap()] } else { choice });
        }
        // And once the server alone, in the middle of what drains.
        let mut host = scene.start_to_drain();
        wait_for(&gateway, &mut host, 1, Duration::ZERO);
        gateway.kill();
        servers += 1;
        gateway.run(&[]);
        let code = host.wait().unwrap();
        assert!(code.success(), "seed {seed}, after {done} kills: {code}");
        scene.check(&format!("seed {seed}, after {done} kills"));
        assert!(check_digests(&gateway.bucket("records").join("out")) > 0);
    }
    println!("{done} kills, and {servers} of the server");
}

#[test]
fn kills_of_the_program_and_the_server_lose_and_double_nothing() {
    kills(false, number("STANDPIPE_KILLS", 25), 20_000, number("STANDPIPE_SEED", 1));
}

#[test]
fn and_neither_do_they_with_objects_in_parts() {
    let share = number("STANDPIPE_KILLS", 25).div_ceil(5);
    kills(true, share, 60_000, number("STANDPIPE_SEED", 2));
}

#[test]
fn kills_at_any_step_lose_and_double_nothing() {
    let Some(gateway) = Gateway::start() else { return };
    for name in failpoints() {
        let mut met = 0;
        for count in 1..=3 {
            empty(&gateway);
            let scene = scene(&gateway, gateway.port(), 20_000, false);
            met += u32::from(scene.run_to(&format!("{name}:{count}")));
            // And once more while it recovers.
            scene.run_to(&format!("{name}:1"));
            scene.drain();
            scene.check(&format!("failpoint {name}:{count}"));
        }
        assert!(met > 0, "nothing comes by `{name}`");
    }
}

/// Where an upload is under way, and the moments around its note.
#[test]
fn kills_around_an_upload_leave_none_behind() {
    let Some(gateway) = Gateway::start() else { return };
    for name in ["upload.before", "upload.after", "link.after", "note.before", "note.after"] {
        empty(&gateway);
        let scene = scene(&gateway, gateway.port(), 60_000, true);
        assert!(scene.run_to(&format!("{name}:1")), "nothing comes by {name}");
        scene.drain();
        scene.check(name);
        // Except for one that was begun and could not be noted: it has no parts.
        let left = uploads(&gateway.bucket("records"));
        assert!(left.len() <= usize::from(name == "upload.before"), "{name}: {left:?}");
        assert!(
            left.iter().all(|upload| std::fs::read_dir(upload).unwrap().count() == 0),
            "{name}: {left:?}"
        );
    }
}

#[test]
fn uploads_of_a_stream_that_is_given_up_are_aborted() {
    let Some(gateway) = Gateway::start() else { return };
    let scene = scene(&gateway, gateway.port(), 60_000, true);
    assert!(scene.run_to("upload.after:1"));
    assert_eq!(uploads(&gateway.bucket("records")).len(), 1);
    scene.abandon();
    assert_eq!(uploads(&gateway.bucket("records")), [] as [std::path::PathBuf; 0]);
}

/// The folders in which versitygw keeps the parts of uploads under way.
fn uploads(bucket: &std::path::Path) -> Vec<std::path::PathBuf> {
    let objects = bucket.join(".sgwtmp/multipart");
    let items = |folder: &std::path::Path| {
        std::fs::read_dir(folder).into_iter().flatten().map(|item| item.unwrap().path()).collect::<Vec<_>>()
    };
    items(&objects).iter().flat_map(|object| items(object)).filter(|path| path.is_dir()).collect()
}

#[test]
fn answers_that_get_lost_double_nothing() {
    for parts in [false, true] {
        let Some(gateway) = Gateway::start() else { return };
        let Some(proxy) = Proxy::start(gateway.port()) else { return };
        let lines = if parts { 60_000 } else { 20_000 };
        let scene = scene(&gateway, proxy.port, lines, parts);
        // The request gets through whole; of the answer nothing does.
        proxy.toxic("limit_data", "downstream", "\"bytes\":1");
        let mut host = scene.start_to_drain();
        let until = Instant::now() + Duration::from_secs(if parts { 2 } else { 60 });
        while !gateway.bucket("records").join("out").exists() && Instant::now() < until {
            std::thread::yield_now();
        }
        proxy.cure();
        assert!(host.wait().unwrap().success());
        scene.check("answers were lost");
    }
}
