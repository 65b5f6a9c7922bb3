use std::ops::RangeInclusive;

use crate::choice::either;
use crate::reader::Reader;
use crate::suggest::nearest;
use crate::text::quoted;
use crate::{Finding, Spanned};

/// How objects are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// As one gzip member.
    Gzip,
    /// As an archive of one file.
    Zip,
    /// As snappy-java frames it.
    Snappy,
    /// As Hadoop frames snappy.
    HadoopSnappy,
    /// As zstd. Firehose has no such compression.
    Zstd,
}

impl Compression {
    /// Each, as the file writes it.
    const WORDS: [(&str, Self); 6] = [
        ("gzip", Self::Gzip),
        ("zip", Self::Zip),
        ("snappy", Self::Snappy),
        ("hadoop-snappy", Self::HadoopSnappy),
        ("zstd", Self::Zstd),
        ("none", Self::None),
    ];
    /// What a level may be of any compression.
    const ANY_LEVEL: RangeInclusive<u32> = 1..=19;

    /// As the file writes it.
    pub(crate) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, known)| *known == self).map_or("none", |(word, _)| word)
    }

    /// What `compression_level` may be. None where there are no levels.
    pub fn levels(self) -> Option<RangeInclusive<u32>> {
        match self {
            Self::Gzip | Self::Zip => Some(1..=9),
            Self::Zstd => Some(Self::ANY_LEVEL),
            Self::None | Self::Snappy | Self::HadoopSnappy => None,
        }
    }

    /// Reads `compression`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.string("compression")?;
        if let Some((_, known)) = Self::WORDS.iter().find(|(word, _)| *word == text.value) {
            return Some(*known);
        }
        let names = || Self::WORDS.iter().map(|(word, _)| *word);
        let (problem, meant) = match text.value.as_str() {
            "parquet" | "orc" => ("this version does not have it yet", None),
            "UNCOMPRESSED" | "uncompressed" | "" => ("there is no such compression", Some("none")),
            other => ("there is no such compression", nearest(other, names())),
        };
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write {}", either(names(), "`\"")),
        };
        let finding = Finding::error(format!("`compression` is {}; {problem}", quoted(&text.value)));
        reader.context.report(finding.at(text.span).with_help(help));
        None
    }

    /// Reads `compression_level`, where `compression` is what [`read`](Self::read) made of its line.
    pub(crate) fn read_level(reader: &mut Reader<'_>, compression: Option<Self>) -> Option<Spanned<u32>> {
        let value = reader.value("compression_level")?;
        let (_, place) = reader.count(&["compression_level"]);
        let levels = match compression {
            Some(known) => known.levels(),
            // What is wrong with it has a finding of its own.
            None => reader.means("compression").then_some(Self::ANY_LEVEL),
        };
        if let Some(levels) = levels {
            return reader.whole("compression_level", value, levels);
        }
        match compression {
            None | Some(Self::None) => {
                let finding = Finding::error("`compression_level` is set, and nothing is compressed");
                let help = "write `compression = \"gzip\"`, or remove it";
                reader.context.report_absent(finding.at(place).with_help(help));
            }
            Some(known) => {
                let name = Self::WORDS.iter().find(|(_, word)| *word == known).map(|(name, _)| *name);
                let name = name.unwrap_or_default();
                let finding =
                    Finding::error(format!("`compression_level` is set, and `{name}` has no levels"));
                let help = "remove it, or write `compression = \"zstd\"`";
                reader.context.report(finding.at(place).with_help(help));
            }
        }
        None
    }
}
