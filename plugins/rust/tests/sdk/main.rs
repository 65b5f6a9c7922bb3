//! The SDK as an author uses it: plugins written with the macros, run natively.

#![allow(clippy::unwrap_used, reason = "the helpers of tests, too, fail by panicking")]

mod outcomes;
mod params;
mod plugin;
mod validate;
