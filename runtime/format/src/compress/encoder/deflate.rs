use flate2::{Compress, Crc, FlushCompress, Status};

use super::Compression;
use super::blocks::Blocks;
use crate::uuid;

/// How much room there is at least when the compressor is called.
const ROOM: usize = 32 * 1024;

/// RFC 1952: magic, deflate, no flags, no time, nothing about the level, an unknown system. Equal input gives
/// equal objects.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// How much is compressed at a time. What comes out would depend on it, so it is always the same.
const BLOCK: usize = 64 * 1024;

/// Deflated bytes in a gzip member or as the one entry of a zip archive.
pub(super) struct Deflate {
    blocks: Blocks,
    stream: Stream,
    zip: bool,
    /// Where the object begins in what it is appended to, and how the entry of its archive is named.
    start: usize,
    name: String,
}

struct Stream {
    compress: Compress,
    level: flate2::Compression,
    /// Whether nothing is left in the compressor.
    ended: bool,
    crc: Crc,
    bytes: u64,
}

impl Deflate {
    pub(super) fn new(compression: Compression, level: u8) -> Self {
        let level = flate2::Compression::new(level.into());
        let compress = Compress::new(level, false);
        let stream = Stream { compress, level, ended: true, crc: Crc::new(), bytes: 0 };
        let zip = compression == Compression::Zip;
        Self { blocks: Blocks::of(BLOCK), stream, zip, start: 0, name: String::new() }
    }

    pub(super) fn begin(&mut self, id: u128, out: &mut Vec<u8>) {
        self.blocks.clear();
        self.stream.clear();
        self.start = out.len();
        if self.zip {
            self.name = uuid(id);
            // Checksum and sizes are filled in at the end.
            out.extend_from_slice(&local_header(&self.name, Entry::default()));
        } else {
            out.extend_from_slice(&GZIP_HEADER);
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.blocks.push(bytes, |block| self.stream.block(block, FlushCompress::None, out));
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.stream.block(self.blocks.rest(), FlushCompress::Finish, out);
        if self.zip {
            self.end_archive(out);
        } else {
            out.extend_from_slice(&self.stream.crc.sum().to_le_bytes());
            // The length, but for what is above 4 GiB.
            out.extend(self.stream.bytes.to_le_bytes().into_iter().take(4));
        }
    }

    /// Fills in what the entry's header could not know, and adds the directory.
    fn end_archive(&self, out: &mut Vec<u8>) {
        let header = local_header(&self.name, Entry::default()).len();
        let small = |bytes: usize| u32::try_from(bytes).expect("an object is far below 4 GiB");
        let entry = Entry {
            crc: self.stream.crc.sum(),
            compressed: small(out.len() - self.start - header),
            bytes: u32::try_from(self.stream.bytes).expect("an object is far below 4 GiB"),
        };
        if let Some(place) = out.get_mut(self.start..self.start + header) {
            place.copy_from_slice(&local_header(&self.name, entry));
        }
        let at = small(out.len() - self.start);
        let directory = directory_entry(&self.name, entry);
        out.extend_from_slice(&directory);
        out.extend_from_slice(&end_of_directory(at, small(directory.len())));
    }
}

impl Stream {
    fn clear(&mut self) {
        if self.ended {
            self.compress.reset();
        } else {
            // One that is reset amid a block would go on with it: level 1 of zlib-rs 0.6.
            self.compress = Compress::new(self.level, false);
        }
        self.ended = true;
        self.crc.reset();
        self.bytes = 0;
    }

    /// Compresses all of `block`, and with [`FlushCompress::Finish`] ends the stream.
    fn block(&mut self, mut block: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        self.crc.update(block);
        self.bytes += block.len() as u64;
        let finish = matches!(flush, FlushCompress::Finish);
        self.ended = finish;
        loop {
            out.reserve(ROOM);
            let before = self.compress.total_in();
            let status = self.compress.compress_vec(block, out, flush);
            let status = status.expect("a compressor takes all bytes until its end");
            let taken = usize::try_from(self.compress.total_in() - before).unwrap_or(usize::MAX);
            block = block.get(taken..).unwrap_or_default();
            if if finish { status == Status::StreamEnd } else { block.is_empty() } {
                return;
            }
        }
    }
}

/// What a zip archive says of its entry.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    crc: u32,
    compressed: u32,
    bytes: u32,
}

impl Entry {
    /// What both headers of an entry have, from the version that is needed to the length of the name:
    /// version 2.0, no flags, deflate, the oldest time there is.
    fn common(self, name: &str) -> Vec<u8> {
        let mut out = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0];
        for value in [self.crc, self.compressed, self.bytes] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out.extend_from_slice(&u16::try_from(name.len()).unwrap_or_default().to_le_bytes());
        // No extra field.
        out.extend_from_slice(&[0, 0]);
        out
    }
}

fn local_header(name: &str, entry: Entry) -> Vec<u8> {
    [b"PK\x03\x04".as_slice(), &entry.common(name), name.as_bytes()].concat()
}

fn directory_entry(name: &str, entry: Entry) -> Vec<u8> {
    // No comment, the first disk, no attributes, at the very beginning.
    let rest = [0; 14];
    [b"PK\x01\x02\x14\0".as_slice(), &entry.common(name), &rest, name.as_bytes()].concat()
}

/// The end of a directory with one entry, which begins at `at` and has `bytes`.
fn end_of_directory(at: u32, bytes: u32) -> Vec<u8> {
    let counts = [0, 0, 0, 0, 1, 0, 1, 0];
    [b"PK\x05\x06".as_slice(), &counts, &bytes.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat()
}
