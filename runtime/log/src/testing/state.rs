//! What is on the disk, without what goes wrong.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

use rustix::io::Errno;

use super::Rng;
use super::content::Content;
use super::fault::Plan;
use super::names::{Change, Id, Names};

#[derive(Debug)]
pub(super) struct State {
    pub(super) nodes: BTreeMap<Id, Node>,
    pub(super) next: Id,
    pub(super) capacity: Option<usize>,
    pub(super) rng: Rng,
    pub(super) plan: Plan,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    File { content: Content, linked: bool },
    Folder(Names),
}

pub(super) const ROOT: Id = 0;

/// After a crash, files that no name leads to are gone, and so are all inside lost folders.
pub(super) fn drop_unreachable(nodes: &mut BTreeMap<Id, Node>) {
    let mut found = BTreeMap::new();
    let mut open = vec![ROOT];
    while let Some(id) = open.pop() {
        // Two names for one file are possible when half of a move between folders was lost.
        let Some(mut node) = nodes.remove(&id) else { continue };
        match &mut node {
            Node::Folder(names) => open.extend(names.iter().map(|(_, id)| id)),
            Node::File { linked, .. } => *linked = true,
        }
        found.insert(id, node);
    }
    *nodes = found;
}

impl State {
    pub(super) fn find(&self, path: &Path) -> io::Result<Id> {
        let mut id = ROOT;
        for part in path.components() {
            let Component::Normal(name) = part else { return Err(Errno::INVAL.into()) };
            let name = name.to_str().ok_or(Errno::INVAL)?;
            id = self.names(id)?.get(name).ok_or(Errno::NOENT)?;
        }
        Ok(id)
    }

    /// The folder that `path` lies in, and its name there.
    pub(super) fn place(&self, path: &Path) -> io::Result<(Id, String)> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(Errno::INVAL)?;
        Ok((self.find(path.parent().unwrap_or(Path::new("")))?, name.to_owned()))
    }

    pub(super) fn names(&self, id: Id) -> io::Result<&Names> {
        match self.nodes.get(&id) {
            Some(Node::Folder(names)) => Ok(names),
            Some(Node::File { .. }) => Err(Errno::NOTDIR.into()),
            None => Err(Errno::NOENT.into()),
        }
    }

    pub(super) fn change(&mut self, folder: Id, change: Change) {
        if let Some(Node::Folder(names)) = self.nodes.get_mut(&folder) {
            names.change(change);
        }
    }

    pub(super) fn content(&mut self, id: Id) -> io::Result<&mut Content> {
        match self.nodes.get_mut(&id) {
            Some(Node::File { content, .. }) => Ok(content),
            _ => Err(Errno::ISDIR.into()),
        }
    }

    pub(super) fn add(&mut self, path: &Path, node: Node) -> io::Result<Id> {
        let (folder, name) = self.place(path)?;
        if self.names(folder)?.get(&name).is_some() {
            return Err(Errno::EXIST.into());
        }
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        self.change(folder, Change::Set(name, id));
        Ok(id)
    }

    pub(super) fn unlinked(&mut self, id: Id) {
        if let Some(Node::File { linked, .. }) = self.nodes.get_mut(&id) {
            *linked = false;
        }
    }

    pub(super) fn used(&self) -> usize {
        self.nodes
            .values()
            .map(|node| match node {
                Node::File { content, linked: true } => content.len(),
                _ => 0,
            })
            .sum()
    }

    pub(super) fn free(&self) -> usize {
        self.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(self.used()))
    }
}

pub(super) fn long(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

pub(super) fn short(number: u64) -> io::Result<usize> {
    usize::try_from(number).map_err(|_| Errno::FBIG.into())
}
