//! The log on a disk in memory: against a model, through crashes, with corrupt bytes, and byte by byte.

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
