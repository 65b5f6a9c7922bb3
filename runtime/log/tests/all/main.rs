//! The log on a disk in memory: against a model, through crashes, with corrupt bytes, and byte by byte.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may stop at what it did not expect"
)]

mod corruption;
mod crash;
mod disk;
mod faults;
mod golden;
mod model;
mod quota;
mod real;
mod support;
mod threads;
mod world;
