//! Compressed objects: what they look like byte for byte, that their bytes come back, and that the same input gives
//! the same object however it comes. Readers that are not Rust's are in the top level's `tests/readback`.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use proptest::prelude::*;
use standpipe_format::{Compression, Compressor, Level, uuid};

const ID: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(compression, Level::default());
    let mut encoder = compressor.object(ID, None, Vec::new());
    encoder.write(bytes);
    encoder.finish()
}

/// Text that compresses, and some that does not: `bytes` bytes, different for each seed.
fn text(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed;
    let mut out = Vec::new();
    while out.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [.., a, b] = state.to_be_bytes()[..3] else { unreachable!() };
        out.extend_from_slice(format!("10.0.{a}.{b} GET /page/{}\n", state >> 40).as_bytes());
    }
    out.truncate(bytes);
    out
}

/// Reads `object` back with a decoder that is not this crate's.
fn read(compression: Compression, object: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match compression {
        Compression::None => out.extend_from_slice(object),
        Compression::Gzip => {
            MultiGzDecoder::new(object).read_to_end(&mut out).unwrap();
        }
        Compression::Zip => {
            let mut archive = zip::ZipArchive::new(Cursor::new(object)).unwrap();
            assert_eq!(archive.len(), 1);
            archive.by_index(0).unwrap().read_to_end(&mut out).unwrap();
        }
        Compression::Snappy => {
            let mut rest = object.strip_prefix(b"\x82SNAPPY\x00\0\0\0\x01\0\0\0\x01").unwrap();
            while !rest.is_empty() {
                out.extend(block(&mut rest, 32 * 1024));
            }
        }
        Compression::HadoopSnappy => {
            let mut rest = object;
            while !rest.is_empty() {
                let bytes = number(&mut rest);
                if bytes > 0 {
                    let block = block(&mut rest, 256 * 1024);
                    assert_eq!(block.len(), bytes);
                    out.extend(block);
                }
            }
        }
        Compression::Zstd => {
            out = zstd::decode_all(object).unwrap();
        }
    }
    out
}

fn number(rest: &mut &[u8]) -> usize {
    let (number, after) = rest.split_first_chunk().unwrap();
    *rest = after;
    u32::from_be_bytes(*number) as usize
}

/// A length and a block of raw snappy, neither side of which is larger than `most`.
fn block(rest: &mut &[u8], most: usize) -> Vec<u8> {
    let length = number(rest);
    let (block, after) = rest.split_at(length);
    *rest = after;
    let block = snap::raw::Decoder::new().decompress_vec(block).unwrap();
    assert!(length <= most && block.len() <= most && !block.is_empty());
    block
}

#[test]
fn what_is_compressed_tells_its_readers() {
    let told = Compression::ALL.map(|c| (c.name(), c.extension(), c.content_encoding()));
    assert_eq!(
        told,
        [
            ("none", "", None),
            ("gzip", ".gz", Some("gzip")),
            ("zip", ".zip", Some("zip")),
            ("snappy", ".snappy", Some("snappy-java")),
            ("hadoop-snappy", ".snappy", Some("hadoop-snappy")),
            ("zstd", ".zst", Some("zstd")),
        ]
    );
}

