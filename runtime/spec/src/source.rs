use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use crate::reader::Reader;
use crate::text::quoted;
use crate::{Finding, Spanned};

/// Where a stream's records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The lines of files, each read to its end, one after the other.
    File {
        /// The files, at least one and at most [`MOST_FILES`](Self::MOST_FILES), each once.
        paths: Vec<Spanned<PathBuf>>,
    },
    /// The lines of standard input.
    Stdin,
    /// Whoever puts records through the API: no `source` is said.
    Puts,
}

const CHOICE: &str = "write `file = { path = \"access.log\" }` or `stdin = {}` there";

impl Source {
    /// The most files that one stream may read.
    pub const MOST_FILES: usize = 10_000;

    /// Reads the source of a stream. Where it is standard input, its place is added to `stdins`.
    pub(crate) fn read(mut reader: Reader<'_>, stdins: &mut Vec<Range<usize>>) -> Option<Self> {
        let file = reader.table("file").map(read_file);
        let stdin = reader.table("stdin").map(|stdin| {
            stdins.push(stdin.span.clone());
            stdin.finish();
            Self::Stdin
        });
        reader.refuse(
            &["api"],
            "is not written: a stream without `source` is fed by the API",
            "remove `source`",
        );
        let later = ["kinesis", "kafka", "tail", "http", "syslog"];
        reader.not_yet(&later, "the sources of this version are `file` and `stdin`");
        let (count, last) = reader.count(&["file", "stdin"]);
        if count > 1 {
            let finding =
                Finding::error(format!("{} names {count} sources; a stream has one", quoted(&reader.name)));
            reader.context.report(finding.at(last).with_help("remove one, or make it a stream of its own"));
        } else if reader.is_empty() {
            let finding = Finding::error(format!("{} names no source", quoted(&reader.name)));
            reader.context.report_absent(finding.at(reader.span.clone()).with_help(CHOICE));
        }
        reader.finish();
        file.flatten().or(stdin)
    }
}

fn read_file(mut reader: Reader<'_>) -> Option<Source> {
    let help = "write `path = \"access.log\"`, relative to this file";
    reader.require("path", help);
    let paths = reader.paths_to("path", Source::MOST_FILES, help);
    let context = reader.context;
    reader.finish();
    let mut seen = BTreeSet::new();
    for path in &paths {
        if !seen.insert(path.value.as_path()) {
            let shown = quoted(&path.value.display().to_string());
            let finding = Finding::error(format!("{shown} stands in `path` twice"));
            context.report(finding.at(path.span.clone()).with_help("remove one: a file is read once"));
        }
    }
    (!paths.is_empty()).then_some(Source::File { paths })
}
