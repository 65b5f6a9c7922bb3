//! The wire of Amazon Data Firehose.

mod json;
mod put;

pub use put::{Missing, NotAPut, Put, Records};
