//! How many partitions a stream has open, over all its lanes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Level;

/// The partitions that are open in the lanes of one stream. Asked when a parcel is opened or closed, never for a record.
#[derive(Debug, Default)]
pub(crate) struct Active {
    most: usize,
    /// By name, in how many lanes it is open.
    open: Mutex<HashMap<Box<[u8]>, usize>>,
}

impl Active {
    /// At most `most` at a time.
    pub(crate) fn new(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lane opens a partition. False if it would be one too many; one that another lane has open counts once.
    pub(crate) fn enter(&self, name: &[u8]) -> bool {
        let mut open = self.open();
        if let Some(lanes) = open.get_mut(name) {
            *lanes += 1;
            return true;
        }
        if open.len() >= self.most {
            return false;
        }
        open.insert(name.into(), 1);
        true
    }

    /// The same, whatever the limit says.
    pub(crate) fn enter_anyway(&self, name: &[u8]) {
        *self.open().entry(name.into()).or_default() += 1;
    }

    /// A lane has closed a partition.
    pub(crate) fn leave(&self, name: &[u8]) {
        let mut open = self.open();
        if let Some(lanes) = open.get_mut(name) {
            *lanes -= 1;
            if *lanes == 0 {
                open.remove(name);
            }
        }
    }
}

impl Active {
    /// How many are open, and how many may be.
    pub(crate) fn level(&self) -> Level {
        Level { total: self.most as u64, used: self.open().len() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_two_lanes_have_open_counts_once() {
        let active = Active::new(2);
        assert!(active.enter(b"a") && active.enter(b"a") && active.enter(b"b"));
        assert!(!active.enter(b"c"));
        active.leave(b"a");
        assert!(!active.enter(b"c"));
        active.leave(b"a");
        assert!(active.enter(b"c"));
        active.enter_anyway(b"d");
        assert_eq!(active.level(), Level { total: 2, used: 3 });
    }
}
