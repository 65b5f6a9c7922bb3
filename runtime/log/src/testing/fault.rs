use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::Site;

/// What is asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as the functions of `Disk` and `File`")]
pub enum Operation {
    CreateFolder,
    List,
    Create,
    Open,
    Rename,
    Unlink,
    RemoveFolder,
    SyncFolder,
    Free,
    Write,
    Read,
    Len,
    SetLen,
    Sync,
}

impl Operation {
    /// Whether it changes anything that a power cut could lose or keep.
    pub fn changes(self) -> bool {
        !matches!(self, Self::List | Self::Open | Self::Free | Self::Read | Self::Len)
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number: how many came before.
    pub number: u64,
    /// What.
    pub operation: Operation,
    /// With which path; of a rename, the old one.
    pub path: PathBuf,
    /// Which sync it is.
    pub site: Option<Site>,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No space is left. Some of a write may be there.
    NoSpace,
    /// The device fails. Any part of a write may be there. What a sync would have made durable is taken for
    /// clean from then on, and a power cut keeps or loses it; names stay as they were.
    Io,
    /// A write stops with `NoSpace` after so many bytes. A read returns at most so many, without an error.
    Short(usize),
}

/// What is lost in a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The process died: everything is kept, and what was not synced is still not.
    Nothing,
    /// The power was cut: each 512 bytes, each length and each name that was not synced is kept or lost by
    /// itself.
    Random,
}

#[derive(Debug)]
struct PowerCut;

impl fmt::Display for PowerCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("power cut")
    }
}

impl std::error::Error for PowerCut {}

/// Whether the disk was gone when this happened.
pub fn is_power_cut(cause: &io::Error) -> bool {
    cause.get_ref().is_some_and(|inner| inner.is::<PowerCut>())
}

pub(super) fn power_cut() -> io::Error {
    io::Error::other(PowerCut)
}

type Planned = dyn FnMut(&Call) -> Option<Fault> + Send;
type Skipped = dyn Fn(&Call) -> bool + Send;

/// What is to go wrong.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) cut_at: Option<u64>,
    pub(super) faults: Option<Box<Planned>>,
    pub(super) skipped: Option<Box<Skipped>>,
    pub(super) trace: Option<Vec<Call>>,
    operations: u64,
}

/// What an operation has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// A sync that says it was done.
    Skipped,
    Fails(Fault),
    /// The power goes during this operation.
    Cut,
}

impl Plan {
    pub(super) fn operations(&self) -> u64 {
        self.operations
    }

    /// Counts an operation. An error if the power is gone already.
    pub(super) fn call(&mut self, operation: Operation, path: &Path, site: Option<Site>) -> io::Result<Fate> {
        let call = Call { number: self.operations, operation, path: path.to_owned(), site };
        self.operations += 1;
        let fate = match self.cut_at {
            Some(cut) if call.number > cut => return Err(power_cut()),
            Some(cut) if call.number == cut => Fate::Cut,
            _ => match self.faults.as_mut().and_then(|plan| plan(&call)) {
                Some(fault) => Fate::Fails(fault),
                None if site.is_some() && self.skipped.as_ref().is_some_and(|skip| skip(&call)) => {
                    Fate::Skipped
                }
                None => Fate::Done,
            },
        };
        if let Some(trace) = &mut self.trace {
            trace.push(call);
        }
        Ok(fate)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("cut_at", &self.cut_at).field("operations", &self.operations).finish()
    }
}

impl Fault {
    pub(super) fn error(self) -> io::Error {
        match self {
            Self::NoSpace | Self::Short(_) => Errno::NOSPC.into(),
            Self::Io => Errno::IO.into(),
        }
    }
}
