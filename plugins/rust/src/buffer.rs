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
