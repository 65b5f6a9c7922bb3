//! The plugin host: compiles a component, gives it limits, runs batches through instances of it, and finds the
//! record that is to blame when one goes wrong. Only this crate names wasmtime.
//!
//! ```text
//! bytes ─► Plugin::load ─► Worker (one warm instance) ─► Chain (several plugins, one after the other)
//!            │ imports, exports, type, section                 │
//!            │ compiled code from the cache                     └─► Outcomes: outputs, dropped, failed
//!            └ one instance tried
//! ```
//!
//! # What it promises
//!
//! - Every record that goes in comes out once: as origin of outputs, dropped, or failed. A plugin that says
//!   nothing of a record has failed it; one that says two things has too.
//! - A call that traps, overruns its time, or answers an error or nonsense is no verdict on its records: its log
//!   lines and counts are thrown away and its records run one by one. A record has its verdict when it fails as
//!   the first on a fresh instance.
//! - Nothing from a guest is used before it is checked, and text is escaped and bounded.
//! - A guest reaches the functions of the contract's `host` and a WASI with nothing in it, and nothing else.
//! - A plugin that cannot be started holds its batch: [`Chain::step`] returns the reason and can be called again.
//!
//! # Limits
//!
//! [`Limits`] are on by default. A call runs under the time of one record, counted as CPU time of its thread from
//! the first tick of the epoch (a millisecond), and by the wall clock at most ten times that. With
//! [`Metering::Fuel`] instructions are counted instead, and a run can be repeated exactly.
//!
//! # What it refuses
//!
//! Nothing here is asynchronous, sleeps, or retries. References, digests to compare with and core modules are
//! `registry`'s; threads are `stream`'s.

mod answer;
mod cache;
mod chain;
mod command;
mod compiled;
mod contract;
mod each;
mod engine;
mod error;
mod instance;
mod limits;
mod log;
mod manifest;
mod params;
mod plugin;
mod sizing;
mod state;
mod stats;
mod text;
mod ticker;
mod wasi;
mod worker;

pub use chain::Chain;
pub use engine::Host;
pub use error::{LoadError, StartError};
pub use limits::{
    Calls, FUEL_PER_MS, Limits, MAX_CALL_BYTES, MAX_CALL_RECORDS, MAX_COMPILE_TIME, MAX_COMPONENT_BYTES,
    Metering, STACK_BYTES,
};
pub use manifest::{Manifest, SECTION};
pub use plugin::{Interface, Plugin, Settings, digest_of};
pub use stats::Stats;
pub use wasi::allowed;
pub use worker::{Step, Worker};
