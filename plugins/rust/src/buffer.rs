use std::{fmt, io};

/// One output while it is written, at the end of the batch's buffer.
#[derive(Debug)]
pub struct Buffer<'a> {
    payload: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Buffer<'a> {
    #[inline]
    pub(crate) fn new(payload: &'a mut Vec<u8>) -> Self {
        let start = payload.len();
        Self { payload, start }
    }

    /// Adds a byte.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.payload.push(byte);
    }

    /// Adds bytes.
    #[inline]
    pub fn extend(&mut self, bytes: &[u8]) {
        append(self.payload, bytes);
    }

    /// Adds bytes of a length that the compiler knows, such as `b"\"name\":"`: faster than [`extend`](Self::extend).
    #[inline]
    pub fn literal<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.payload.extend_from_slice(bytes);
    }

    /// Makes room for `bytes` more bytes.
    #[inline]
    pub fn reserve(&mut self, bytes: usize) {
        self.payload.reserve(bytes);
    }

    /// How many bytes this output has so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.payload.len() - self.start
    }

    /// Whether nothing was written yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Adds bytes, few of them in blocks of a fixed size: a copy of unknown length is a call, in wasm one that
/// leaves the plugin, and costs more than most fields of a record are long.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() > 256 {
        out.extend_from_slice(bytes);
    } else if let Some(last) = bytes.last_chunk::<16>() {
        let (blocks, rest) = bytes.as_chunks::<16>();
        for block in blocks {
            out.extend_from_slice(block);
        }
        overlap(out, last, rest.len());
    } else if let (Some(head), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        out.extend_from_slice(head);
        overlap(out, last, bytes.len() - 8);
    } else if let (Some(head), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        out.extend_from_slice(head);
        overlap(out, last, bytes.len() - 4);
    } else {
        for &byte in bytes {
            out.push(byte);
        }
    }
}

/// Adds the last `new` bytes of `block`; the ones before them are there already.
#[inline]
fn overlap<const N: usize>(out: &mut Vec<u8>, block: &[u8; N], new: usize) {
    out.truncate((out.len() + new).saturating_sub(N));
    out.extend_from_slice(block);
}

impl io::Write for Buffer<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend(bytes);
        Ok(())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Buffer<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.extend(text.as_bytes());
        Ok(())
    }
}
