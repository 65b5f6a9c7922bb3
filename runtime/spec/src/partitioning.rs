use std::ops::{Range, RangeInclusive};

use crate::reader::Reader;
use crate::text::quoted;
use crate::{Finding, Spanned};

/// Objects apart by keys that each record has: Firehose's dynamic partitioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// Where the file says so.
    pub span: Range<usize>,
    /// What takes keys out of a record, in the language of jq. It is parsed by whoever runs it. Without it, keys come
    /// from the plugins in [`Stream::transform`](crate::Stream::transform).
    pub query: Option<Spanned<String>>,
    /// How many partitions may be open at a time.
    pub max_active: u32,
    /// What becomes of a record that would open one more.
    pub overflow: Overflow,
}

/// What becomes of a record whose partition is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overflow {
    /// It goes to the error output, as at Firehose.
    #[default]
    Error,
    /// The partition that is open the longest is closed for it.
    CloseOldest,
}

impl Partitioning {
    /// The most bytes of `query`, as at Firehose.
    pub const QUERY: usize = 5120;
    /// What `max_active` may be. Firehose's quota was raised to 5,000 at the most.
    pub const MAX_ACTIVE: RangeInclusive<u32> = 1..=100_000;
    /// What `max_active` is unless it is said, as at Firehose.
    pub const USUAL_MAX_ACTIVE: u32 = 500;

    /// Reads it. `transforms` says whether there are plugins that may give keys.
    pub(crate) fn read(mut reader: Reader<'_>, transforms: bool) -> Self {
        let partitioning = Self {
            span: reader.span.clone(),
            query: query(&mut reader),
            max_active: reader.number("max_active", Self::MAX_ACTIVE).unwrap_or(Self::USUAL_MAX_ACTIVE),
            overflow: reader
                .choice(
                    "overflow",
                    &[("error", Overflow::Error, &[]), ("close-oldest", Overflow::CloseOldest, &[])],
                )
                .unwrap_or_default(),
        };
        if !transforms && !reader.means("query") {
            let message = format!(
                "nothing gives keys to {}: it has no `query`, and `transform` no plugin",
                quoted(&reader.name)
            );
            let help = "write `query = \"{customer: .customer}\"` there, or name a plugin in `transform`";
            reader.context.report_absent(Finding::error(message).at(reader.span.clone()).with_help(help));
        }
        reader.finish();
        partitioning
    }
}

fn query(reader: &mut Reader<'_>) -> Option<Spanned<String>> {
    let query = reader.string("query")?;
    let bytes = query.value.len();
    let (message, help) = if query.value.trim().is_empty() {
        ("`query` is empty".to_owned(), "write `query = \"{customer: .customer}\"`")
    } else if bytes > Partitioning::QUERY {
        let most = Partitioning::QUERY;
        (
            format!("`query` has {bytes} bytes; the most is {most}"),
            "make it shorter, or have a plugin give keys",
        )
    } else {
        return Some(query);
    };
    reader.context.report(Finding::error(message).at(query.span).with_help(help));
    None
}