#[test]
fn a_gzip_member_has_no_time_in_it() {
    // Magic, deflate, no flags, no time, nothing about the level, unknown system (RFC 1952).
    assert_eq!(compress(Compression::Gzip, b"x")[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
}

#[test]
fn a_zip_archive_has_one_entry_named_by_the_objects_id() {
    let bytes = text(1, 100_000);
    let object = compress(Compression::Zip, &bytes);
    let mut archive = zip::ZipArchive::new(Cursor::new(&object)).unwrap();
    let entry = archive.by_index(0).unwrap();
    assert_eq!(entry.name().unwrap(), uuid(ID));
    assert_eq!(entry.name().unwrap(), "01234567-89ab-4def-8123-456789abcdef");
    assert_eq!(entry.compression(), zip::CompressionMethod::Deflated);
    assert_eq!(entry.size(), 100_000);
    assert_eq!(entry.last_modified().unwrap(), zip::DateTime::default());
    // The header in front of the entry says all there is to say, for readers that begin there.
    assert_eq!(&object[..10], b"PK\x03\x04\x14\0\0\0\x08\0");
    assert_eq!(object[14..18], entry.crc32().to_le_bytes());
    assert_eq!(object[18..22], u32::try_from(entry.compressed_size()).unwrap().to_le_bytes());
    assert_eq!(object[22..26], 100_000u32.to_le_bytes());
}

#[test]
fn the_two_kinds_of_snappy_are_those_of_java() {
    // A literal of one byte: its length, its tag, itself.
    let literal = [1, 0, b'x'];
    assert_eq!(
        compress(Compression::Snappy, b"x"),
        [&b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x03"[..], &literal].concat()
    );
    assert_eq!(compress(Compression::HadoopSnappy, b"x"), [&b"\0\0\0\x01\0\0\0\x03"[..], &literal].concat());
    // Nothing at all, as both of Java's streams write it.
    assert_eq!(compress(Compression::Snappy, b""), b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    assert_eq!(compress(Compression::HadoopSnappy, b""), [0; 4]);
    // The first block is as long as it can be, the second has the rest.
    let hadoop = compress(Compression::HadoopSnappy, &text(2, 300_000));
    assert_eq!(hadoop[..4], 218_422u32.to_be_bytes());
    let length = number(&mut &hadoop[4..]);
    assert_eq!(hadoop[8 + length..12 + length], 81_578u32.to_be_bytes());
}

#[test]
fn a_zstd_frame_has_a_checksum_and_the_size_that_was_announced() {
    let frame = |bytes| {
        let mut compressor = Compressor::new(Compression::Zstd, Level::default());
        let mut encoder = compressor.object(ID, bytes, Vec::new());
        encoder.write(&text(3, 300_000));
        encoder.finish()
    };
    let (told, untold) = (frame(Some(300_000)), frame(None));
    assert_eq!(zstd::zstd_safe::get_frame_content_size(&told).ok(), Some(Some(300_000)));
    assert_eq!(zstd::zstd_safe::get_frame_content_size(&untold).ok(), Some(None));
    // RFC 8878: the third bit of what follows the magic.
    assert_eq!((told[4] & 4, untold[4] & 4), (4, 4));
}

#[test]
fn levels_are_checked_against_the_compression() {
    for (compression, most) in [(Compression::Gzip, 9), (Compression::Zip, 9), (Compression::Zstd, 19)] {
        for level in 1..=most {
            let number = Level::new(compression, level).unwrap().number(compression);
            assert_eq!(i64::from(number), level);
        }
        for level in [i64::MIN, -1, 0, most + 1, 256 + 1, i64::MAX] {
            assert_eq!(
                Level::new(compression, level).unwrap_err().to_string(),
                format!("`{compression}` has no level `{level}`; write 1 (fast) to {most} (small)")
            );
        }
    }
    for compression in [Compression::None, Compression::Snappy, Compression::HadoopSnappy] {
        assert_eq!(
            Level::new(compression, 1).unwrap_err().to_string(),
            format!("`{compression}` has no levels; remove it, or compress with `gzip`, `zip` or `zstd`")
        );
    }
    // A higher level makes smaller objects, and one that came from elsewhere is no reason to stop.
    let bytes = text(4, 200_000);
    let size = |compression, level| {
        let mut encoder = Compressor::new(compression, level);
        let mut encoder = encoder.object(ID, None, Vec::new());
        encoder.write(&bytes);
        encoder.finish().len()
    };
    for compression in [Compression::Gzip, Compression::Zip, Compression::Zstd] {
        let level = |level| Level::new(compression, level).unwrap();
        assert!(size(compression, level(9)) < size(compression, level(1)), "{compression}");
    }
    let beyond = Level::new(Compression::Zstd, 19).unwrap();
    assert_eq!(
        size(Compression::Gzip, beyond),
        size(Compression::Gzip, Level::new(Compression::Gzip, 9).unwrap())
    );
}

#[test]
fn a_compressor_is_known_by_what_it_makes() {
    let compressor = Compressor::new(Compression::Gzip, Level::default());
    let its_own = Level::new(Compression::Gzip, Level::default().number(Compression::Gzip).into()).unwrap();
    assert!(compressor.is(Compression::Gzip, its_own));
    assert!(!compressor.is(Compression::Zip, its_own));
    assert!(!compressor.is(Compression::Gzip, Level::new(Compression::Gzip, 9).unwrap()));
}

#[test]
#[should_panic(expected = "as many bytes")]
fn a_size_that_was_announced_is_kept() {
    let mut compressor = Compressor::new(Compression::Zstd, Level::default());
    let mut encoder = compressor.object(ID, Some(4), Vec::new());
    encoder.write(b"abc");
    encoder.finish();
}

/// A piece of an object, told by what it is made from: a failure is to be readable.
#[derive(Debug, Clone)]
enum Piece {
    Text(u64, usize),
    Bytes(Vec<u8>),
    Run(u8, usize),
}

impl Piece {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(seed, bytes) => text(*seed, *bytes),
            Self::Bytes(bytes) => bytes.clone(),
            Self::Run(byte, bytes) => vec![*byte; *bytes],
        }
    }
}

/// Pieces that end on both sides of the blocks that compressors work in.
fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let edges = vec![2, 16_384, 32_768, 65_536, 131_072, 218_422, 262_144];
    let edge = (prop::sample::select(edges), 0usize..=4).prop_map(|(edge, beside)| edge + beside - 2);
    let piece = prop_oneof![
        3 => (any::<u64>(), 0usize..2_000).prop_map(|(seed, bytes)| Piece::Text(seed, bytes)),
        1 => (any::<u64>(), edge).prop_map(|(seed, bytes)| Piece::Text(seed, bytes)),
        1 => prop::collection::vec(any::<u8>(), 0..3_000).prop_map(Piece::Bytes),
        1 => (any::<u8>(), 0usize..100_000).prop_map(|(byte, bytes)| Piece::Run(byte, bytes)),
    ];
    prop::collection::vec(piece, 0..8)
}

/// What comes out when `pieces` are written behind some other bytes, into a buffer with that much room.
fn object(compressor: &mut Compressor, pieces: &[Vec<u8>], room: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(room);
    out.extend_from_slice(b"before");
    let mut encoder = compressor.object(ID, None, out);
    for piece in pieces {
        encoder.write(piece);
    }
    assert!(encoder.written() >= b"before".len());
    encoder.finish().strip_prefix(b"before").unwrap().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_come_back_however_they_were_cut(objects in prop::collection::vec(pieces(), 1..4), level in 1i64..=9, abandon: bool, room in 0usize..300_000) {
        for compression in Compression::ALL {
            let level = Level::new(compression, level).unwrap_or_default();
            let mut reused = Compressor::new(compression, level);
            for pieces in &objects {
                let pieces: Vec<Vec<u8>> = pieces.iter().map(Piece::bytes).collect();
                let whole = pieces.concat();
                if abandon {
                    reused.object(7, Some(whole.len() as u64), Vec::new()).write(&whole);
                }
                let object = object(&mut reused, &pieces, 0);
                prop_assert!(read(compression, &object) == whole, "{compression} gives other bytes");
                let fresh = self::object(&mut Compressor::new(compression, level), &pieces, 0);
                prop_assert!(fresh == object, "{compression} depends on what came before");
                let in_one = self::object(&mut Compressor::new(compression, level), &[whole], room);
                prop_assert!(in_one == object, "{compression} depends on how bytes come");
            }
        }
    }
}
