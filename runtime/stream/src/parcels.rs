//! The open parcels of a lane: one for each partition, each error type, and the backup. Found by what they are for,
//! and in the order in which they were opened, so that neither takes a look at all of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use standpipe_format::Prefix;

use crate::active::Active;
use crate::entry::{Carry, Role};
use crate::metrics::Amount;
use crate::parcel::{Of, Parcel, Pieces};

/// A place in [`Parcels`]. Another parcel may have it later.
pub(crate) type Slot = usize;

const ROLES: [Role; 3] = [Role::Destination, Role::ErrorOutput, Role::Backup];

/// What is open, and what is full and waits for the next cut.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    slots: Vec<Option<Parcel>>,
    free: Vec<Slot>,
    /// By the bytes of [`name`].
    named: HashMap<Box<[u8]>, Slot>,
    /// By role and id: ids ascend in the order in which parcels are opened.
    order: BTreeMap<(Role, u64), Slot>,
    full: Vec<Parcel>,
    next: u64,
    /// Bytes of memory of all of them.
    memory: u64,
    /// Where partitions that are open are counted, if the stream has partitions.
    active: Option<Arc<Active>>,
}

/// Puts the name of what a parcel is for into `into`: no two have the same one.
pub(crate) fn name<'a>(role: Role, values: impl IntoIterator<Item = &'a [u8]>, into: &mut Vec<u8>) {
    into.clear();
    into.push(role as u8);
    for value in values {
        into.extend_from_slice(&(value.len() as u64).to_le_bytes());
        into.extend_from_slice(value);
    }
}

pub(crate) fn name_of(of: &Of) -> Vec<u8> {
    let mut into = Vec::new();
    match of {
        Of::Partition { values, .. } => {
            name(Role::Destination, values.iter().map(String::as_bytes), &mut into);
        }
        Of::Errors(error_type) => name(Role::ErrorOutput, [error_type.as_bytes()], &mut into),
        Of::Backup => name(Role::Backup, [], &mut into),
    }
    into
}

impl Parcels {
    pub(crate) fn new(next: u64, active: Option<Arc<Active>>) -> Self {
        let mut parcels = Self::default();
        (parcels.next, parcels.active) = (next, active);
        parcels
    }

    /// The id of the next parcel.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Where the parcel of this name is, if one is open.
    pub(crate) fn find(&self, name: &[u8]) -> Option<Slot> {
        self.named.get(name).copied()
    }

    /// Whether the stream may have one more partition open, this one. Then it counts already: open it.
    pub(crate) fn admits(&self, name: &[u8]) -> bool {
        self.active.as_ref().is_none_or(|active| active.enter(name))
    }

    /// Counts a partition that is to be opened whatever the limit says.
    pub(crate) fn admit_anyway(&self, name: &[u8]) {
        if let Some(active) = &self.active {
            active.enter_anyway(name);
        }
    }

    fn leave(&self, parcel: &Parcel) {
        if let (Some(active), Role::Destination) = (&self.active, parcel.of.role()) {
            active.leave(&name_of(&parcel.of));
        }
    }

    /// Opens a parcel. None of its name may be open. A partition must have been admitted.
    pub(crate) fn open(&mut self, name: &[u8], of: Of, now_ms: u64) -> Slot {
        let parcel = Parcel::open(self.next, of, now_ms);
        self.next += 1;
        self.put(name, parcel)
    }

