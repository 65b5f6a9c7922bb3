//! A disk in memory that can be taken away at any operation and then holds what a real one might.

mod content;
mod fault;
mod memory;
mod names;
mod rng;
mod state;

pub use fault::{Call, Fault, Loss, Operation, is_power_cut};
pub use memory::MemoryDisk;
pub use rng::Rng;
