//! Objects as their readers see them.

use std::io::Read;

/// The content of the object named `key`, by what its name ends in.
pub(crate) fn unpack(key: &str, object: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    match key.rsplit_once('.').map_or("", |(_, end)| end) {
        "gz" => {
            flate2::read::MultiGzDecoder::new(object).read_to_end(&mut content).unwrap();
        }
        "zip" => {
            // Where the one entry ends and the directory begins is in the last 22 bytes.
            let number = |at: usize| u32::from_le_bytes(object[at..at + 4].try_into().unwrap()) as usize;
            let directory = number(object.len() - 6);
            assert_eq!(
                (number(0), number(directory), number(object.len() - 22)),
                (0x0403_4b50, 0x0201_4b50, 0x0605_4b50)
            );
            // Behind 30 bytes and a name of so many.
            let entry = &object[30 + (number(26) & 0xffff)..directory];
            flate2::read::DeflateDecoder::new(entry).read_to_end(&mut content).unwrap();
            assert_eq!(content.len(), number(directory + 24), "{key}");
        }
        "zst" => content = zstd::decode_all(object).unwrap(),
        "snappy" => match object.strip_prefix(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01") {
            Some(blocks) => xerial(blocks, &mut content),
            None => hadoop(object, &mut content),
        },
        _ => content.extend_from_slice(object),
    }
    content
}

/// Blocks of snappy, each behind its length.
fn xerial(mut blocks: &[u8], content: &mut Vec<u8>) {
    while !blocks.is_empty() {
        content.extend(block(&mut blocks));
    }
}

/// The same, with the length of the content before each.
fn hadoop(mut blocks: &[u8], content: &mut Vec<u8>) {
    while !blocks.is_empty() {
        let (whole, start) = (number(&mut blocks), content.len());
        while content.len() < start + whole {
            content.extend(block(&mut blocks));
        }
    }
}

fn block(blocks: &mut &[u8]) -> Vec<u8> {
    let length = number(blocks);
    let (block, rest) = blocks.split_at(length);
    *blocks = rest;
    snap::raw::Decoder::new().decompress_vec(block).unwrap()
}

fn number(bytes: &mut &[u8]) -> usize {
    let (number, rest) = bytes.split_first_chunk().unwrap();
    *bytes = rest;
    u32::from_be_bytes(*number) as usize
}
