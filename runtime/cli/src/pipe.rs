use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use standpipe_format::{Attempt, Delimiter, Place, append_records, write_failed};
use standpipe_plugin::{Chain, Host, Plugin, Settings};
use standpipe_record::{Batch, Clock, Failure, Outcomes, SystemClock};
use standpipe_source::{Refused, Source, Step};
use standpipe_stream::load_plugin;

use crate::args::Pipe;
use crate::check::WRONG;
use crate::show;

/// Failures that are shown when there is no file for them.
const SHOWN: usize = 5;
/// What to write as params.
const PARAMS: &str =
    "write an object such as `'{\"name\": \"value\"}'`, with the quotes around it for the shell";
/// How often a plugin that cannot be started again is tried.
const STARTS: u32 = 5;

pub(crate) fn pipe(args: &Pipe) -> anyhow::Result<ExitCode> {
    let plugins = match load(args) {
        Ok(plugins) => plugins,
        Err(message) => {
            show::line(&format!("error: {message}"));
            return Ok(ExitCode::from(WRONG));
        }
    };
    let mut failures = Failures::open(args.failed.as_deref())?;
    let mut line =
        Line { chain: Chain::new(plugins), outcomes: Outcomes::default(), text: Vec::new(), records: 0 };
    let began = Instant::now();
    let streamed = line.stream_all(args, &mut failures);
    failures.finish(line.records)?;
    for worker in line.chain.workers() {
        if let Some(health) = worker.stats().health(began.elapsed()) {
            show::line(&format!("plugin `{}`: {health}", worker.plugin().id().name));
        }
    }
    match streamed {
        Ok(()) if args.strict && failures.count > 0 => Ok(ExitCode::from(1)),
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Whoever reads has had enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    }
}

pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}

fn load(args: &Pipe) -> Result<Vec<Plugin>, String> {
    if args.params.len() > args.plugins.len() {
        let (params, plugins) = (args.params.len(), args.plugins.len());
        return Err(format!(
            "there are {params} `--params` for {plugins} `--plugin`: give at most one for each"
        ));
    }
    let host = Host::new(show::cache_folder());
    let mut plugins = Vec::new();
    for (number, reference) in args.plugins.iter().enumerate() {
        let params = args.params.get(number).map_or("{}", String::as_str);
        let parsed: serde_json::Value = serde_json::from_str(params)
            .map_err(|error| format!("`--params {params}` is no JSON ({error}): {PARAMS}"))?;
        if !parsed.is_object() {
            return Err(format!("`--params {params}` is no JSON object: {PARAMS}"));
        }
        let settings = Settings { params: params.to_owned(), ..Settings::new(reference.clone()) };
        plugins.push(load_plugin(&host, reference, Path::new(""), None, settings)?);
    }
    Ok(plugins)
}

/// The way of a line: from a source through the plugins to standard output.
struct Line {
    chain: Chain,
    outcomes: Outcomes,
    text: Vec<u8>,
    records: u64,
}

impl Line {
    fn stream_all(&mut self, args: &Pipe, failures: &mut Failures) -> anyhow::Result<()> {
        if args.files.is_empty() {
            return self.stream(Source::stdin(), failures);
        }
        for file in &args.files {
            let source = if file == Path::new("-") { Source::stdin() } else { Source::open(file)? };
            self.stream(source, failures)?;
        }
        Ok(())
    }

    fn stream(&mut self, mut source: Source, failures: &mut Failures) -> anyhow::Result<()> {
        let (mut batch, mut refused) = (Batch::new(), Vec::new());
        loop {
            batch.clear();
            refused.clear();
            let step = source.read(&mut batch, &mut refused, &SystemClock)?;
            let position = self.records;
            self.records += (batch.len() + refused.len()) as u64;
            if !batch.is_empty() {
                self.transform(&batch, position, failures)?;
            }
            failures.take(&batch, &[], &refused)?;
            if step == Step::End {
                return Ok(());
            }
        }
    }

