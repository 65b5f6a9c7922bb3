use std::ops::{Range, RangeInclusive};

use crate::reader::Reader;
use crate::{Destination, Source, Spanned};

/// A delivery stream: `[streams.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: Spanned<String>,
    /// Where its records come from. Standard input in a draft whose source could not be read.
    pub source: Source,
    /// How many lanes it fills: how many cores it can use. Unless it is said, as many as the machine has.
    pub lanes: Option<u32>,
    /// The plugins that its records go through, in order: keys of [`Config::plugins`](crate::Config::plugins).
    pub transform: Vec<Spanned<String>>,
    /// Where its objects go.
    pub destination: Destination,
}

impl Stream {
    /// What `lanes` may be.
    pub const LANES: RangeInclusive<u32> = 1..=64;

    /// Reads a stream; none without a destination that can be read. Where it reads standard input, the
    /// place that says so is added to `stdins`.
    pub(crate) fn read(
        name: Spanned<String>,
        mut reader: Reader<'_>,
        stdins: &mut Vec<Range<usize>>,
    ) -> Option<Self> {
        reader.require(
            "source",
            "add `source.file = { path = \"access.log\" }` or `source.stdin = {}`; this version has no API that would feed the stream",
        );
        reader.require("destination", "add `destination.s3 = { bucket = \"logs\" }`");
        let source = reader.table("source").and_then(|source| Source::read(source, stdins));
        let transform = reader.strings("transform", "[\"apache\"]");
        let destination = reader.table("destination").and_then(Destination::read);
        let lanes = reader.number("lanes", Self::LANES);
        reader.not_yet(&["backup"], "remove it");
        reader.refuse(&["quota"], "cannot be set: the quota is one for the host", "write `quota` at the top");
        reader.finish();
        let source = source.unwrap_or(Source::Stdin);
        Some(Self { name, source, lanes, transform, destination: destination? })
    }
}
