use std::fs::File;
use std::io::{self, Read};

/// A file got shorter while it was read.
#[derive(Debug, thiserror::Error)]
#[error("it had {had} bytes and has {has} now")]
pub(crate) struct Shrunk {
    pub(crate) had: u64,
    pub(crate) has: u64,
}

/// A file whose end counts only if nothing was cut off it meanwhile.
#[derive(Debug)]
pub(crate) struct Watched {
    file: File,
    /// The most bytes that it is known to have had.
    had: u64,
    read: u64,
    /// Where it is read from.
    from: u64,
}

impl Watched {
    /// `file`, read from its beginning. `size` is its size now.
    pub(crate) fn new(file: File, size: u64) -> Self {
        Self { file, had: size, read: 0, from: 0 }
    }

    /// `file`, which stands at `from`. `size` is its size now, all of it.
    pub(crate) fn behind(file: File, size: u64, from: u64) -> Self {
        Self { file, had: size.saturating_sub(from), read: 0, from }
    }
}

impl Read for Watched {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(room)?;
        self.read += read as u64;
        if read == 0 && !room.is_empty() {
            let has = self.file.metadata()?.len().saturating_sub(self.from);
            let had = self.had.max(self.read);
            if has < had {
                return Err(io::Error::other(Shrunk { had, has }));
            }
        }
        Ok(read)
    }
}
