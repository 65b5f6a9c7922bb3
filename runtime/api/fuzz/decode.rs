//! Whatever a body is, the decoder takes it or refuses it as serde does. See Cargo.toml.
#![no_main]

// The model knows the decoder by the name of its crate.
extern crate self as standpipe_api;

#[path = "../src/decode.rs"]
pub mod decode;
#[path = "../src/json.rs"]
mod json;
#[path = "../tests/decode/model.rs"]
mod model;

pub use decode::Put;

libfuzzer_sys::fuzz_target!(|body: &[u8]| model::compare(body));
