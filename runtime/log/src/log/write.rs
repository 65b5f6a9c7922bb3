use std::sync::Arc;

use standpipe_record::Position;

use super::state::{Segment, State, Tail};
use super::{Shared, lock};
use crate::frame::{self, Place, Salt};
use crate::recovery::sync_folder;
use crate::segment::{Header, Predecessor, path_of};
use crate::survey::Survey;
use crate::{Append, Error, File, Site, Span, failpoint};

/// The largest buffer that is kept between two writes.
const KEPT_BYTES: usize = 1 << 20;

/// What only one writer at a time may use.
#[derive(Debug)]
pub(super) struct Writer {
    buffer: Vec<u8>,
    /// Numbers are not used twice, not even those of files that were given up.
    next_number: u64,
    /// Whether the log's folder is there and its name durable.
    has_folder: bool,
}

/// Where the next frame goes.
struct Spot {
    file: Arc<dyn File>,
    number: u64,
    at: u64,
    mark: u64,
    first: Position,
    era: u64,
}

impl Writer {
    pub(super) fn after(survey: &Survey) -> Self {
        let has_folder = !survey.chain.is_empty();
        Self { buffer: Vec::new(), next_number: survey.highest.saturating_add(1), has_folder }
    }
}

impl Shared {
    pub(super) fn write(&self, append: &Append<'_>) -> Result<Span, Error> {
        // Beginning a segment makes the one before durable.
        self.announcing(|| self.put(append))
    }

    fn put(&self, append: &Append<'_>) -> Result<Span, Error> {
        let size = frame::size(append)?;
        let mut writer = lock(&self.writer);
        let taken = self.take(size)?;
        let spot = self.spot(&mut writer, size)?;
        let records = append.records.len() as u64;
        let end = spot
            .first
            .checked_add(records)
            .ok_or_else(|| Error::Exhausted { folder: self.open.folder.clone(), written: spot.first })?;
        let span = Span { first: spot.first, end, era: spot.era };
        let settings = &self.open.settings;
        let salt = Salt::new(settings.incarnation, settings.lane, spot.number);
        let place = Place { salt, at: spot.at, first: spot.first, mark: spot.mark };
        frame::encode(append, place, &mut writer.buffer);
        let wrote = spot.file.write_all_at(spot.at, &writer.buffer);
        if writer.buffer.capacity() > KEPT_BYTES {
            writer.buffer = Vec::new();
        }
        let mut state = self.state();
        let ours = state.era == spot.era;
        match (wrote, state.tail.as_mut()) {
            (Ok(()), Some(tail)) if ours => {
                tail.written += size;
                state.positions.written = end;
                taken.keep();
                Ok(span)
            }
            (Ok(()), _) => Err(self.lost(span, "an earlier sync failed".into())),
            (Err(cause), _) => {
                if ours {
                    state.spoil();
                }
                drop(state);
                // The room that a part of the frame takes may be what others need.
                if spot.file.set_len(spot.at).is_err() {
                    tracing::debug!(at = spot.at, "cannot cut what a failed write left");
                }
                Err(Error::io("write segment", &path_of(&self.open.folder, spot.number), cause))
            }
        }
    }

    fn take(&self, bytes: u64) -> Result<crate::Taken, Error> {
        let taken = self.open.share.take_for_more(bytes);
        taken.map_err(|full| Error::Full { folder: self.open.folder.clone(), full })
    }

    /// Where a frame of `size` bytes goes: the tail if there is one with room, else a new segment.
    fn spot(&self, writer: &mut Writer, size: u64) -> Result<Spot, Error> {
        let state = self.state();
        let fits = |tail: &Tail, last: &Segment| {
            let room = self.open.settings.segment_bytes.saturating_sub(tail.written);
            !tail.spoiled && (size <= room || tail.written == last.from)
        };
        match (&state.tail, state.segments.back()) {
            (Some(tail), Some(last)) if fits(tail, last) => {
                let number = tail.number;
                if let Some(file) = tail.file.clone() {
                    return Ok(spot_at(&state, file, tail, last));
                }
                drop(state);
                let path = path_of(&self.open.folder, number);
                let file = self.open.disk.open(&path);
                let file = file.map_err(|cause| Error::io("open segment", &path, cause))?;
                let mut state = self.state();
                if let Some(tail) = &mut state.tail {
                    tail.file = Some(Arc::clone(&file));
                }
                match (&state.tail, state.segments.back()) {
                    (Some(tail), Some(last)) => Ok(spot_at(&state, file, tail, last)),
                    _ => {
                        drop(state);
                        self.roll(writer)
                    }
                }
            }
            _ => {
                drop(state);
                self.roll(writer)
            }
        }
    }

