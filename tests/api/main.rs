//! The ports of the program, called as its users call them, and as they should not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]
#![allow(clippy::print_stdout, reason = "it says what it did")]
#![allow(clippy::cast_possible_truncation, reason = "a test's numbers are small")]

mod access;
mod admin;
mod clients;
mod control;
mod cut;
mod full;
mod host;
mod hostile;
mod http;
mod kills;
mod ledger;
mod mutated;
mod plain;
mod python;
mod readme;
mod reload;
#[path = "../failpoints.rs"]
#[allow(dead_code, reason = "others meet the rest")]
mod steps;
mod stream_cli;
mod tls;
mod wire;
