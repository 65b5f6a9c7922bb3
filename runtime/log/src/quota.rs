//! One number of bytes for the whole host, and who holds how many of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Disk;

/// Bytes that are taken before the disk is asked again how many it has.
const UNCHECKED: u64 = 1 << 20;

/// The bytes that all streams together may keep on disk.
///
/// A stream holds at most as much as is still free for all, so one that is stuck stops growing while the
/// others go on. The last `reserve` bytes are for sealing and noting what is already kept: they are taken
/// only through a [`Reserve`], of which there is one at a time.
///
/// If it watches a disk, nobody takes what would leave less than the reserve free there, so that others who fill the
/// disk stop the intake and not what makes room again.
#[derive(Debug)]
pub struct Quota {
    total: u64,
    reserve: u64,
    disk: Option<Arc<dyn Disk>>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    used: u64,
    reserved: bool,
    /// Bytes that may be taken before the disk is asked again.
    checked: u64,
}

/// What the whole host holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// All bytes there are, reserve included.
    pub total: u64,
    /// Bytes held by all streams.
    pub used: u64,
    /// Bytes still free without the reserve.
    pub free: u64,
}

/// There is no room for these bytes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} bytes do not fit: {}", self.why())]
pub struct Full {
    /// Bytes asked for.
    pub wanted: u64,
    /// Bytes that the stream holds.
    pub held: u64,
    /// Bytes free for whoever asked.
    pub free: u64,
    /// All bytes there are.
    pub total: u64,
    /// Whether it is the disk that is full, and not the quota: then `free` is what the disk has.
    pub disk: bool,
}

impl Full {
    fn why(&self) -> String {
        let Self { held, free, total, .. } = self;
        if self.disk {
            format!("the disk has {free} free and some of it is kept for what makes room; free some")
        } else {
            format!(
                "the stream holds {held} and {free} of {total} are free; \
                 wait until some are delivered or raise the quota"
            )
        }
    }
}

impl Quota {
    /// `total` bytes, the last `reserve` of them kept back.
    pub fn new(total: u64, reserve: u64) -> Arc<Self> {
        Self::watching(None, total, reserve)
    }

    /// The same on a disk that others use too.
    pub fn on(disk: Arc<dyn Disk>, total: u64, reserve: u64) -> Arc<Self> {
        Self::watching(Some(disk), total, reserve)
    }

    fn watching(disk: Option<Arc<dyn Disk>>, total: u64, reserve: u64) -> Arc<Self> {
        Arc::new(Self { total, reserve: reserve.min(total), disk, book: Mutex::default() })
    }

    /// A stream's share, which holds nothing yet. What it holds is free again when it is dropped.
    pub fn share(self: &Arc<Self>) -> Arc<Share> {
        Arc::new(Share { quota: Arc::clone(self), whole: None, held: Mutex::default() })
    }

    /// What is held and free now.
    pub fn usage(&self) -> Usage {
        let used = self.book().used;
        Usage { total: self.total, used, free: self.ordinary().saturating_sub(used) }
    }

    /// Whether the disk has `bytes` and the reserve; else what it has. One that cannot say has.
    fn disk_has(&self, book: &mut Book, bytes: u64) -> Result<(), u64> {
        let Some(disk) = self.disk.as_ref().filter(|_| bytes > book.checked) else {
            book.checked = book.checked.saturating_sub(bytes);
            return Ok(());
        };
        let free = disk.free().unwrap_or(u64::MAX);
        let left = free.saturating_sub(self.reserve);
        if left < bytes {
            return Err(free);
        }
        // Less as it gets tighter, because others take from it too.
        book.checked = UNCHECKED.min((left - bytes) / 2);
        Ok(())
    }

