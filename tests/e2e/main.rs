//! The program from outside: commands, exit codes, what is on standard output and in the buckets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

mod backup;
mod cases;
mod check;
#[path = "../crash/compiled.rs"]
mod compiled;
#[allow(dead_code, reason = "the hostile suite uses the rest")]
#[path = "../../runtime/plugin/tests/hostile/guest.rs"]
mod guest;
mod held;
#[allow(dead_code, reason = "the tests of the ports use the rest")]
#[path = "../api/host.rs"]
mod host;
#[allow(dead_code, reason = "the tests of the ports use the rest")]
#[path = "../api/http.rs"]
mod http;
mod lanes;
mod messages;
mod partitioning;
mod partitioning_many;
mod partitioning_objects;
mod partitioning_queries;
mod pipe;
mod program;
mod readme;
mod run;
mod split;
#[path = "../crash/unpack.rs"]
mod unpack;
