//! From a plugin reference to verified bytes: finds the file or the bundled blueprint, compares the digest, and
//! makes a component of a core module that carries the contract.
//!
//! A reference is a path (it contains a `/` or ends in `.wasm`), `blueprint:NAME`, or the bare name of a
//! blueprint. The digest that is pinned and shown is that of the bytes as they were found: what `sha256sum`
//! prints of the file.
//!
//! # Invariants
//!
//! - Bytes that differ from a pinned digest never leave this crate.
//! - A file is read once, at most [`MAX_FILE_BYTES`] of it.
//!
//! # What it refuses
//!
//! It compiles and runs nothing: that is `plugin`'s.

mod adapter;
mod blueprints;
mod componentize;
mod error;
mod reference;
mod section;

pub use blueprints::{Blueprint, blueprint, blueprints};
pub use componentize::componentize;
pub use error::Error;
pub use reference::{Artifact, MAX_FILE_BYTES, Reference, resolve};
pub use section::{with_section, without_debug};
