//! Guests that do everything a guest should not. Each time: the right error for the bad record, every other
//! record of its batch delivered, and the host able to go on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

mod bounds;
mod guest;
mod loading;
mod records;
