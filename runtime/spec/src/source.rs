use std::ops::Range;
use std::path::PathBuf;

use crate::reader::Reader;
use crate::{Finding, Spanned};

/// Where a stream's records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The lines of a file, read to its end.
    File {
        /// The file.
        path: Spanned<PathBuf>,
    },
    /// The lines of standard input.
    Stdin,
}

const CHOICE: &str = "write `file = { path = \"access.log\" }` or `stdin = {}` there";

impl Source {
    /// Reads the source of a stream. Where it is standard input, its place is added to `stdins`.
    pub(crate) fn read(mut reader: Reader<'_>, stdins: &mut Vec<Range<usize>>) -> Option<Self> {
        let file = reader.table("file").map(read_file);
        let stdin = reader.table("stdin").map(|stdin| {
            stdins.push(stdin.span.clone());
            stdin.finish();
            Self::Stdin
        });
        let later = ["api", "kinesis", "kafka", "tail", "http", "syslog"];
        reader.not_yet(&later, "the sources of this version are `file` and `stdin`");
        let (count, last) = reader.count(&["file", "stdin"]);
        if count > 1 {
            let finding =
                Finding::error(format!("`{}` names {count} sources; a stream has one", reader.name));
            reader.context.report(finding.at(last).with_help("remove one, or make it a stream of its own"));
        } else if reader.is_empty() {
            let finding = Finding::error(format!("`{}` names no source", reader.name));
            reader.context.report_absent(finding.at(reader.span.clone()).with_help(CHOICE));
        }
        reader.finish();
        file.flatten().or(stdin)
    }
}

fn read_file(mut reader: Reader<'_>) -> Option<Source> {
    let help = "write `path = \"access.log\"`, relative to this file";
    reader.require("path", help);
    let path = reader.path_to("path", help);
    reader.finish();
    path.map(|path| Source::File { path })
}
