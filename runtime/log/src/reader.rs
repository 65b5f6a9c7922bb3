use std::path::PathBuf;
use std::sync::Arc;

use standpipe_record::{Batch, Position};

use crate::frame::{Body, HEAD, Head, Salt, Scratch};
use crate::log::{Shared, Stretch};
use crate::window::Window;
use crate::{Error, File, Flaw, RequestId, SourceRange};

/// One frame as it is read. Its buffers are used again for the next one.
#[derive(Debug, Default)]
pub struct Frame {
    batch: Batch,
    first: Position,
    request: Option<RequestId>,
    source: Option<SourceRange>,
    is_whole: bool,
    scratch: Scratch,
}

impl Frame {
    /// An empty one that allocates nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The records.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The position of the first of them.
    pub fn first(&self) -> Position {
        self.first
    }

    /// The position behind the last of them.
    pub fn end(&self) -> Position {
        self.first.checked_add(self.batch.len() as u64).unwrap_or(self.first)
    }

    /// Whether none of its first records were skipped.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The request that they came with.
    pub fn request(&self) -> Option<RequestId> {
        self.request
    }

    /// The bytes of a source that the whole frame holds, also when its first records are skipped.
    pub fn source(&self) -> Option<&SourceRange> {
        self.source.as_ref()
    }
}

/// Reads durable frames in order.
#[derive(Debug)]
pub struct Reader {
    log: Arc<Shared>,
    position: Position,
    /// The segment that is read, while it is open.
    place: Option<Place>,
    window: Window,
}

#[derive(Debug)]
struct Place {
    file: Arc<dyn File>,
    path: PathBuf,
    number: u64,
    salt: Salt,
    at: u64,
    /// Behind the last frame of it that was durable when the log was asked.
    limit: u64,
    /// The record that the frame at `at` begins with.
    next: Position,
}

impl Reader {
    pub(crate) fn new(log: Arc<Shared>, position: Position) -> Self {
        Self { log, position, place: None, window: Window::default() }
    }

    /// The position of the next record.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Reads the next durable frame. False when there is none yet. If the first position lies inside a
    /// frame, the records before it are left out.
    pub fn next(&mut self, frame: &mut Frame) -> Result<bool, Error> {
        loop {
            if self.place.as_ref().is_none_or(|place| place.at >= place.limit) && !self.find()? {
                return Ok(false);
            }
            let Some(place) = &mut self.place else { return Ok(false) };
            let (at, position) = (place.at, self.position);
            let head = place.head(&mut self.window)?;
            let skip = position.since(head.first).filter(|&skip| skip < u64::from(head.records));
            if let Some(skip) = skip {
                place.body(&mut self.window, &head, |body| {
                    body.fill(
                        usize::try_from(skip).unwrap_or(usize::MAX),
                        &mut frame.batch,
                        &mut frame.scratch,
                    )?;
                    frame.request = body.request();
                    body.source(&mut frame.source);
                    Ok(())
                })?;
                frame.first = position;
                frame.is_whole = skip == 0;
                self.position = head.end();
            }
            place.at = at + head.frame_len();
            place.next = head.end();
            if skip.is_some() {
                return Ok(true);
            }
        }
    }

    /// Closes the file that is read and frees the buffer. The next read opens what it needs.
    pub fn rest(&mut self) {
        self.place = None;
        self.window = Window::default();
    }

    /// Asks the log where the next record is. False if it is not durable yet.
    fn find(&mut self) -> Result<bool, Error> {
        let Some(stretch) = self.log.stretch(self.position)? else { return Ok(false) };
        match &mut self.place {
            Some(place) if place.number == stretch.number => place.limit = stretch.end,
            _ => {
                self.place = None;
                self.window.clear();
                self.place = Some(self.open(stretch)?);
            }
        }
        Ok(true)
    }

    fn open(&self, stretch: Stretch) -> Result<Place, Error> {
        let Stretch { number, path, first, from, end } = stretch;
        let file = self.log.open.disk.open(&path);
        let file = file.map_err(|cause| Error::io("open segment", &path, cause))?;
        let settings = &self.log.open.settings;
        let salt = Salt::new(settings.incarnation, settings.lane, number);
        Ok(Place { file, path, number, salt, at: from, limit: end, next: first })
    }
}

impl Place {
    fn head(&self, window: &mut Window) -> Result<Head, Error> {
        let wrong = |flaw| Error::corrupt(&self.path, self.at, flaw);
        let bytes = self.bytes(window, self.at, HEAD)?;
        let head = Head::decode(self.salt, self.at, bytes);
        let head = head.ok_or_else(|| wrong(Flaw::Checksum("a frame's head")))?;
        head.check(self.at).map_err(wrong)?;
        if head.first != self.next {
            return Err(wrong(Flaw::Position { found: head.first, want: self.next }));
        }
        Ok(head)
    }

    fn body(
        &self,
        window: &mut Window,
        head: &Head,
        read: impl FnOnce(&Body<'_>) -> Result<(), Flaw>,
    ) -> Result<(), Error> {
        let wrong = |flaw| Error::corrupt(&self.path, self.at, flaw);
        let bytes = self.bytes(window, self.at + HEAD as u64, head.body_len())?;
        if !head.fits(bytes) {
            return Err(wrong(Flaw::Checksum("a frame's body")));
        }
        Body::split(head, bytes).and_then(|body| read(&body)).map_err(wrong)
    }

    fn bytes<'w>(&self, window: &'w mut Window, at: u64, count: usize) -> Result<&'w [u8], Error> {
        let bytes = window.get(&*self.file, at, count, self.limit);
        bytes.map_err(|cause| Error::io("read segment", &self.path, cause))
    }
}
