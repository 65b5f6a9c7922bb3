use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Context;
use standpipe_plugin::{Chain, Host, Metering, Plugin};
use standpipe_record::{Failure, Outcomes};

use super::case::{Case, Difference, Results};
use super::diff;
use super::loaded::Target;
use super::paint::Paint;
use super::watch::{self, Watch};
use crate::args::Test;
use crate::show::{self, count, number};

/// Failures whose stack is shown.
const STACKS: usize = 3;
/// Lines of a stack, or of captured output, that are shown.
const STACK_LINES: usize = 20;

pub(super) fn test(args: &Test) -> anyhow::Result<ExitCode> {
    let target = Target::of(&args.source)?;
    if !args.watch {
        let good = run(&target, args.bless)?;
        return Ok(ExitCode::from(u8::from(!good)));
    }
    let mut watch = Watch::new(target.places(), watch::is_input);
    loop {
        // The plugin's name may be what changed.
        let tested = Target::of(&args.source).and_then(|target| run(&target, false));
        if let Err(error) = tested {
            show::error(&error);
        }
        show::line(&watch.next());
    }
}

/// What a case came to.
struct Ran {
    results: Results,
    failed: Vec<Failure>,
    outputs: u64,
    dropped: u64,
    fuel: u64,
}

/// Runs all cases. False when one of them fails.
fn run(target: &Target, bless: bool) -> anyhow::Result<bool> {
    target.refresh()?;
    let cases = target.cases()?;
    let host = Host::new(show::cache_folder());
    let (mut plugins, paint) = (BTreeMap::new(), Paint::stdout());
    let (mut bad, mut records, mut fuel, mut blessed) = (0, 0, 0, 0);
    for case in &cases {
        if !plugins.contains_key(&case.params) {
            plugins.insert(&case.params, target.load(&host, Metering::Fuel, &case.params)?);
        }
        let Some(plugin) = plugins.get(&case.params) else { continue };
        let ran = run_case(plugin, case)?;
        let differences = if bless { Vec::new() } else { case.compare(&ran.results)? };
        if bless {
            blessed += case.bless(&ran.results)?;
        }
        show_case(case, &ran, &differences, paint)?;
        bad += u64::from(!differences.is_empty());
        records += case.records.len() as u64;
        fuel += ran.fuel;
    }
    let each = format!("{}, {} fuel a record", count(records, "record"), number(fuel / records.max(1)));
    let all = count(cases.len() as u64, "case");
    show::data(&match (bad, bless) {
        (_, true) => format!("{all} blessed, {} changed; {each}", count(blessed, "file")),
        (0, false) => format!("{all} ok; {each}"),
        (_, false) => format!("{bad} of {all} failed; {each}"),
    })?;
    if bad > 0 {
        show::line("`--bless` makes what came the expected");
    }
    Ok(bad == 0)
}

/// Runs a case on a worker of its own, so that nothing depends on the case before.
fn run_case(plugin: &Plugin, case: &Case) -> anyhow::Result<Ran> {
    let mut chain = Chain::new([plugin.clone()]);
    let mut outcomes = Outcomes::default();
    chain
        .run(&case.records, &mut outcomes)
        .with_context(|| format!("case `{}`: the plugin cannot be started any more", case.name))?;
    Ok(Ran {
        results: Results::of(&outcomes),
        outputs: outcomes.outputs.len() as u64,
        dropped: outcomes.dropped.len() as u64,
        failed: outcomes.failed,
        fuel: chain.workers().iter().map(|worker| worker.stats().fuel).sum(),
    })
}

fn show_case(case: &Case, ran: &Ran, differences: &[Difference], paint: Paint) -> anyhow::Result<()> {
    let verdict =
        if differences.is_empty() { paint.green("ok    ") } else { paint.red(paint.bold("FAILED")) };
    let records = case.records.len() as u64;
    let mut parts = vec![count(records, "record"), count(ran.outputs, "output")];
    for (value, what) in [(ran.dropped, "dropped"), (ran.failed.len() as u64, "failed")] {
        if value > 0 {
            parts.push(format!("{} {what}", number(value)));
        }
    }
    parts.push(format!("{} fuel", number(ran.fuel)));
    let mut told = format!("{verdict} {}: {}", case.name, parts.join(", "));
    for difference in differences {
        let _ = write!(told, "\n{}", diff::told(difference, paint).trim_end());
    }
    if differences.iter().any(|difference| difference.file.extension().is_some_and(|kind| kind == "failed")) {
        told += &stacks(&ran.failed);
    }
    show::data(&told).context("write standard output")
}

/// Where the records failed of which a stack or some output is known.
fn stacks(failed: &[Failure]) -> String {
    let mut out = String::new();
    let known = failed.iter().filter(|failure| !failure.backtrace.is_empty() || !failure.captured.is_empty());
    for failure in known.take(STACKS) {
        let _ = write!(out, "\nline {}, {}: {}", u64::from(failure.index) + 1, failure.code, failure.message);
        let lines = failure.captured.lines().chain(failure.backtrace.lines());
        for line in lines.take(STACK_LINES) {
            let _ = write!(out, "\n    {line}");
        }
    }
    out
}
