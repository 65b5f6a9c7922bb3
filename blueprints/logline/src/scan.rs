//! Looking for bytes, eight at a time, in arithmetic that is as fast in wasm as outside.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// Where the first byte is that `marks` marks.
///
/// `marks` is given eight bytes, the first as the lowest, and sets the highest bit of each one that is wanted.
/// Above one that is wanted it may be wrong: only the lowest mark counts.
#[inline]
pub(crate) fn find(text: &[u8], marks: impl Fn(u64) -> u64) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    let mut before = 0;
    for word in words {
        if let Some(place) = lowest(marks(u64::from_le_bytes(*word))) {
            return Some(before + place);
        }
        before += 8;
    }
    if rest.is_empty() {
        return None;
    }
    match text.last_chunk::<8>() {
        // The last word overlaps the one before it, where nothing was found.
        Some(word) => lowest(marks(u64::from_le_bytes(*word))).map(|place| text.len() - 8 + place),
        None => {
            // What fills the word up may be marked, but its place is past the end.
            let mut word = [0; 8];
            for (to, &from) in word.iter_mut().zip(rest) {
                *to = from;
            }
            lowest(marks(u64::from_le_bytes(word))).filter(|&place| place < rest.len())
        }
    }
}

/// Marks the bytes that are `byte`.
#[inline]
pub(crate) fn equal(word: u64, byte: u8) -> u64 {
    let differs = word ^ (ONES * u64::from(byte));
    differs.wrapping_sub(ONES) & !differs & HIGHS
}

/// Marks the bytes below `least`, which is at most 0x80.
#[inline]
pub(crate) fn below(word: u64, least: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(least)) & !word & HIGHS
}

/// Marks the bytes that are not ASCII.
#[inline]
pub(crate) fn high(word: u64) -> u64 {
    word & HIGHS
}

#[inline]
fn lowest(marks: u64) -> Option<usize> {
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::{below, equal, find, high};

    #[test]
    fn the_first_is_found_wherever_it_is_and_whatever_is_around_it() {
        for around in [0, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x7f, 0x80, 0x9f, 0xa2, 0xff] {
            for len in 0..40 {
                for place in 0..len {
                    for byte in [b'"', 0x1f, 0x80, 0xff] {
                        let mut text = vec![around; len];
                        text[place] = byte;
                        let by_hand =
                            |wanted: &dyn Fn(u8) -> bool| text.iter().position(|&byte| wanted(byte));
                        assert_eq!(find(&text, |word| equal(word, byte)), by_hand(&|found| found == byte));
                        assert_eq!(find(&text, |word| below(word, 0x20)), by_hand(&|found| found < 0x20));
                        assert_eq!(find(&text, high), by_hand(&|found| found >= 0x80));
                    }
                }
            }
        }
    }
}