    fn ordinary(&self) -> u64 {
        self.total - self.reserve
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one stream holds of a [`Quota`].
#[derive(Debug)]
pub struct Share {
    quota: Arc<Quota>,
    /// The stream's, if this is a part of it.
    whole: Option<Arc<Share>>,
    held: Mutex<u64>,
}

impl Share {
    /// A part of this share, for one of its lanes. It takes what the share may take, and when it is dropped the
    /// share gets back what it held.
    pub fn part(self: &Arc<Self>) -> Arc<Self> {
        let whole = Some(Arc::clone(self));
        Arc::new(Self { quota: Arc::clone(&self.quota), whole, held: Mutex::default() })
    }

    /// Takes `bytes` for records that come in, unless the stream would then hold more than half of what is left for
    /// the others: the other half is for what settles them.
    pub fn take_for_more(self: &Arc<Self>, bytes: u64) -> Result<Taken, Full> {
        self.admit(bytes, |held, left| held <= left / 2)
    }

    /// Takes `bytes`, unless the stream would then hold more than is left for the others.
    pub fn take(self: &Arc<Self>, bytes: u64) -> Result<Taken, Full> {
        self.admit(bytes, |held, left| held <= left)
    }

    /// Notes bytes that are on disk already, as recovery finds them. They may pass every limit.
    pub fn found(&self, bytes: u64) {
        let mut held = self.lock();
        *held = held.saturating_add(bytes);
        if let Some(whole) = &self.whole {
            return whole.found(bytes);
        }
        let mut book = self.quota.book();
        book.used = book.used.saturating_add(bytes);
    }

    /// Gives back bytes that were kept or found.
    pub fn give_back(&self, bytes: u64) {
        let mut held = self.lock();
        // Never more than is held, so that a mistake here cannot make room that is not there.
        let bytes = bytes.min(*held);
        *held -= bytes;
        if let Some(whole) = &self.whole {
            return whole.give_back(bytes);
        }
        let mut book = self.quota.book();
        book.used = book.used.saturating_sub(bytes);
    }

    /// Bytes held.
    pub fn held(&self) -> u64 {
        *self.lock()
    }

    /// The quota that this is a share of.
    pub fn quota(&self) -> &Arc<Quota> {
        &self.quota
    }

    /// The right to use the reserve, if nobody else has it now.
    pub fn reserve(self: &Arc<Self>) -> Option<Reserve> {
        let mut book = self.quota.book();
        if book.reserved {
            return None;
        }
        book.reserved = true;
        Some(Reserve { share: Arc::clone(self) })
    }

    fn admit(self: &Arc<Self>, bytes: u64, fits: impl Fn(u64, u64) -> bool) -> Result<Taken, Full> {
        self.admit_of(self.quota.ordinary(), bytes, &fits)?;
        Ok(Taken { share: Arc::clone(self), bytes })
    }

    fn admit_of(&self, limit: u64, bytes: u64, fits: &dyn Fn(u64, u64) -> bool) -> Result<(), Full> {
        let mut held = self.lock();
        if let Some(whole) = &self.whole {
            whole.admit_of(limit, bytes, fits)?;
            *held += bytes;
            return Ok(());
        }
        let mut book = self.quota.book();
        let free = limit.saturating_sub(book.used);
        // Both sides after the fact: what it holds, and what is free.
        if bytes > free || !fits(held.saturating_add(bytes), free - bytes) {
            return Err(Full { wanted: bytes, held: *held, free, total: self.quota.total, disk: false });
        }
        if limit < self.quota.total
            && let Err(free) = self.quota.disk_has(&mut book, bytes)
        {
            return Err(Full { wanted: bytes, held: *held, free, total: self.quota.total, disk: true });
        }
        *held += bytes;
        book.used += bytes;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let held = *self.lock();
        if let Some(whole) = &self.whole {
            return whole.give_back(held);
        }
        let mut book = self.quota.book();
        book.used = book.used.saturating_sub(held);
    }
}

/// Bytes taken of a share. Dropped, they are given back; [`keep`](Self::keep) leaves them held.
#[derive(Debug)]
#[must_use = "dropped at once, the bytes are free again"]
pub struct Taken {
    share: Arc<Share>,
    bytes: u64,
}

impl Taken {
    /// How many.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Leaves them held until [`Share::give_back`]. Returns how many.
    pub fn keep(mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.share.give_back(self.bytes);
    }
}

/// The right to use the reserve, held by one at a time and given back on drop.
#[derive(Debug)]
pub struct Reserve {
    share: Arc<Share>,
}

impl Reserve {
    /// Takes `bytes` of whatever is left, reserve included. Where recovery found more than the quota, sealing that is
    /// the only way down: then the reserve comes on top of it.
    pub fn take(&self, bytes: u64) -> Result<Taken, Full> {
        let Quota { total, reserve, .. } = *self.share.quota;
        let used = self.share.quota.book().used;
        let limit = if used > total { used.saturating_add(reserve) } else { total };
        self.share.admit_of(limit, bytes, &|_, _| true)?;
        Ok(Taken { share: Arc::clone(&self.share), bytes })
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        self.share.quota.book().reserved = false;
    }
}
