use std::ops::{Range, RangeInclusive};

use crate::reader::Reader;
use crate::text::quoted;
use crate::{Backup, Calls, Destination, Finding, Rate, Source, Spanned, Split};

/// A delivery stream: `[streams.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: Spanned<String>,
    /// Where its records come from. From the API in a draft whose source could not be read.
    pub source: Source,
    /// How many lanes it fills: how many cores it can use. Unless it is said, as many as the machine has.
    pub lanes: Option<u32>,
    /// What it takes from the API in a second. Only where the API feeds it.
    pub rate: Rate,
    /// How records that hold several are taken apart, before any plugin.
    pub split: Split,
    /// The plugins that its records go through, in order: keys of [`Config::plugins`](crate::Config::plugins).
    pub transform: Vec<Spanned<String>>,
    /// How they are called.
    pub calls: Calls,
    /// Where its objects go.
    pub destination: Destination,
    /// Where source records are kept as they came. Only beside a destination in S3.
    pub backup: Option<Backup>,
}

impl Stream {
    /// What `lanes` may be.
    pub const LANES: RangeInclusive<u32> = 1..=64;

    /// Reads a stream; none without a destination that can be read. Where it reads standard input, the
    /// place that says so is added to `stdins`. `api` says whether there is an API that may feed it.
    pub(crate) fn read(
        name: Spanned<String>,
        mut reader: Reader<'_>,
        api: bool,
        stdins: &mut Vec<Range<usize>>,
    ) -> Option<Self> {
        if !api {
            let shown = quoted(&name.value);
            reader.require_saying(
                "source",
                format!("stream {shown} has no `source`, and without `listen` there is no API that would feed it"),
                "add `listen = \"127.0.0.1:4573\"` at the top, or `source.file = { path = \"access.log\" }` here",
            );
        }
        reader.require("destination", "add `destination.s3 = { bucket = \"logs\" }`");
        let source = reader.table("source").and_then(|source| Source::read(source, stdins));
        let split = reader.table("split").map(Split::read).unwrap_or_default();
        let transform = reader.strings("transform", "[\"apache\"]");
        let calls = reader.table("calls").map(Calls::read).unwrap_or_default();
        let destination = reader.table("destination");
        // Who reads lines writes lines; what the API takes has the newlines that its producers give it.
        let transforms = reader.gives("transform");
        let destination =
            destination.and_then(|reader| Destination::read(reader, source.is_some(), transforms));
        let backup = reader.table("backup").map(Backup::read);
        let lanes = reader.number("lanes", Self::LANES);
        let rate = reader.table("rate").map(Rate::read).unwrap_or_default();
        reader.refuse(&["quota"], "cannot be set: the quota is one for the host", "write `quota` at the top");
        if source.is_some() {
            report_fed_otherwise(&reader);
        }
        if let (Some(backup), Some(destination)) = (&backup, &destination) {
            backup.check(&reader, destination);
        }
        reader.finish();
        let source = source.unwrap_or(Source::Puts);
        Some(Self { name, source, lanes, rate, split, transform, calls, destination: destination?, backup })
    }
}

/// What is for streams that the API feeds, in one with a source.
fn report_fed_otherwise(reader: &Reader<'_>) {
    let (count, place) = reader.count(&["rate"]);
    if count > 0 {
        let message = format!(
            "{} cannot be set beside `source`: it is for what the API takes",
            quoted(&reader.path("rate"))
        );
        reader.context.report(Finding::error(message).at(place).with_help("remove one of the two"));
    }
}
