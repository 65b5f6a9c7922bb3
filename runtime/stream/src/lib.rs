//! One stream put together: it reads its source, runs its plugins, gathers their outputs into parcels, and has
//! each parcel delivered under its key.
//!
//! ```text
//! source thread ──1 batch──► stream thread: plugins ─► parcels (destination, error output) ─► sink, with retry
//! ```
//!
//! # Invariants
//!
//! - Every record that was read is in one object of the destination or of the error output, or was dropped by a
//!   plugin, when [`run`] returns without an error. With an error, it says how many records are in neither.
//! - Memory is bounded in bytes: a batch being read, a batch in the channel, one being transformed, and two
//!   parcels of at most `buffering.size` and one batch. A slow sink stops the reading.
//! - A parcel is sealed when it holds `buffering.size` bytes before compression or is `buffering.interval` old.
//!
//! # What it refuses
//!
//! Nothing is kept on disk: a second run reads a file from its beginning and delivers it again.

mod deliver;
mod error;
mod parcel;
mod plan;
mod progress;
mod reading;
mod run;

pub use error::Error;
pub use plan::{Plan, load_plugin, plan};
pub use progress::{Progress, Totals};
pub use run::{Stop, run};
