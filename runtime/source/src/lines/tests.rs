use std::collections::VecDeque;

use proptest::prelude::*;
use standpipe_record::ManualClock;

use super::*;

/// Gives out `bytes` in pieces of the sizes in `sizes`, over and over. A size of 0 is an interruption.
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: VecDeque<usize>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.pop_front().unwrap_or(usize::MAX);
        self.sizes.push_back(size);
        if size == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = size.min(room.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(size);
        room[..size].copy_from_slice(now);
        self.bytes = later;
        Ok(size)
    }
}

/// What an input consists of.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Record(Vec<u8>),
    TooLong { offset: u64, length: u64, head: Vec<u8> },
}

/// The same by the simplest means.
fn expected(bytes: &[u8], limit: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut offset = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        pieces.push(if content.len() <= limit {
            Piece::Record(content.to_vec())
        } else {
            Piece::TooLong { offset, length: content.len() as u64, head: content[..limit].to_vec() }
        });
        offset += line.len() as u64;
    }
    pieces
}

/// Records and refused lines in the order of the input.
fn merged(batch: &Batch, refused: Vec<Refused>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut refused = refused.into_iter().peekable();
    for number in 0..=batch.len() {
        while let Some(line) = refused.next_if(|line| line.before == number) {
            let Refused { offset, length, head, .. } = line;
            pieces.push(Piece::TooLong { offset, length, head });
        }
        pieces.extend(batch.get(number).map(|record| Piece::Record(record.to_vec())));
    }
    assert_eq!(refused.next(), None, "each stands before a record or at the end");
    pieces
}

proptest! {
    #[test]
    fn any_input_in_any_pieces_gives_its_lines(
        bytes in prop::collection::vec(prop::sample::select(vec![b'\n', b'\r', b'a', b'b', b'c', b'd']), 0..200),
        ends in any::<bool>(),
        sizes in prop::collection::vec(0usize..40, 0..8),
        line in 1usize..12,
        first in 1usize..16,
        more in 1usize..16,
    ) {
        let mut bytes = bytes;
        if ends {
            bytes.push(b'\n');
        }
        // Interruptions alone would go on for ever.
        let sizes = sizes.into_iter().chain([7]).collect();
        let limits = Limits { line, first: first.min(line + more), most: line + more };
        let mut lines = Lines::with_limits(Pieces { bytes: &bytes, sizes }, limits);
        let (mut batch, mut refused) = (Batch::new(), Vec::new());
        loop {
            let step = lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap();
            // Whatever is complete has been given out.
            let read = &bytes[..usize::try_from(lines.position()).unwrap()];
            let complete = if step == Step::End { read.len() } else { read.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1) };
            prop_assert_eq!(batch.len() + refused.len(), expected(&read[..complete], line).len());
            prop_assert!(lines.buffer.len() <= limits.most);
            if step == Step::End {
                break;
            }
        }
        prop_assert_eq!(lines.position(), bytes.len() as u64);
        prop_assert!(batch.arrival_ms().iter().chain(refused.iter().map(|line| &line.arrival_ms)).all(|&ms| ms == 7));
        prop_assert_eq!(merged(&batch, refused), expected(&bytes, line));
        prop_assert_eq!(lines.read(&mut batch, &mut Vec::new(), &ManualClock::at(8)).unwrap(), Step::End);
    }
}

/// Calls `read` until the end.
fn all(input: impl Read) -> (Batch, Vec<Refused>) {
    let mut lines = Lines::new(input);
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    while lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap() == Step::More {}
    (batch, refused)
}

#[test]
fn a_record_of_the_limit_passes_and_one_byte_more_does_not() {
    let fits = vec![b'x'; MAX_RECORD_BYTES];
    for newline in ["", "\n"] {
        let (batch, refused) = all([&fits, newline.as_bytes()].concat().as_slice());
        assert_eq!((batch.len(), refused.len()), (1, 0));
        let (batch, refused) = all([b"a\n", &fits[..], b"y", newline.as_bytes()].concat().as_slice());
        let line = Refused { offset: 2, length: 1_024_001, head: fits.clone(), arrival_ms: 7, before: 1 };
        assert_eq!((batch.len(), refused), (1, vec![line]));
    }
}

