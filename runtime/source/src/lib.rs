//! Where records come from: the lines of a file, of standard input, or of anything else that can be read.
//!
//! [`Source`] is an input with a name that errors tell; [`Lines`] is what it does with the bytes. A read is
//! one system call, blocks as long as that blocks, and gives every line that is complete by then.
//!
//! # Invariants
//!
//! - The records are the pieces between newlines, byte for byte. A carriage return belongs to its record, an
//!   empty line is an empty record, and the last line needs no newline.
//! - No complete line waits for more input. What is unfinished stays here, at most one record of it.
//! - Every byte of the input is in a record, in a [`Refused`] line, or is a newline. A line over the limit is
//!   refused with its place, its whole length and its beginning, however long it is.
//! - Memory is bounded: one buffer that starts small and grows to 1 MiB only while reads fill it, and one
//!   beginning of a refused line.
//! - The arrival of a record is when the read that completed it returned, not when it was asked for.
//!
//! # What it refuses
//!
//! No framing but lines, no decompression, no following of a file that grows or is replaced. It says how far
//! it gave out and begins where it is told, and keeps no place itself. A file that gets shorter while it is read is an error, never a quiet end.

mod error;
mod file;
mod lines;
mod refused;
mod source;

pub use error::Error;
pub use lines::{Lines, Step};
pub use refused::Refused;
pub use source::Source;
