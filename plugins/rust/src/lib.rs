//! Write Standpipe plugins in Rust: one function from a record to its outputs.
//!
//! ```
//! use standpipe_sdk::{Failure, OrFail, Outputs, Params, Record, Verdict};
//!
//! #[derive(Params, serde::Deserialize)]
//! struct Settings {
//!     /// Records shorter than this are dropped.
//!     at_least: usize,
//! }
//!
//! #[standpipe_sdk::plugin]
//! fn no_short_lines(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure> {
//!     let line = std::str::from_utf8(record.payload()).or_fail("not-utf-8")?;
//!     if line.chars().count() < settings.at_least {
//!         return Ok(Verdict::Dropped);
//!     }
//!     Ok(out.emit(line.trim_end()))
//! }
//! # fn main() {}
//! ```
//!
//! The attribute writes a type `Plugin` beside the function. Compiled to wasm it is what the host runs;
//! natively [`testing::run`] runs it in `cargo test`. Both run the same code. `Settings` is read once for each
//! instance, and its JSON Schema, doc comments included, goes into the component for the host to show.
//!
//! # Invariants
//!
//! - Every record is emitted, dropped or failed, exactly one of these: the types leave no other way, but for a
//!   [`Verdict`] kept from another record, which the host finds.
//! - A record is whole. If it fails or is dropped, what it emitted is taken back, and so are its columns.
//! - Nothing is allocated, copied twice or passed to the host per record, but what the function itself does.
//!   Outputs go into one buffer for the batch, [`count`] adds up, and columns are looked up when asked for.
//! - A panic fails the record that caused it, with the panic's message in the failure.
//!
//! # What it refuses
//!
//! No files, no network, no clock, no threads: a plugin gets a record and answers. Nothing is promised about
//! globals, since instances come and go. Params that the schema cannot describe do not compile.

// The derives in this crate's own tests name it as an author does.
extern crate self as standpipe_sdk;

mod buffer;
mod column;
#[cfg(target_arch = "wasm32")]
mod guest;
mod host;
mod instance;
mod manifest;
pub mod native;
mod outputs;
mod record;
pub mod schema;
pub mod testing;
mod verdict;

pub use buffer::Buffer;
pub use column::Column;
pub use host::{Level, count, log};
pub use instance::Transform;
pub use manifest::Manifest;
pub use outputs::Outputs;
pub use record::Record;
pub use schema::Params;
pub use standpipe_sdk_macros::{Params, plugin};
pub use verdict::{Emitted, Failure, OrFail, Verdict};

/// What the macros write code against. Not for authors.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::guest::{Slot, batch, bindings};
    pub use crate::instance::settings;
}

/// Natively there is nothing to export; the manifest is checked all the same.
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ident) => {
        const _: usize = <$plugin as $crate::Transform>::MANIFEST.json_len();
    };
}
