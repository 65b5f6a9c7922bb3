use std::collections::BTreeMap;

use super::Rng;

/// Which file or folder a name stands for.
pub(super) type Id = u64;

/// The names in a folder, as they are and as a power cut would leave them.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    live: BTreeMap<String, Id>,
    durable: BTreeMap<String, Id>,
    pending: Vec<Change>,
}

/// A change that is not synced.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Set(String, Id),
    Remove(String),
    /// A rename within the folder is kept or lost whole.
    Move {
        from: String,
        to: String,
        id: Id,
    },
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, Id>) {
        match self {
            Self::Set(name, id) => {
                names.insert(name.clone(), *id);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
            Self::Move { from, to, id } => {
                if names.get(from) == Some(id) {
                    names.remove(from);
                }
                names.insert(to.clone(), *id);
            }
        }
    }
}

impl Names {
    pub(super) fn get(&self, name: &str) -> Option<Id> {
        self.live.get(name).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, Id)> {
        self.live.iter().map(|(name, id)| (name, *id))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        self.durable.clone_from(&self.live);
        self.pending.clear();
    }

    /// What a power cut leaves.
    pub(super) fn after_cut(&self, rng: &mut Rng) -> Self {
        let mut names = self.durable.clone();
        for change in &self.pending {
            if rng.coin() {
                change.apply(&mut names);
            }
        }
        Self { live: names.clone(), durable: names, pending: Vec::new() }
    }
}
