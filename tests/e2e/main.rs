//! The program from outside: commands, exit codes, what is on standard output and in the buckets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

mod cases;
mod check;
mod held;
mod lanes;
mod messages;
mod pipe;
mod program;
mod readme;
mod run;
