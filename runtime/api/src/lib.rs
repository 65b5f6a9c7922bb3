//! The ports of a host: the Firehose API, plain HTTP for producers, and what operators watch.
//!
//! ```text
//! connection ─► admission (bytes) ─► guard, key, time ─► body ─► signature ─► decode ─► rate ─► Streams::put ─► answer
//!  places, time    or Slow down.       before the body                        columns              fsync
//! ```
//!
//! `server` has ports, connections and times; `firehose` the operations of `POST /`; `model` what their bodies may be;
//! `made` the streams that the API made, and `destination` what clients say of where these deliver; `records` is
//! `POST /streams/NAME/records`; `admin` health and metrics. `auth` verifies signatures, `access` says what a key may do,
//! `fault` is the one table from errors to names and statuses.
//!
//! # Invariants
//!
//! - An answer to a put means that its records are on disk. A repeat has the answer of the first try.
//! - What a request makes grow is paid for in bytes before it grows, from one number for the host. Who finds none left
//!   is refused at once, and never waits.
//! - Without keys only this machine is served, and nothing that a page in a browser can send.
//! - A stream that was made, changed or deleted is so on disk before the answer. Changes of one stream come one after the
//!   other.
//! - No secret is in a message, a log or a `Debug`.
//! - What a client sends reaches no index and no `unwrap`; a body is decoded into the columns of a batch without a
//!   string a record.
//!
//! # What it refuses
//!
//! Presigned requests, bodies over 8 MiB (as they are sent, and as they are unpacked), any `Content-Encoding` but gzip,
//! arrays and objects deeper than 64, members whose feature is not built, by their names, and changes of streams that the
//! config file names.

mod access;
pub mod admin;
mod admission;
mod api;
pub mod auth;
mod body;
mod call;
mod decode;
mod destination;
mod fault;
mod firehose;
mod json;
mod made;
mod model;
mod rate;
mod records;
mod repeat;
mod server;
mod validate;

pub use access::Access;
pub use api::{Api, Settings};
pub use decode::{Missing, NotAPut, Put, Records};
pub use destination::config_form;
pub use made::{Book, MadeError, Still};
pub use server::{ServeError, Server};
