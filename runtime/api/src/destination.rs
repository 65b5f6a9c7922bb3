//! The S3 destination of a stream that the API makes: what clients say of it, what it comes to with everything that
//! Firehose fills in, and the stream that follows from it.
//!
//! What is kept is an object of the members of `ExtendedS3DestinationConfiguration` ([`Said`]), each as it was sent, with
//! the defaults beside them. `S3DestinationConfiguration` has some of these members, so that one object serves both.
//!
//! ```text
//! create ─► fill ─┐
//!                 ├─► refuse what is not built ─► rules ─► stream (spec) ─► plan
//! update ─► merge ┘
//! ```
//!
//! # What it refuses
//!
//! A member whose feature is not built, unless it has its default, by its name; and what Firehose refuses, in its words
//! where they are known.

mod fill;
mod form;
mod lambda;
mod merge;
mod named;
mod processors;
mod refuse;
mod stream;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::fault::{Cause, Fault};

pub use form::config_form;
pub(crate) use merge::merged;
pub(crate) use named::{buckets, functions};
pub(crate) use refuse::{encryption, other_kinds, sources};
pub(crate) use stream::stream;

/// The members of a destination.
pub(crate) type Said = Map<String, Value>;

/// The destination of a stream that is made. `extended` says which of the two shapes was sent.
pub(crate) fn made(mut said: Said, extended: bool) -> Result<Said, Fault> {
    refuse::unbuilt(&said)?;
    fill::destination(&mut said, extended)?;
    Ok(said)
}

/// It cannot be done like that.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(Cause::InvalidArgument, message)
}

/// The text of a member.
pub(crate) fn text<'a>(said: &'a Said, member: &str) -> Option<&'a str> {
    said.get(member)?.as_str()
}

/// A text that is not empty.
fn filled<'a>(said: &'a Said, member: &str) -> Option<&'a str> {
    text(said, member).filter(|text| !text.is_empty())
}

fn object<'a>(said: &'a Said, member: &str) -> Option<&'a Said> {
    said.get(member)?.as_object()
}

fn is_true(said: &Said, member: &str) -> bool {
    said.get(member).and_then(Value::as_bool).unwrap_or_default()
}

/// Whether the destination is partitioned.
fn is_partitioned(said: &Said) -> bool {
    object(said, "DynamicPartitioningConfiguration")
        .is_some_and(|partitioning| is_true(partitioning, "Enabled"))
}