    /// Puts back a parcel that entries kept. A partition must have been admitted.
    pub(crate) fn put(&mut self, name: &[u8], parcel: Parcel) -> Slot {
        self.memory += parcel.memory();
        let key = (parcel.of.role(), parcel.id);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(parcel);
        }
        self.order.insert(key, slot);
        let before = self.named.insert(name.into(), slot);
        debug_assert!(before.is_none(), "two parcels of one name");
        slot
    }

    /// Adds a parcel that takes nothing more.
    pub(crate) fn put_full(&mut self, parcel: Parcel) {
        self.memory += parcel.memory();
        self.full.push(parcel);
    }

    /// The id of the parcel at `slot`, if there is one.
    pub(crate) fn id(&self, slot: Slot) -> Option<u64> {
        Some(self.slots.get(slot)?.as_ref()?.id)
    }

    /// Adds to the parcel at `slot`, if there is one, which is closed once it has `size` bytes. Returns what `add` does.
    pub(crate) fn add<R>(&mut self, slot: Slot, size: u64, add: impl FnOnce(&mut Parcel) -> R) -> Option<R> {
        let parcel = self.slots.get_mut(slot)?.as_mut()?;
        let before = parcel.memory();
        let result = add(parcel);
        let is_full = parcel.bytes() >= size;
        self.memory = self.memory - before + parcel.memory();
        if is_full {
            self.close(slot);
        }
        Some(result)
    }

    /// Nothing more goes into the parcel at `slot`.
    pub(crate) fn close(&mut self, slot: Slot) {
        if let Some(parcel) = self.remove(slot) {
            self.full.push(parcel);
        }
    }

    /// Undoes the opening of the parcel at `slot`, if nothing is in it.
    pub(crate) fn discard_empty(&mut self, slot: Slot) {
        if self.get(slot).is_some_and(Parcel::is_empty) {
            drop(self.remove(slot));
        }
    }

    fn remove(&mut self, slot: Slot) -> Option<Parcel> {
        let parcel = self.slots.get_mut(slot)?.take()?;
        self.free.push(slot);
        self.order.remove(&(parcel.of.role(), parcel.id));
        self.named.remove(&*name_of(&parcel.of));
        self.leave(&parcel);
        Some(parcel)
    }

    /// Where partitions are that are open, in the order in which they were opened.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = Slot> {
        self.of(Role::Destination)
    }

    fn of(&self, role: Role) -> impl Iterator<Item = Slot> {
        self.order.range((role, 0)..=(role, u64::MAX)).map(|(_, slot)| *slot)
    }

    fn get(&self, slot: Slot) -> Option<&Parcel> {
        self.slots.get(slot)?.as_ref()
    }

    /// Every parcel, full or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Parcel> {
        self.slots.iter().flatten().chain(&self.full)
    }

    /// For each role that has any, the parcel that was opened first.
    pub(crate) fn first_opened(&self) -> impl Iterator<Item = &Parcel> {
        ROLES.into_iter().filter_map(|role| self.of(role).next()).filter_map(|slot| self.get(slot))
    }

    /// Whether any is full.
    pub(crate) fn has_full(&self) -> bool {
        !self.full.is_empty()
    }

    /// Bytes of memory that they take.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// How many they are, and their bytes wherever these are.
    pub(crate) fn amount(&self) -> Amount {
        let bytes = self.iter().map(Parcel::bytes).sum();
        Amount { count: self.iter().count() as u64, bytes }
    }

    /// When the oldest record in them arrived.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        self.iter().map(Parcel::oldest_ms).min()
    }

    /// Takes out those that are full, and of each role those that are due, which are the ones opened first.
    pub(crate) fn take(&mut self, due: impl Fn(&Parcel) -> bool) -> Vec<Parcel> {
        let mut taken = std::mem::take(&mut self.full);
        for role in ROLES {
            let first = self.of(role).take_while(|slot| self.get(*slot).is_some_and(&due));
            for slot in first.collect::<Vec<_>>() {
                taken.extend(self.remove(slot));
            }
        }
        self.memory -= taken.iter().map(Parcel::memory).sum::<u64>();
        taken
    }

    /// What each gained since the last cut. With `free`, none of it stays in memory. `stream` is the prefix that the
    /// stream has now.
    pub(crate) fn gains(&mut self, free: bool, stream: &Prefix) -> Vec<(Carry, Pieces)> {
        let mut gains = Vec::new();
        for slot in self.order.values() {
            if let Some(parcel) = self.slots.get_mut(*slot).and_then(Option::as_mut) {
                gains.extend(parcel.gain(free, stream));
            }
        }
        self.memory = self.iter().map(Parcel::memory).sum();
        gains
    }
}

impl Drop for Parcels {
    fn drop(&mut self) {
        for parcel in self.slots.iter().flatten() {
            self.leave(parcel);
        }
    }
}
