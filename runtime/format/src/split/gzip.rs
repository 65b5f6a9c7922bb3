//! Gzip from memory (RFC 1952), with a state that is used again: what is there for streams makes a new one for
//! every record.

use flate2::{Crc, Decompress, FlushDecompress, Status};

const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// Why bytes cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// They begin with something else, at byte `at`.
    NotGzip { at: usize },
    /// They are broken in some way.
    Broken(&'static str),
    /// They would be larger than they may be.
    TooLarge,
}

/// Inflates one record after another.
pub(super) struct Inflater {
    state: Decompress,
    out: Vec<u8>,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { state: Decompress::new(false), out: Vec::new() }
    }

    /// What all members of `bytes` inflate to, at most `limit` bytes.
    pub(super) fn inflate(&mut self, bytes: &[u8], limit: usize) -> Result<&[u8], Damage> {
        self.out.clear();
        let mut rest = bytes;
        loop {
            rest = self.member(header(rest, bytes.len() - rest.len())?, limit)?;
            if rest.is_empty() {
                return Ok(&self.out);
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.out.capacity()
    }

    /// Lets go of a buffer that one large record left behind.
    pub(super) fn shrink(&mut self) {
        if self.out.capacity() > super::KEPT_BYTES {
            self.out = Vec::new();
        }
    }

    /// Inflates one member behind its header, and gives what is behind it.
    fn member<'a>(&mut self, mut rest: &'a [u8], limit: usize) -> Result<&'a [u8], Damage> {
        let start = self.out.len();
        self.state.reset(false);
        loop {
            self.make_room(limit);
            let (read, written) = (self.state.total_in(), self.out.len());
            let status = self.state.decompress_vec(rest, &mut self.out, FlushDecompress::None);
            let read = usize::try_from(self.state.total_in() - read).unwrap_or(usize::MAX);
            rest = rest.get(read..).unwrap_or_default();
            if self.out.len() > limit {
                return Err(Damage::TooLarge);
            }
            match status {
                Ok(Status::StreamEnd) => break,
                Ok(_) if read > 0 || self.out.len() > written => {}
                Ok(_) => return Err(Damage::Broken("it ends in the middle")),
                Err(_) => return Err(Damage::Broken("its deflate stream is not valid")),
            }
        }
        let inflated = self.out.get(start..).unwrap_or_default();
        let mut crc = Crc::new();
        crc.update(inflated);
        let (sum, rest) = number(rest)?;
        let (size, rest) = number(rest)?;
        if sum != crc.sum() || size != crc.amount() {
            return Err(Damage::Broken("its checksum or its size is not that of its content"));
        }
        Ok(rest)
    }

    /// Makes room for one byte more than the limit at most, to notice that it is passed.
    fn make_room(&mut self, limit: usize) {
        if self.out.len() == self.out.capacity() {
            let wanted = (2 * self.out.len()).clamp(64 << 10, limit.saturating_add(1).max(64 << 10));
            self.out.reserve_exact(wanted - self.out.len());
        }
    }
}

/// Four bytes of the trailer.
fn number(bytes: &[u8]) -> Result<(u32, &[u8]), Damage> {
    match bytes.split_first_chunk() {
        Some((number, rest)) => Ok((u32::from_le_bytes(*number), rest)),
        None => Err(Damage::Broken("its end is missing")),
    }
}

/// What is behind the header at the beginning of `bytes`, which lie at `at` in the record.
fn header(bytes: &[u8], at: usize) -> Result<&[u8], Damage> {
    let Some((&[0x1f, 0x8b, 8, flags, ..], rest)) = bytes.split_first_chunk::<10>() else {
        return Err(Damage::NotGzip { at });
    };
    if flags & RESERVED != 0 {
        return Err(Damage::Broken("its header has flags that mean nothing"));
    }
    optional(bytes, rest, flags).ok_or(Damage::Broken("its header is cut or not valid"))
}

/// What is behind the members of a header that may be absent.
fn optional<'a>(whole: &[u8], mut rest: &'a [u8], flags: u8) -> Option<&'a [u8]> {
    if flags & FEXTRA != 0 {
        let (length, behind) = rest.split_first_chunk()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [FNAME, FCOMMENT] {
        if flags & text != 0 {
            let end = memchr::memchr(0, rest)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & FHCRC != 0 {
        let mut crc = Crc::new();
        crc.update(whole.get(..whole.len() - rest.len())?);
        let (sum, behind) = rest.split_first_chunk()?;
        if u32::from(u16::from_le_bytes(*sum)) != crc.sum() & 0xffff {
            return None;
        }
        rest = behind;
    }
    Some(rest)
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").field("capacity", &self.out.capacity()).finish_non_exhaustive()
    }
}
