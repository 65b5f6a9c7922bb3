use std::fmt;

use super::{Compression, Level};

mod blocks;
mod deflate;
mod snappy;
mod zstandard;

use deflate::Deflate;
use snappy::Snappy;
use zstandard::Zstandard;

/// Compresses objects, one after the other, and keeps what it needs for that: about 330 KiB for gzip and zip,
/// a block for the two kinds of snappy, and for zstd 1.3 MiB at level 1 to some 90 MiB at level 19.
pub struct Compressor {
    compression: Compression,
    level: Level,
    state: State,
}

enum State {
    None,
    Deflate(Box<Deflate>),
    Snappy(Box<Snappy>),
    Zstandard(Zstandard),
}

impl Compressor {
    /// One for objects that are compressed like that.
    pub fn new(compression: Compression, level: Level) -> Self {
        let number = level.number(compression);
        let state = match compression {
            Compression::None => State::None,
            Compression::Gzip | Compression::Zip => {
                State::Deflate(Box::new(Deflate::new(compression, number)))
            }
            Compression::Snappy | Compression::HadoopSnappy => {
                State::Snappy(Box::new(Snappy::new(compression)))
            }
            Compression::Zstd => State::Zstandard(Zstandard::new(number)),
        };
        Self { compression, level, state }
    }

    /// Whether it makes objects that are compressed like that.
    pub fn is(&self, compression: Compression, level: Level) -> bool {
        self.compression == compression && self.level.number(compression) == level.number(compression)
    }

    /// Begins an object with the given id and appends it to `out`. One that was begun before and not
    /// finished is forgotten.
    ///
    /// `bytes` is how many will be written, if that is known: zstd then says so in the object, which some of
    /// its readers want, and needs less memory for a small one.
    pub fn object(&mut self, id: u128, bytes: Option<u64>, mut out: Vec<u8>) -> Encoder<'_> {
        match &mut self.state {
            State::None => {}
            State::Deflate(deflate) => deflate.begin(id, &mut out),
            State::Snappy(snappy) => snappy.begin(&mut out),
            State::Zstandard(zstandard) => zstandard.begin(bytes),
        }
        Encoder { compressor: self, out }
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compressor").field(&self.compression).field(&self.level).finish()
    }
}

/// One object: takes its bytes as they come, and compresses them into memory.
#[derive(Debug)]
pub struct Encoder<'a> {
    compressor: &'a mut Compressor,
    out: Vec<u8>,
}

impl Encoder<'_> {
    /// Takes more bytes.
    ///
    /// # Panics
    ///
    /// If they are more than were announced.
    pub fn write(&mut self, bytes: &[u8]) {
        match &mut self.compressor.state {
            State::None => self.out.extend_from_slice(bytes),
            State::Deflate(deflate) => deflate.write(bytes, &mut self.out),
            State::Snappy(snappy) => snappy.write(bytes, &mut self.out),
            State::Zstandard(zstandard) => zstandard.write(bytes, &mut self.out),
        }
    }

    /// How many bytes there are so far. The compressor holds some more back.
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// Ends it and gives all bytes.
    ///
    /// # Panics
    ///
    /// If fewer bytes were written than were announced, or 4 GiB into a zip archive.
    pub fn finish(self) -> Vec<u8> {
        let Self { compressor, mut out } = self;
        match &mut compressor.state {
            State::None => {}
            State::Deflate(deflate) => deflate.finish(&mut out),
            State::Snappy(snappy) => snappy.finish(&mut out),
            State::Zstandard(zstandard) => zstandard.finish(&mut out),
        }
        out
    }
}
