use std::num::NonZeroU8;
use std::ops::RangeInclusive;

use standpipe_record::Kind;

use super::Compression;

/// How hard a compression tries. Unless it is set, gzip and zip have 5 and zstd has 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Level(Option<NonZeroU8>);

impl Level {
    /// Level `level` of `compression`: 1 (fast) to 9 (small) for gzip and zip, 1 to 19 for zstd. The others
    /// have none.
    pub fn new(compression: Compression, level: i64) -> Result<Self, LevelError> {
        let Some((levels, _)) = levels(compression) else { return Err(LevelError::None { compression }) };
        let number = u8::try_from(level).ok().filter(|level| levels.contains(level)).and_then(NonZeroU8::new);
        match number {
            Some(number) => Ok(Self(Some(number))),
            None => {
                Err(LevelError::Range { compression, level, least: *levels.start(), most: *levels.end() })
            }
        }
    }

    /// The number that `compression` is told, 0 if it takes none. One that was made for another compression
    /// is brought into its range.
    pub fn number(self, compression: Compression) -> u8 {
        match levels(compression) {
            Some((levels, default)) => {
                self.0.map_or(default, |level| level.get().clamp(*levels.start(), *levels.end()))
            }
            None => 0,
        }
    }
}

/// The levels of a compression, and the one that it has unless it is set. By `benches/compress.rs`, over an Apache
/// access log, a Linux system log and its own lines:
///
/// | gzip | time, level 6 being 1 | size, level 6 being 1 |
/// | --- | --- | --- |
/// | 1 | 0.22 to 0.30 | 1.51 to 1.61 |
/// | 4 | 0.64 to 0.66 | 1.05 to 1.13 |
/// | 5 | 0.70 to 0.78 | 1.01 to 1.02 |
/// | 7 | 1.3 to 1.6 | 0.90 to 0.99 |
/// | 9 | 1.7 to 2.5 | 0.91 to 0.98 |
///
/// | zstd | time, level 3 being 1 | size, level 3 being 1 |
/// | --- | --- | --- |
/// | 1 | 0.73 to 0.89 | 0.91 to 1.03 |
/// | 5 | 2.2 to 3.6 | 0.88 to 0.93 |
/// | 6 | 3.4 to 5.9 | 0.83 to 0.85 |
/// | 9 | 5.2 to 8.5 | 0.78 to 0.81 |
///
/// So gzip's 5 saves a quarter of what is usual for next to nothing. The first levels of zstd are one as good as the
/// other, and 3 is what its own program has; it takes two fifths of the time of gzip's 5 at the most, and makes
/// objects a twentieth smaller to an eighth smaller, or on made-up lines without repeats a twelfth larger.
fn levels(compression: Compression) -> Option<(RangeInclusive<u8>, u8)> {
    match compression {
        Compression::Gzip | Compression::Zip => Some((1..=9, 5)),
        Compression::Zstd => Some((1..=19, 3)),
        Compression::None | Compression::Snappy | Compression::HadoopSnappy => None,
    }
}

/// A level that a compression does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// The compression has levels, and this is none of them.
    #[error("`{compression}` has no level `{level}`; write {least} (fast) to {most} (small)")]
    Range {
        /// The compression.
        compression: Compression,
        /// The level.
        level: i64,
        /// The fastest level.
        least: u8,
        /// The one that makes the smallest objects.
        most: u8,
    },
    /// The compression has no levels.
    #[error("`{compression}` has no levels; remove it, or compress with `gzip`, `zip` or `zstd`")]
    None {
        /// The compression.
        compression: Compression,
    },
}

impl LevelError {
    /// A level has to be mended by who wrote it.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
