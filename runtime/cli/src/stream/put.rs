mod batch;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;
use standpipe_record::{Batch, SystemClock};
use standpipe_source::{Refused, Source, Step};
use standpipe_spec::Size;

use self::batch::{MOST_RECORD, Record, failed, first, numbered, written};
use super::client::{Client, fresh_id};
use super::problem::Problem;
use super::progress::Progress;
use super::refusal::Refusal;
use super::text::{plain, text};
use crate::args::stream::Put;
use crate::show::{self, count, number};

/// How long it waits before it sends again what was refused for the moment, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often in succession nothing at all is accepted before it gives up.
const ROUNDS: u32 = 8;
/// Lines over the limit that are told one by one.
const TOLD: u64 = 5;

pub(super) async fn put(client: &Client, args: &Put) -> Result<ExitCode, Problem> {
    if let Some(text) = &args.data {
        return put_one(client, &args.name, text).await;
    }
    let mut putting = Putting::new(client, args);
    if args.files.is_empty() {
        putting.all_of(Source::stdin()).await?;
    }
    for file in &args.files {
        let opened = if file == Path::new("-") { Ok(Source::stdin()) } else { Source::open(file) };
        let source = opened.map_err(|error| putting.stopped(Problem::failed(error)))?;
        putting.all_of(source).await?;
    }
    Ok(putting.finish())
}

/// Puts a record as it is.
async fn put_one(client: &Client, stream: &str, data: &str) -> Result<ExitCode, Problem> {
    if data.len() > MOST_RECORD {
        let (length, most) = (number(data.len() as u64), number(MOST_RECORD as u64));
        return Err(Problem::wrong(format!("--data has {length} bytes; a record has at most {most}")));
    }
    let record = json!({ "Data": BASE64_STANDARD.encode(data) });
    let input = json!({ "DeliveryStreamName": stream, "Record": record });
    let answer = client.call("PutRecord", &input).await?;
    let id = text(&answer, "/RecordId").ok_or_else(|| Refusal::senseless("the answer has no `RecordId`"))?;
    show::data(&id)?;
    Ok(ExitCode::SUCCESS)
}

/// Records on their way to a stream.
struct Putting<'a> {
    client: &'a Client,
    stream: &'a str,
    /// Whether records have the newlines of their lines.
    newline: bool,
    records: u64,
    bytes: u64,
    requests: u64,
    /// Records that were sent again.
    again: u64,
    /// Lines over the limit.
    left_out: u64,
    began: Instant,
    progress: Progress,
}

impl<'a> Putting<'a> {
    fn new(client: &'a Client, args: &'a Put) -> Self {
        Self {
            client,
            stream: &args.name,
            newline: !args.no_newline,
            records: 0,
            bytes: 0,
            requests: 0,
            again: 0,
            left_out: 0,
            began: Instant::now(),
            progress: Progress::new(),
        }
    }

    /// Puts each line. What one read gives is sent before the next, so that nothing waits for more lines.
    async fn all_of(&mut self, mut source: Source) -> Result<(), Problem> {
        let (mut batch, mut refused) = (Batch::new(), Vec::new());
        let mut line = 1;
        loop {
            batch.clear();
            refused.clear();
            let step = source.read(&mut batch, &mut refused, &SystemClock);
            let step = step.map_err(|error| self.stopped(Problem::failed(error)))?;
            self.lines(source.name(), &batch, &refused, line).await?;
            line += (batch.len() + refused.len()) as u64;
            if step == Step::End {
                return Ok(());
            }
        }
    }

    /// Puts the lines of one read, the first of which is the `line`th.
    async fn lines(
        &mut self,
        name: &str,
        batch: &Batch,
        refused: &[Refused],
        line: u64,
    ) -> Result<(), Problem> {
        for (number, long) in refused.iter().enumerate() {
            self.leave_out(name, line + (long.before + number) as u64, long.length);
        }
        let mut records = numbered(batch, refused, line, self.newline);
        records.retain(|record| {
            let fits = record.length() <= MOST_RECORD;
            if !fits {
                self.leave_out(name, record.line, record.data.len() as u64);
            }
            fits
        });
        let mut rest = records.as_slice();
        while !rest.is_empty() {
            let (these, behind) = first(rest);
            self.send(name, these).await?;
            rest = behind;
        }
        Ok(())
    }