    /// Ends the tail and begins a new segment.
    fn roll(&self, writer: &mut Writer) -> Result<Spot, Error> {
        let state = self.state();
        let (first, end, era) = (state.positions.durable, state.positions.written, state.era);
        drop(state);
        if end > first {
            // The header will say that all before its end is durable, so it must be. If this fails, what was
            // written is lost; the caller's own append may then be tried again.
            self.commit(Span { first, end, era })?;
        }
        let empty = {
            let mut state = self.state();
            state.tail = None;
            let empty = state.segments.back().is_some_and(|last| last.first == last.next);
            empty.then(|| state.segments.pop_back()).flatten()
        };
        if let Some(empty) = empty {
            // Nothing of it was ever durable, so the next segment may follow the one before it. Otherwise
            // a full disk would fill up with headers. If it comes back, recovery sees that nothing follows it.
            self.open.share.give_back(empty.end);
            self.discard(empty.number);
        }
        self.begin(writer)
    }

    /// Makes the segment that follows what is there. It is the tail once its header and name are durable.
    fn begin(&self, writer: &mut Writer) -> Result<Spot, Error> {
        let (first, era, predecessor) = {
            let state = self.state();
            let last = state.segments.back();
            let last = last.map(|last| Predecessor { number: last.number, end: last.end });
            (state.positions.written, state.era, last)
        };
        let number = writer.next_number;
        let settings = &self.open.settings;
        let (lane, incarnation) = (settings.lane, settings.incarnation);
        let header = Header { lane, incarnation, number, first, predecessor };
        let header = header.encode();
        let from = header.len() as u64;
        let taken = self.take(from)?;
        self.make_folder(writer)?;
        writer.next_number = writer.next_number.saturating_add(1);
        let file = match self.create(number, &header) {
            Ok(file) => file,
            Err(error) => {
                self.discard(number);
                return Err(error);
            }
        };
        taken.keep();
        let mut state = self.state();
        state.segments.push_back(Segment {
            number,
            first,
            next: first,
            from,
            end: from,
            is_void_behind: false,
        });
        state.tail = Some(Tail { file: Some(Arc::clone(&file)), number, written: from, spoiled: false });
        Ok(Spot { file, number, at: from, mark: from, first, era })
    }

    fn create(&self, number: u64, header: &[u8]) -> Result<Arc<dyn File>, Error> {
        let path = path_of(&self.open.folder, number);
        let fail = |action| {
            let path = &path;
            move |cause| Error::io(action, path, cause)
        };
        failpoint("roll.before");
        let file = self.open.disk.create(&path).map_err(fail("create segment"))?;
        file.write_all_at(0, header).map_err(fail("write segment"))?;
        file.sync(Site("log.header")).map_err(fail("sync segment"))?;
        failpoint("roll.name");
        sync_folder(&*self.open.disk, &self.open.folder, Site("log.name"))?;
        failpoint("roll.after");
        Ok(file)
    }

    fn make_folder(&self, writer: &mut Writer) -> Result<(), Error> {
        if writer.has_folder {
            return Ok(());
        }
        let Self { open, .. } = self;
        let made = open.disk.create_folder(&open.folder);
        made.map_err(|cause| Error::io("create folder", &open.folder, cause))?;
        let above = open.folder.parent().unwrap_or(std::path::Path::new(""));
        sync_folder(&*open.disk, above, Site("log.folder"))?;
        writer.has_folder = true;
        Ok(())
    }

    /// Unlinks a segment that holds nothing. If that fails, it is tried again before any other is unlinked.
    fn discard(&self, number: u64) {
        let path = path_of(&self.open.folder, number);
        if let Err(cause) = self.open.disk.unlink(&path) {
            tracing::debug!(segment = %path.display(), error = %cause, "cannot unlink an unused segment");
            self.state().discarded.push(number);
        }
    }
}

fn spot_at(state: &State, file: Arc<dyn File>, tail: &Tail, last: &Segment) -> Spot {
    Spot {
        file,
        number: tail.number,
        at: tail.written,
        mark: last.end,
        first: state.positions.written,
        era: state.era,
    }
}
