//! Gzip (RFC 1952) with a bound on what comes out.

use flate2::{Crc, Decompress, FlushDecompress, Status};
use standpipe_sdk::Failure;

/// The most that a record may be when it is inflated, in bytes.
const MAX_BYTES: usize = 32 << 20;
/// How large the buffer is at first, in bytes.
const LEAST: usize = 64 << 10;
/// How many times as large as before a member can be at most when it is inflated: the format's bound.
const MAX_RATIO: usize = 1032;

const MAGIC: &[u8] = &[0x1f, 0x8b];
const DEFLATE: u8 = 8;
/// The flags of a header: what it has beside its ten bytes. The other three may not be set.
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// Inflates one record after the other.
pub(crate) struct Inflater {
    state: Decompress,
    /// As long as the largest record so far.
    buffer: Vec<u8>,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { state: Decompress::new(false), buffer: Vec::new() }
    }

    /// The content of all members, one behind the other. There has to be one, and nothing but members.
    pub(crate) fn inflate(&mut self, mut gzip: &[u8]) -> Result<&[u8], Failure> {
        if !gzip.starts_with(MAGIC) {
            return Err(not("the record does not begin as gzip does"));
        }
        let mut length = 0;
        while !gzip.is_empty() {
            if !gzip.starts_with(MAGIC) {
                return Err(not(&format!("{} bytes that are no gzip follow its end", gzip.len())));
            }
            // Whichever member is the last one: there are at least as many bytes as it says.
            let expected = length + stated(gzip);
            if expected > MAX_BYTES {
                return Err(too_large());
            }
            // With room behind it, so that its end is seen at once.
            if expected >= self.buffer.len() {
                self.buffer.resize(expected + 1, 0);
            }
            (length, gzip) = self.member(header(gzip)?, length)?;
        }
        Ok(self.buffer.get(..length).unwrap_or_default())
    }

    /// Inflates a member behind the first `start` bytes of the buffer. Answers where it ends there, and what follows it.
    fn member<'a>(&mut self, mut deflated: &'a [u8], start: usize) -> Result<(usize, &'a [u8]), Failure> {
        self.state.reset(false);
        let mut end = start;
        loop {
            if end == self.buffer.len() {
                if end > MAX_BYTES {
                    return Err(too_large());
                }
                // Doubled: what grows step by step is copied each time. One byte more than may be there tells that
                // there is more.
                self.buffer.resize((end * 2).clamp(LEAST, MAX_BYTES + 1), 0);
            }
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let room = self.buffer.get_mut(end..).unwrap_or_default();
            let status = self.state.decompress(deflated, room, FlushDecompress::None);
            let status = status.map_err(|_| not("what is compressed is damaged"))?;
            let read = usize::try_from(self.state.total_in() - read).unwrap_or(usize::MAX);
            let written = usize::try_from(self.state.total_out() - written).unwrap_or(usize::MAX);
            deflated = deflated.get(read..).unwrap_or_default();
            end += written;
            match status {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError if end == self.buffer.len() => {}
                Status::Ok if read + written > 0 => {}
                Status::Ok | Status::BufError => return Err(cut()),
            }
        }
        if end > MAX_BYTES {
            return Err(too_large());
        }
        let content = self.buffer.get(start..end).unwrap_or_default();
        let (trailer, rest) = deflated.split_first_chunk::<8>().ok_or_else(cut)?;
        let [a, b, c, d, e, f, g, h] = *trailer;
        let mut crc = Crc::new();
        crc.update(content);
        if u32::from_le_bytes([a, b, c, d]) != crc.sum() || u32::from_le_bytes([e, f, g, h]) != crc.amount() {
            return Err(not("its check sum or length is another"));
        }
        Ok((end, rest))
    }
}

/// What follows the header of a member.
fn header(gzip: &[u8]) -> Result<&[u8], Failure> {
    let (fixed, mut rest) = gzip.split_first_chunk::<10>().ok_or_else(cut)?;
    let [_, _, method, flags, ..] = *fixed;
    if method != DEFLATE || flags & RESERVED != 0 {
        return Err(not("its header is of an unknown kind"));
    }
    if flags & EXTRA != 0 {
        let (&length, behind) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        rest = behind.get(usize::from(u16::from_le_bytes(length))..).ok_or_else(cut)?;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|&byte| byte == 0).ok_or_else(cut)?;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..).ok_or_else(cut)?;
    }
    Ok(rest)
}

/// How long the last member says it is when it is inflated; 0 if that cannot be.
fn stated(gzip: &[u8]) -> usize {
    let stated = gzip.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    if stated <= gzip.len().saturating_mul(MAX_RATIO) { stated } else { 0 }
}

#[cold]
fn too_large() -> Failure {
    Failure::new("too-large", format!("the record has more than {MAX_BYTES} bytes when it is inflated"))
}

#[cold]
fn not(what: &str) -> Failure {
    Failure::new("not-gzip", what)
}

#[cold]
fn cut() -> Failure {
    not("it ends in the middle")
}
