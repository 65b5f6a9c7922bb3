use toml::de::DeValue;

use crate::Finding;
use crate::reader::Reader;
use crate::suggest::nearest;
use crate::text::quoted;

/// How source records that hold several are taken apart, before any plugin: `[streams.NAME.split]`. By default not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Whether aggregates of the Kinesis Producer Library are taken apart.
    pub kpl: bool,
    /// What becomes of what CloudWatch Logs sends. None if it is not looked for.
    pub cloudwatch_logs: Option<CloudWatchLogs>,
    /// How a record is divided that is none of these, or that came out of one.
    pub deaggregate: Option<Deaggregate>,
}

/// What becomes of what CloudWatch Logs sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloudWatchLogs {
    /// It is decompressed: Firehose's `Decompression` alone.
    Envelopes,
    /// Each log event's message becomes a record: Firehose's `CloudWatchLogProcessing`, too.
    Messages,
}

/// How a record is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deaggregate {
    /// Into JSON objects that stand one after the other.
    Json,
    /// At each of these, which has 1 to [`DELIMITER`](Self::DELIMITER) bytes.
    Delimiter(String),
}

const CHOICE: &str = "write `\"json\"` or `{ delimiter = \"####\" }`";

impl Split {
    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let split = Self {
            kpl: reader.boolean("kpl").unwrap_or_default(),
            cloudwatch_logs: reader.choice(
                "cloudwatch_logs",
                &[
                    (
                        "messages",
                        CloudWatchLogs::Messages,
                        &["CloudWatchLogProcessing", "DataMessageExtraction"],
                    ),
                    ("envelopes", CloudWatchLogs::Envelopes, &["Decompression"]),
                ],
            ),
            deaggregate: Deaggregate::read(&mut reader),
        };
        if reader.is_empty() {
            let finding = Finding::error(format!("{} takes nothing apart", quoted(&reader.name)));
            let help = "write `kpl`, `cloudwatch_logs` or `deaggregate` there, or remove it";
            reader.context.report_absent(finding.at(reader.span.clone()).with_help(help));
        }
        reader.finish();
        split
    }
}

impl Deaggregate {
    /// The most bytes of a delimiter.
    pub const DELIMITER: usize = 1024;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let value = reader.value("deaggregate")?;
        match value.get_ref() {
            DeValue::String(text) if text == "json" => Some(Self::Json),
            DeValue::String(text) => {
                let meant = nearest(text, ["json"]);
                let problem = "it takes `json`, or a table with a `delimiter`";
                reader.no_such("deaggregate", (text, value), problem, meant, || CHOICE.to_owned());
                None
            }
            DeValue::Table(_) => Self::read_delimiter(reader.child("deaggregate", value)?),
            _ => {
                reader.wrong("deaggregate", value, "`json`, or a table with a `delimiter`", CHOICE);
                None
            }
        }
    }

    fn read_delimiter(mut reader: Reader<'_>) -> Option<Self> {
        let help = "write `delimiter = \"####\"`";
        reader.require("delimiter", help);
        let delimiter = reader.filled("delimiter", help);
        let context = reader.context;
        reader.finish();
        let delimiter = delimiter?;
        let (bytes, most) = (delimiter.value.len(), Self::DELIMITER);
        if bytes > most {
            let finding = Finding::error(format!("`delimiter` has {bytes} bytes; the most is {most}"));
            context.report(finding.at(delimiter.span).with_help("choose a shorter one"));
            return None;
        }
        Some(Self::Delimiter(delimiter.value))
    }
}
