//! The program and a real S3 server: killed, slowed down, cut off and misconfigured. Every record of its input ends once
//! in the destination or the error output.
//!
//! Needs versitygw and Toxiproxy, which `tests/servers` builds. `STANDPIPE_KILLS` says how many kills,
//! `STANDPIPE_SICK_SECONDS` how long the network is sick.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]
#![allow(clippy::print_stdout, reason = "it says what it did")]

#[allow(dead_code, reason = "the hostile suite uses the rest")]
#[path = "../../runtime/plugin/tests/hostile/guest.rs"]
mod guest;
#[path = "../crash/ledger.rs"]
mod ledger;
#[allow(dead_code, reason = "the crash suite uses the rest")]
#[path = "../crash/scene.rs"]
mod scene;

mod host;
mod kills;
mod mend;
mod servers;
mod sick;
#[path = "../failpoints.rs"]
#[allow(dead_code, reason = "others meet the rest")]
mod steps;
mod streams;

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}
