//! The wire of Amazon Data Firehose.

pub mod auth;
mod json;
mod put;

pub use put::{Missing, NotAPut, Put, Records};
