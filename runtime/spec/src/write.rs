//! A stream as the config file says it.

use std::fmt::{self, Display, Write as _};

use crate::{
    Backup, BackupMode, Buffering, Calls, CloudWatchLogs, Compression, Deaggregate, Destination, Objects,
    Overflow, Partitioning, Period, Rate, S3Destination, Size, Source, Split, Stream,
};

impl Display for Stream {
    /// The tables of the stream, without what it has unless something is said. Read again, they are the same stream.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = key(&self.name.value);
        let mut top = Table::new(format!("streams.{name}"));
        match &self.source {
            Source::Puts => {}
            Source::Stdin => top.put("source", "{ stdin = {} }"),
            Source::File { paths } => {
                let paths: Vec<String> =
                    paths.iter().map(|path| text(&path.value.display().to_string())).collect();
                top.put("source", format!("{{ file = {{ path = [{}] }} }}", paths.join(", ")));
            }
        }
        if let Some(lanes) = self.lanes {
            top.put("lanes", lanes);
        }
        let Rate { requests, records, bytes } = self.rate;
        let mut rate: Vec<String> = Vec::new();
        rate.extend(requests.map(|most| format!("requests = {most}")));
        rate.extend(records.map(|most| format!("records = {most}")));
        rate.extend(bytes.map(|most| format!("bytes = \"{:#}\"", Size(most))));
        if !rate.is_empty() {
            top.put("rate", format!("{{ {} }}", rate.join(", ")));
        }
        if !self.transform.is_empty() {
            let names: Vec<String> = self.transform.iter().map(|name| text(&name.value)).collect();
            top.put("transform", format!("[{}]", names.join(", ")));
        }
        if self.calls != Calls::default() {
            let Calls { size, retries } = self.calls;
            top.put("calls", format!("{{ size = \"{:#}\", retries = {retries} }}", Size(size)));
        }
        if let Some(split) = split(&self.split) {
            top.put("split", split);
        }
        let from_lines = self.source != Source::Puts;
        f.write_str(&top.text)?;
        match &self.destination {
            Destination::Discard { .. } => writeln!(f, "destination.discard = {{}}")?,
            Destination::S3(s3) => write!(f, "\n{}", destination(&name, s3, from_lines))?,
        }
        match &self.backup {
            Some(said) => write!(f, "\n{}", backup(&name, said)),
            None => Ok(()),
        }
    }
}

/// A table with its header.
struct Table {
    text: String,
}

impl Table {
    fn new(name: String) -> Self {
        Self { text: format!("[{name}]\n") }
    }

    fn put(&mut self, key: &str, value: impl Display) {
        let _ = writeln!(self.text, "{key} = {value}");
    }

    fn objects(&mut self, said: &Objects, usual: Buffering) {
        self.put("bucket", text(&said.bucket.value));
        for (key, said) in [
            ("prefix", &said.prefix),
            ("time_zone", &said.time_zone),
            ("file_extension", &said.file_extension),
        ] {
            if let Some(said) = said {
                self.put(key, text(&said.value));
            }
        }
        if said.compression != Compression::default() {
            self.put("compression", text(said.compression.word()));
        }
        if let Some(level) = &said.compression_level {
            self.put("compression_level", level.value);
        }
        if said.buffering != usual {
            let (size, interval) = (Size(said.buffering.size), Period(said.buffering.interval));
            self.put("buffering", format!("{{ size = \"{size:#}\", interval = \"{interval:#}\" }}"));
        }
    }
}

fn destination(name: &str, s3: &S3Destination, from_lines: bool) -> String {
    let mut table = Table::new(format!("streams.{name}.destination.s3"));
    let usual = if s3.partitioning.is_some() { Buffering::PARTITIONED } else { Buffering::default() };
    table.objects(&s3.objects, usual);
    if let Some(prefix) = &s3.error_output_prefix {
        table.put("error_output_prefix", text(&prefix.value));
    }
    if s3.append_delimiter != from_lines {
        table.put("append_delimiter", s3.append_delimiter);
    }
    if let Some(Partitioning { query, max_active, overflow, .. }) = &s3.partitioning {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(query.as_ref().map(|query| format!("query = {}", text(&query.value))));
        if *max_active != Partitioning::USUAL_MAX_ACTIVE {
            parts.push(format!("max_active = {max_active}"));
        }
        if *overflow == Overflow::CloseOldest {
            parts.push("overflow = \"close-oldest\"".to_owned());
        }
        let parts = parts.join(", ");
        table.put("partitioning", if parts.is_empty() { "{}".to_owned() } else { format!("{{ {parts} }}") });
    }
    table.text
}

fn backup(name: &str, said: &Backup) -> String {
    let mut table = Table::new(format!("streams.{name}.backup"));
    if said.mode == BackupMode::Failed {
        table.put("mode", "\"failed\"");
    }
    table.objects(&said.objects, Buffering::default());
    table.text
}

fn split(said: &Split) -> Option<String> {
    let mut parts = Vec::new();
    if said.kpl {
        parts.push("kpl = true".to_owned());
    }
    match said.cloudwatch_logs {
        Some(CloudWatchLogs::Messages) => parts.push("cloudwatch_logs = \"messages\"".to_owned()),
        Some(CloudWatchLogs::Envelopes) => parts.push("cloudwatch_logs = \"envelopes\"".to_owned()),
        None => {}
    }
    match &said.deaggregate {
        Some(Deaggregate::Json) => parts.push("deaggregate = \"json\"".to_owned()),
        Some(Deaggregate::Delimiter(delimiter)) => {
            parts.push(format!("deaggregate = {{ delimiter = {} }}", text(delimiter)));
        }
        None => {}
    }
    (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(", ")))
}

/// A name as a key: with dots in it, it would be several.
fn key(name: &str) -> String {
    if name.contains('.') { text(name) } else { name.to_owned() }
}

/// A basic string of TOML, on one line.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}
