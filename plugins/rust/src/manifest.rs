use std::fmt;

use crate::schema::{Node, Writer};

/// The limits of the contract on the `standpipe:plugin` section and on the name in it, in bytes.
pub(crate) const MAX_SECTION_BYTES: usize = 64 << 10;
const MAX_NAME_BYTES: usize = 64;

/// What a plugin says of itself: the content of its `standpipe:plugin` section.
#[derive(Debug, Clone, Copy)]
pub struct Manifest {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The JSON Schema of its params.
    pub params: &'static Node,
    /// The input columns that it asks for.
    pub columns: &'static [&'static str],
    /// The names that it passes to [`count`](crate::count).
    pub metrics: &'static [&'static str],
}

impl Manifest {
    /// How many bytes its JSON has. Fails to compile if these are more than the contract allows.
    pub const fn json_len(&self) -> usize {
        let len = self.write::<0>().len();
        assert!(self.name.len() <= MAX_NAME_BYTES, "the plugin's name has more than 64 bytes: shorten it");
        assert!(len <= MAX_SECTION_BYTES, "the manifest has more than 64 KiB: shorten the doc comments");
        len
    }

    /// Its JSON. `N` is its [`json_len`](Self::json_len).
    pub const fn json<const N: usize>(&self) -> [u8; N] {
        let writer = self.write::<N>();
        assert!(writer.len() == N, "the length given is not that of the manifest");
        writer.bytes()
    }

    const fn write<const N: usize>(&self) -> Writer<N> {
        let mut writer = Writer::new();
        writer.raw(r#"{"name":"#);
        writer.string(self.name);
        writer.raw(r#","version":"#);
        writer.string(self.version);
        writer.raw(r#","params":"#);
        writer.schema(self.params, "");
        writer.raw(r#","columns":"#);
        writer.strings(self.columns);
        writer.raw(r#","metrics":"#);
        writer.strings(self.metrics);
        writer.raw("}");
        writer
    }
}

/// As JSON.
impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write::<MAX_SECTION_BYTES>().text())
    }
}
