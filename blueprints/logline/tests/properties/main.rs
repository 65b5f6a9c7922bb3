//! What holds for every line: bytes never panic, outputs can be read, and fields come back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use proptest::prelude::*;
use serde_json::Value;
use standpipe_sdk::testing;

mod apache;
mod csv;
mod syslog;

/// Bytes that are often nearly a line: pieces of real ones, and anything between them.
fn nearly(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec());
    let any = prop::collection::vec(any::<u8>(), 0..6);
    prop::collection::vec(prop_oneof![4 => piece, 1 => any], 0..24).prop_map(|parts| parts.concat())
}

/// The object that a blueprint makes of a line, if it makes one.
fn object<P: standpipe_sdk::Transform>(line: &[u8]) -> Option<Value> {
    let outcomes = testing::run::<P>("{}", &[line]);
    assert_eq!(outcomes.outputs.len() + outcomes.failed.len(), 1);
    let output = outcomes.outputs.first()?;
    let value: Value = serde_json::from_slice(&output.payload).unwrap();
    assert!(value.is_object());
    Some(value)
}

/// The fields that a blueprint makes of a line, if it makes any.
fn fields<P: standpipe_sdk::Transform>(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let outcomes = testing::run::<P>("{}", &[line]);
    assert_eq!(outcomes.outputs.len() + outcomes.failed.len(), 1);
    Some(csv::read(&outcomes.outputs.first()?.payload))
}

/// Bytes as the JSON blueprints show them: UTF-8 where it is, Latin-1 where it is not.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|&byte| char::from(byte)));
    }
    text
}
