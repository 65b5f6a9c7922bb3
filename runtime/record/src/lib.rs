//! What flows: records laid end to end in a [`Batch`], what plugins made of them ([`Outcomes`]), and the
//! [`Clock`] that everything with a notion of time is given.
//!
//! A batch is columnar. One buffer holds all payloads, `ends[i]` is the offset behind record `i`, and a
//! [`Column`] holds one named value per record beside the payload. Nothing here allocates per record.
//!
//! # Invariants
//!
//! - `ends` ascends, its last entry is the payload's length, and `arrival_ms` is as long as `ends`.
//! - A payload is shorter than 4 GiB, so offsets are `u32`: what the plugin contract carries.
//! - Every column has one `index` entry per record, each [`ABSENT`] or a number below its count of values.
//!
//! They hold by construction: no function here builds a batch that breaks them, whatever it is given.
//!
//! # What it refuses
//!
//! No I/O, no serialisation, no knowledge of plugins or destinations.

mod batch;
mod clock;
mod column;
mod kind;
mod outcomes;
mod position;
mod view;

pub use batch::{Batch, Malformed};
pub use clock::{Clock, ManualClock, SystemClock};
pub use column::{ABSENT, Column};
pub use kind::Kind;
pub use outcomes::{Cause, Failure, Outcomes, PluginId};
pub use position::Position;
pub use view::View;

/// The largest record that is accepted, in bytes: Firehose's limit on the data of one record before base64.
pub const MAX_RECORD_BYTES: usize = 1_024_000;
