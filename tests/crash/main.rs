//! The program, killed over and over: every line of its input ends once in the destination or the error output.
//!
//! `STANDPIPE_KILLS=500 STANDPIPE_SEED=7 cargo test --release -p standpipe --test crash -- --nocapture` runs more of
//! them, from another seed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]
#![allow(clippy::print_stdout, reason = "it says what it did")]

mod compiled;
#[allow(dead_code, reason = "the hostile suite uses the rest")]
#[path = "../../runtime/plugin/tests/hostile/guest.rs"]
mod guest;
mod keyed;
mod ledger;
mod parts;
mod scene;
#[path = "../failpoints.rs"]
#[allow(dead_code, reason = "others meet the rest")]
mod steps;
mod unpack;

use std::time::{Duration, Instant};

use scene::{Scene, failpoints};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// The next of a row of numbers that look random (SplitMix64).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn nothing_is_lost_or_doubled_by_kills_at_random_moments() {
    let (kills, seed) = (number("STANDPIPE_KILLS", 25), number("STANDPIPE_SEED", 1));
    println!("replay: STANDPIPE_KILLS={kills} STANDPIPE_SEED={seed} cargo test -p standpipe --test crash");
    let mut state = seed;
    let began = Instant::now();
    Scene::new(20_000).drain();
    let whole = began.elapsed();
    let (mut done, mut lanes) = (0, 0);
    while done < kills {
        let scene = Scene::new(20_000);
        for round in 0..5 {
            // Longer than it takes, now and then: the end is a moment, too. What is left after a kill takes less.
            let share = draw(&mut state) % if round == 0 { 1_100 } else { 400 };
            let moment =
                whole.mul_f64(share as f64 / 1_000.0) + Duration::from_micros(draw(&mut state) % 1_000);
            done += u64::from(scene.kill_after(moment));
            scene.change(draw(&mut state));
        }
        scene.drain();
        scene.check(&format!("seed {seed}, after {done} kills"));
        lanes = lanes.max(scene.lanes().len());
    }
    assert!(lanes > 1, "never more than one lane was used");
    println!("{done} kills, up to {lanes} lanes");
}

#[test]
fn nothing_is_lost_or_doubled_by_kills_at_any_step() {
    let mut met = 0;
    for name in failpoints() {
        let mut met_here = 0;
        for count in 1..=3 {
            let scene = Scene::new(20_000);
            met_here += u32::from(scene.run_to(&format!("{name}:{count}")));
            // And once more while it recovers.
            scene.run_to(&format!("{name}:1"));
            scene.drain();
            scene.check(&format!("failpoint {name}:{count}"));
        }
        assert!(met_here > 0, "nothing comes by `{name}`");
        met += met_here;
    }
    println!("{met} of {} kills at failpoints", 3 * failpoints().len());
}

/// A checker that cannot see is worth nothing.
#[test]
fn the_check_sees_what_is_missing_and_what_is_there_twice() {
    let scene = Scene::new(500);
    scene.drain();
    scene.check("undisturbed");
    let (all, want) = (scene.ledger(), ledger::expected(500));
    let (first, _) = all.iter().next().unwrap();
    let mut missing = all.clone();
    missing.remove(first);
    assert_ne!(missing, want);
    let mut twice = all.clone();
    *twice.get_mut(first).unwrap() += 1;
    assert_ne!(twice, want);
}