    /// `position` is the number of the batch's first record.
    fn transform(&mut self, batch: &Batch, position: u64, failures: &mut Failures) -> anyhow::Result<()> {
        use standpipe_plugin::Step;
        let mut tries = 0;
        self.chain.begin(0, position);
        self.outcomes.clear();
        loop {
            match self.chain.step(batch, &mut self.outcomes) {
                Ok(Step::More) => {}
                Ok(Step::Part) => self.write(batch, failures)?,
                Ok(Step::Done) => return self.write(batch, failures),
                Err(error) => {
                    tries += 1;
                    if tries >= STARTS {
                        return Err(error).context("the plugin cannot be started any more");
                    }
                    std::thread::sleep(Duration::from_millis(100 << tries));
                }
            }
        }
    }

    fn write(&mut self, batch: &Batch, failures: &mut Failures) -> anyhow::Result<()> {
        self.text.clear();
        append_records(&mut self.text, self.outcomes.outputs.view(), Delimiter::Newline);
        let mut out = std::io::stdout().lock();
        out.write_all(&self.text).and_then(|()| out.flush()).context("write standard output")?;
        failures.take(batch, &self.outcomes.failed, &[])?;
        self.outcomes.clear();
        Ok(())
    }
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).map_err(|error| {
        let (path, parent) = (path.display(), path.parent().unwrap_or(path).display());
        match error.kind() {
            ErrorKind::NotFound => anyhow!("cannot create `{path}`: make the folder `{parent}` first"),
            ErrorKind::IsADirectory => anyhow!("cannot create `{path}`: it is a folder; name a file in it"),
            _ => anyhow!("cannot create `{path}`: {error}; name another file"),
        }
    })
}

/// The text without what a terminal would act on; quotes and backslashes stay as they are in the line.
fn printable(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => out.push(character),
            _ => out.extend(character.escape_debug()),
        }
    }
    out
}

/// Where failed records go: a file, or the first few of them to standard error.
struct Failures {
    file: Option<BufWriter<File>>,
    count: u64,
    first: Vec<String>,
    line: Vec<u8>,
}

impl Failures {
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let file = path.map(create).transpose()?.map(BufWriter::new);
        Ok(Self { file, count: 0, first: Vec::new(), line: Vec::new() })
    }

    fn take(&mut self, batch: &Batch, failed: &[Failure], refused: &[Refused]) -> anyhow::Result<()> {
        for failure in failed {
            let record = failure.index as usize;
            let raw = batch.get(record).unwrap_or_default();
            let arrival = batch.arrival_ms().get(record).copied().unwrap_or_default();
            self.add(raw, failure, arrival, None)?;
        }
        for line in refused {
            let place = Place { offset: line.offset, length: line.length };
            self.add(&line.head, &line.failure(0), line.arrival_ms, Some(place))?;
        }
        if let Some(file) = &mut self.file
            && !(failed.is_empty() && refused.is_empty())
        {
            file.flush().context("write failed records")?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        raw: &[u8],
        failure: &Failure,
        arrival_ms: u64,
        place: Option<Place>,
    ) -> anyhow::Result<()> {
        self.count += 1;
        if let Some(file) = &mut self.file {
            self.line.clear();
            let attempt = Attempt { arrival_ms, ended_ms: SystemClock.now_ms() };
            write_failed(&mut self.line, raw, failure, attempt, place);
            file.write_all(&self.line).context("write failed records")?;
        } else if self.first.len() < SHOWN {
            let start = printable(&String::from_utf8_lossy(raw.get(..80).unwrap_or(raw)));
            let more = if raw.len() > 80 { "…" } else { "" };
            let at = place.map(|place| format!(" at byte {}", place.offset)).unwrap_or_default();
            self.first.push(format!("  {}{at}: {}\n    {start}{more}", failure.code, failure.message));
        }
        Ok(())
    }

    /// Says how many failed, unless none did.
    fn finish(&mut self, records: u64) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            file.flush().context("write failed records")?;
        }
        if self.count > 0 {
            let all = show::count(records, "record");
            let hint = if self.file.is_some() { "" } else { "; `--failed FILE` keeps them" };
            show::line(&format!("{} of {all} failed{hint}", show::number(self.count)));
            for line in &self.first {
                show::line(line);
            }
            let more = self.count.saturating_sub(self.first.len() as u64);
            if self.file.is_none() && more > 0 {
                show::line(&format!("  and {} more", show::number(more)));
            }
        }
        Ok(())
    }
}