    /// Sends records, and those that are refused for the moment again.
    async fn send(&mut self, name: &str, records: &[Record<'_>]) -> Result<(), Problem> {
        let mut left = records.to_vec();
        let (mut wait, mut rounds) = (FIRST_WAIT, 0);
        // As long as the records are the same, so is the call: an answer to it may have got lost.
        let mut id = fresh_id();
        loop {
            let answer = self.client.send("PutRecordBatch", written(self.stream, &left), &id).await;
            self.requests += 1;
            let refusal = match answer.and_then(|answer| failed(&answer, &left)) {
                Ok((still, refusal)) => {
                    let sent = left.len();
                    self.bytes += left.iter().map(Record::length).sum::<usize>() as u64;
                    self.bytes -= still.iter().map(Record::length).sum::<usize>() as u64;
                    self.records += (sent - still.len()) as u64;
                    self.show();
                    let Some(refusal) = refusal else { return Ok(()) };
                    if still.len() < sent {
                        (wait, rounds) = (FIRST_WAIT, 0);
                    }
                    left = still;
                    id = fresh_id();
                    refusal
                }
                // None of them was taken, or it is not known.
                Err(refusal) if refusal.passes() && refusal.is_of_service() => refusal,
                Err(refusal) => return Err(self.stopped_at(name, &left, refusal.into())),
            };
            rounds += 1;
            if rounds == ROUNDS {
                return Err(self.stopped_at(name, &left, refusal.into()));
            }
            self.again += left.len() as u64;
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Says that a line is over the limit.
    fn leave_out(&mut self, name: &str, line: u64, length: u64) {
        self.left_out += 1;
        if self.left_out <= TOLD {
            self.progress.clear();
            let (line, length, most) = (number(line), number(length), number(MOST_RECORD as u64));
            let newline = if self.newline { ", with its newline" } else { "" };
            show::line(&format!(
                "line {line} of `{}` is left out: it has {length} bytes; a record has at most {most}{newline}",
                plain(name)
            ));
        }
    }

    fn show(&mut self) {
        let Self { records, bytes, began, .. } = *self;
        self.progress.show(|| {
            let rate = u128::from(records) * 1_000 / began.elapsed().as_millis().max(1);
            let rate = number(u64::try_from(rate).unwrap_or(u64::MAX));
            format!("{}, {}, {rate} a second", count(records, "record"), Size(bytes))
        });
    }

    /// Says what was put before something went wrong.
    fn stopped(&mut self, problem: Problem) -> Problem {
        self.progress.clear();
        match self.records {
            0 => problem,
            _ => problem.help(format!("{} put before that", self.told())),
        }
    }

    fn stopped_at(&mut self, name: &str, left: &[Record<'_>], problem: Problem) -> Problem {
        self.progress.clear();
        let line = left.first().map_or(0, |record| record.line);
        let name = plain(name);
        problem.help(format!(
            "{} put; line {} of `{name}` is the first that was not",
            self.told(),
            number(line)
        ))
    }

    fn told(&self) -> String {
        format!("{} {}", count(self.records, "record"), if self.records == 1 { "was" } else { "were" })
    }

    fn finish(mut self) -> ExitCode {
        self.progress.clear();
        let Self { stream, records, bytes, requests, again, left_out, .. } = self;
        let (records, requests) = (count(records, "record"), count(requests, "request"));
        let mut out = format!("{}: {records}, {} put in {requests}", plain(stream), Size(bytes));
        if again > 0 {
            out += &format!(", {} sent again", number(again));
        }
        if left_out > 0 {
            out += &format!("; {} left out", count(left_out, "line"));
        }
        show::line(&out);
        ExitCode::from(u8::from(left_out > 0))
    }
}
