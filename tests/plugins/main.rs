//! Plugins in every language, from their source on: what a new user is told to do, what hostile plugins come to, what is
//! said of components that cannot be loaded, and that a test run is the same under any load.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]
#![allow(clippy::print_stdout, reason = "a test that is left out says so")]

mod blueprints;
mod command;
mod hostile;
mod languages;
mod load;
mod native;
mod readme;
mod repeat;
