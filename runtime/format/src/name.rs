use std::fmt;

use crate::Moment;

/// What follows the prefix in the key of an object: `STREAM-VERSION-yyyy-MM-dd-HH-mm-ss-UUID` and the
/// extension. [`Display`](fmt::Display) writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The version of the stream's configuration, from 1.
    pub version: u64,
    /// When the oldest record in the object arrived.
    pub moment: &'a Moment,
    /// 128 bits that no other object has. Six of them give way to what marks a random UUID.
    pub id: u128,
    /// Such as `.gz`, or nothing. Objects of the error output have none.
    pub extension: &'a str,
}

impl ObjectName<'_> {
    /// The whole key, behind an evaluated prefix.
    pub fn key(&self, prefix: &str) -> String {
        format!("{prefix}{self}")
    }
}

impl fmt::Display for ObjectName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, version, extension, .. } = self;
        let at = self.moment.zoned();
        let (year, month, day) = (at.year(), at.month(), at.day());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        write!(f, "{stream}-{version}-{year:04}-{month:02}-{day:02}-{hour:02}-{minute:02}-{second:02}-")?;
        write_uuid(f, self.id)?;
        f.write_str(extension)
    }
}

/// The UUID by which a key names `id`.
pub fn uuid(id: u128) -> String {
    struct Uuid(u128);
    impl fmt::Display for Uuid {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_uuid(f, self.0)
        }
    }
    Uuid(id).to_string()
}

/// Writes `id` as a UUID of version 4 (RFC 9562): the version and the variant replace six of its bits.
fn write_uuid(f: &mut fmt::Formatter<'_>, id: u128) -> fmt::Result {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let id = id & !VERSION & !VARIANT | 4 << 76 | 0b10 << 62;
    let group = |shift: u32, bits: u32| (id >> shift) & ((1 << bits) - 1);
    let (a, b, c, d, e) = (group(96, 32), group(80, 16), group(64, 16), group(48, 16), group(0, 48));
    write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
}