#[test]
fn a_long_line_takes_no_more_memory_than_its_beginning() {
    let long = io::repeat(b'x').take(100 << 20);
    let mut lines = Lines::new(long.chain(&b"\nshort"[..]));
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    while lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap() == Step::More {
        assert!(lines.buffer.capacity() <= 1 << 20);
        assert!(lines.skipped.as_ref().is_none_or(|line| line.head.capacity() == MAX_RECORD_BYTES));
    }
    assert_eq!(batch.iter().collect::<Vec<_>>(), [b"short"]);
    assert_eq!(refused.iter().map(|line| line.length).collect::<Vec<_>>(), [100 << 20]);
}

#[test]
fn the_buffer_grows_only_while_reads_fill_it() {
    let bytes = b"0123456789abcde\n".repeat(1 << 16);
    let mut lines = Lines::new(Pieces { bytes: &bytes, sizes: [60 << 10].into() });
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    while lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap() == Step::More {
        assert_eq!(lines.buffer.len(), 64 << 10);
    }
    let mut lines = Lines::new(&bytes[..]);
    let mut sizes = Vec::new();
    while lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap() == Step::More {
        sizes.push(lines.buffer.len() >> 10);
    }
    assert_eq!(sizes, [128, 256, 512, 1024, 1024]);
    assert_eq!(lines.buffer.capacity(), 0, "an input that has ended holds nothing");
}

/// A clock that is read before the input has come would date records too early.
#[test]
fn records_arrive_when_the_read_returns() {
    struct Waits<'a>(&'a ManualClock, &'a [u8]);
    impl Read for Waits<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.0.advance(1_000);
            self.1.read(room)
        }
    }
    let clock = ManualClock::at(0);
    let mut lines = Lines::new(Waits(&clock, b"a\nb"));
    let mut batch = Batch::new();
    while lines.read(&mut batch, &mut Vec::new(), &clock).unwrap() == Step::More {}
    assert_eq!(batch.arrival_ms(), [1_000, 2_000]);
}

/// Gives out pieces; where there is none, an error.
struct Stumbles(VecDeque<Option<&'static [u8]>>);

impl Read for Stumbles {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.0.pop_front() {
            Some(Some(mut bytes)) => bytes.read(room),
            Some(None) => Err(io::ErrorKind::WouldBlock.into()),
            None => Ok(0),
        }
    }
}

#[test]
fn after_an_error_it_goes_on_where_it_was() {
    let mut lines = Lines::new(Stumbles([Some(&b"a\nb"[..]), None, Some(b"c\n")].into()));
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    let mut read = || lines.read(&mut batch, &mut refused, &ManualClock::at(7)).map_err(|error| error.kind());
    assert_eq!(read(), Ok(Step::More));
    assert_eq!(read(), Err(io::ErrorKind::WouldBlock));
    assert_eq!((read(), read()), (Ok(Step::More), Ok(Step::End)));
    assert_eq!(batch.iter().collect::<Vec<_>>(), [&b"a"[..], b"bc"]);
}

/// A terminal can be read on after its end.
#[test]
fn an_end_is_an_end() {
    let mut lines = Lines::new(Stumbles([Some(&b"a"[..]), Some(b""), Some(b"b\n")].into()));
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    let mut read = || lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap();
    assert_eq!((read(), read(), read()), (Step::More, Step::End, Step::End));
    assert_eq!(batch.iter().collect::<Vec<_>>(), [b"a"]);
}

#[test]
fn a_batch_without_room_is_refused_before_anything_is_read() {
    let limits = Limits { line: 1, first: 1, most: u32::MAX as usize };
    let mut lines = Lines::with_limits(&b"a\nb\n"[..], limits);
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    batch.push(b"x", 1).unwrap();
    let error = lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap_err();
    assert!(error.get_ref().is_some_and(|inner| inner.is::<Malformed>()));
    assert_eq!((batch.len(), lines.position()), (1, 0));
    batch.clear();
    assert_eq!(lines.read(&mut batch, &mut refused, &ManualClock::at(7)).unwrap(), Step::More);
}
