use snap::raw::{Encoder, max_compress_len};

use super::Compression;
use super::blocks::Blocks;

/// What snappy-java's stream begins with: its magic, its version, and the oldest that it can be read by.
const HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";

/// How much snappy-java's stream puts into a block.
const BLOCK: usize = 32 * 1024;

/// How much Hadoop's `BlockCompressorStream` puts into a block by default: its readers have 256 KiB for the
/// compressed block, and this much can never take more.
const HADOOP_BLOCK: usize = HADOOP_BUFFER - HADOOP_BUFFER / 6 - 32;
const HADOOP_BUFFER: usize = 256 * 1024;

/// Blocks of snappy, each compressed by itself behind its length.
pub(super) struct Snappy {
    blocks: Blocks,
    writer: Writer,
}

struct Writer {
    encoder: Encoder,
    hadoop: bool,
    empty: bool,
}

impl Snappy {
    pub(super) fn new(compression: Compression) -> Self {
        let hadoop = compression == Compression::HadoopSnappy;
        let blocks = Blocks::of(if hadoop { HADOOP_BLOCK } else { BLOCK });
        Self { blocks, writer: Writer { encoder: Encoder::new(), hadoop, empty: true } }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) {
        self.blocks.clear();
        self.writer.empty = true;
        if !self.writer.hadoop {
            out.extend_from_slice(&HEADER);
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.blocks.push(bytes, |block| self.writer.block(block, out));
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let rest = self.blocks.rest();
        if !rest.is_empty() {
            self.writer.block(rest, out);
        } else if self.writer.hadoop && self.writer.empty {
            out.extend_from_slice(&length(0));
        }
    }
}

impl Writer {
    fn block(&mut self, block: &[u8], out: &mut Vec<u8>) {
        self.empty = false;
        if self.hadoop {
            out.extend_from_slice(&length(block.len()));
        }
        let start = out.len() + 4;
        out.resize(start + max_compress_len(block.len()), 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let compressed = self.encoder.compress(block, room).expect("there is room for the longest block");
        out.truncate(start + compressed);
        if let Some(place) = out.get_mut(start - 4..start) {
            place.copy_from_slice(&length(compressed));
        }
    }
}

/// `bytes` as both formats write lengths.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("a block is far below 4 GiB").to_be_bytes()
}
