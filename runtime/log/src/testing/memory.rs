use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::content::Content;
use super::fault::{Fate, Plan, power_cut};
use super::names::{Change, Id, Names};
use super::state::{Node, ROOT, State, drop_unreachable, long, short};
use super::{Call, Fault, Loss, Operation, Rng};
use crate::{Disk, File, Item, Site};

/// A disk in memory. A clone is the same disk.
///
/// Every operation has a number, from 0 on. The power can be cut at one of them, single ones can fail, and
/// [`crash`](Self::crash) gives the disk as it is found afterwards. What it does is decided by its seed.
#[derive(Debug, Clone)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new(seed: u64) -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::Folder(Names::default()))]);
        Self::with(State {
            nodes,
            next: ROOT + 1,
            capacity: None,
            rng: Rng::new(seed),
            plan: Plan::default(),
        })
    }

    fn with(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Lets the files have `bytes` together.
    pub fn set_capacity(&self, bytes: usize) {
        self.lock().capacity = Some(bytes);
    }

    /// Cuts the power during operation `number`: it is done, done in part or not at all, and fails like all
    /// that come later.
    pub fn cut_at(&self, number: u64) {
        self.lock().plan.cut_at = Some(number);
    }

    /// Asks `plan` before every operation whether it is to fail.
    pub fn fail(&self, plan: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        self.lock().plan.faults = Some(Box::new(plan));
    }

    /// Lets the syncs that `skipped` chooses succeed without doing anything.
    pub fn skip_syncs(&self, skipped: impl Fn(&Call) -> bool + Send + 'static) {
        self.lock().plan.skipped = Some(Box::new(skipped));
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.lock().plan.operations()
    }

    /// From now on remembers all operations.
    pub fn start_trace(&self) {
        self.lock().plan.trace = Some(Vec::new());
    }

    /// The operations since [`start_trace`](Self::start_trace).
    pub fn trace(&self) -> Vec<Call> {
        self.lock().plan.trace.clone().unwrap_or_default()
    }

    /// The disk as it is found after the process died or the power went, with nothing planned and operations
    /// counted from 0. This one is left as it is.
    pub fn crash(&self, rng: &mut Rng, loss: Loss) -> Self {
        let state = self.lock();
        let mut nodes = state.nodes.clone();
        if loss == Loss::Random {
            for node in nodes.values_mut() {
                match node {
                    Node::File { content, .. } => *content = content.after_cut(rng),
                    Node::Folder(names) => *names = names.after_cut(rng),
                }
            }
            drop_unreachable(&mut nodes);
        }
        let rng = Rng::new(rng.next_u64());
        Self::with(State { nodes, next: state.next, capacity: state.capacity, rng, plan: Plan::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation and runs `act`, if it is to be done. A cut operation may be done all the same.
    fn run<T>(
        &self,
        operation: Operation,
        path: &Path,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.lock();
        match state.plan.call(operation, path, None)? {
            Fate::Done | Fate::Skipped | Fate::Fails(Fault::Short(_)) => act(&mut state),
            Fate::Fails(fault) => Err(fault.error()),
            Fate::Cut => {
                if state.rng.coin() {
                    act(&mut state)?;
                }
                Err(power_cut())
            }
        }
    }

    fn file(&self, id: Id, path: &Path) -> Arc<dyn File> {
        Arc::new(MemoryFile { disk: self.clone(), id, path: path.to_owned() })
    }
}

impl Disk for MemoryDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::CreateFolder, path, |state| match state.find(path) {
            Ok(id) => state.names(id).map(|_| ()),
            Err(_) => state.add(path, Node::Folder(Names::default())).map(|_| ()),
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Item>> {
        self.run(Operation::List, folder, |state| {
            let names = state.names(state.find(folder)?)?;
            let items = names.iter().map(|(name, id)| match state.nodes.get(&id) {
                Some(Node::File { content, .. }) => {
                    Item { name: name.clone(), len: long(content.len()), is_folder: false }
                }
                _ => Item { name: name.clone(), len: 0, is_folder: true },
            });
            Ok(items.collect())
        })
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let node = Node::File { content: Content::default(), linked: true };
        let id = self.run(Operation::Create, path, |state| state.add(path, node))?;
        Ok(self.file(id, path))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let id = self.run(Operation::Open, path, |state| {
            let id = state.find(path)?;
            state.content(id).map(|_| id)
        })?;
        Ok(self.file(id, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Operation::Rename, from, |state| {
            let id = state.find(from)?;
            let (old_folder, old) = state.place(from)?;
            let (folder, name) = state.place(to)?;
            if let Some(replaced) = state.names(folder)?.get(&name) {
                if state.names(replaced).is_ok_and(|names| !names.is_empty()) {
                    return Err(Errno::NOTEMPTY.into());
                }
                state.unlinked(replaced);
            }
            if old_folder == folder {
                state.change(folder, Change::Move { from: old, to: name, id });
            } else {
                state.change(old_folder, Change::Remove(old));
                state.change(folder, Change::Set(name, id));
            }
            Ok(())
        })
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::Unlink, path, |state| {
            let id = state.find(path)?;
            state.content(id)?;
            let (folder, name) = state.place(path)?;
            state.change(folder, Change::Remove(name));
            state.unlinked(id);
            Ok(())
        })
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::RemoveFolder, path, |state| {
            if !state.names(state.find(path)?)?.is_empty() {
                return Err(Errno::NOTEMPTY.into());
            }
            let (folder, name) = state.place(path)?;
            state.change(folder, Change::Remove(name));
            Ok(())
        })
    }

    fn sync_folder(&self, path: &Path, site: Site) -> io::Result<()> {
        let mut state = self.lock();
        let fate = state.plan.call(Operation::SyncFolder, path, Some(site))?;
        let id = state.find(path)?;
        state.names(id)?;
        match fate {
            Fate::Done | Fate::Fails(Fault::Short(_)) => {
                if let Some(Node::Folder(names)) = state.nodes.get_mut(&id) {
                    names.sync();
                }
                Ok(())
            }
            Fate::Skipped => Ok(()),
            Fate::Fails(fault) => Err(fault.error()),
            Fate::Cut => Err(power_cut()),
        }
    }

    fn free(&self) -> io::Result<u64> {
        self.run(Operation::Free, Path::new(""), |state| Ok(long(state.free())))
    }
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    id: Id,
    path: PathBuf,
}

impl File for MemoryFile {
    fn write_all_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.lock();
        let State { plan, rng, .. } = &mut *state;
        let fate = plan.call(Operation::Write, &self.path, None)?;
        let mut chance = Rng::new(rng.next_u64());
        let at = short(at)?;
        let free = state.free();
        let content = state.content(self.id)?;
        let grows = (at + bytes.len()).saturating_sub(content.len());
        match fate {
            Fate::Done | Fate::Skipped if grows > free => {
                let fits = bytes.len().saturating_sub(grows - free);
                content.write(at, bytes.get(..fits).unwrap_or_default());
                Err(Errno::NOSPC.into())
            }
            Fate::Done | Fate::Skipped => {
                content.write(at, bytes);
                Ok(())
            }
            Fate::Fails(Fault::Short(count)) => {
                content.write(at, bytes.get(..count.min(bytes.len())).unwrap_or_default());
                Err(Fault::Short(count).error())
            }
            Fate::Fails(fault) => {
                content.write_partly(at, bytes, &mut chance);
                Err(fault.error())
            }
            Fate::Cut => {
                content.write_partly(at, bytes, &mut chance);
                Err(power_cut())
            }
        }
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.disk.lock();
        let fate = state.plan.call(Operation::Read, &self.path, None)?;
        let content = state.content(self.id)?;
        match fate {
            Fate::Done | Fate::Skipped => Ok(content.read(short(at)?, into)),
            Fate::Fails(Fault::Short(count)) => {
                let count = count.min(into.len());
                Ok(content.read(short(at)?, into.get_mut(..count).unwrap_or_default()))
            }
            Fate::Fails(fault) => Err(fault.error()),
            Fate::Cut => Err(power_cut()),
        }
    }

    fn len(&self) -> io::Result<u64> {
        self.disk.run(Operation::Len, &self.path, |state| Ok(long(state.content(self.id)?.len())))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.run(Operation::SetLen, &self.path, |state| {
            let len = short(len)?;
            state.content(self.id)?.set_len(len);
            Ok(())
        })
    }

    fn sync(&self, site: Site) -> io::Result<()> {
        let mut state = self.disk.lock();
        let fate = state.plan.call(Operation::Sync, &self.path, Some(site))?;
        let content = state.content(self.id)?;
        match fate {
            Fate::Done | Fate::Fails(Fault::Short(_)) => {
                content.sync();
                Ok(())
            }
            Fate::Skipped => Ok(()),
            Fate::Fails(fault) => {
                content.fail_sync();
                Err(fault.error())
            }
            Fate::Cut => Err(power_cut()),
        }
    }
}
