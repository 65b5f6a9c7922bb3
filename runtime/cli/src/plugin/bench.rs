mod figures;
mod measure;
mod records;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use standpipe_plugin::digest_of;

use super::Wrong;
use super::folder::text_of;
use super::loaded::Target;
use super::paint::Paint;
use crate::args::Bench;
use crate::show;
use figures::Figures;
use records::Records;

pub(super) fn bench(args: &Bench) -> anyhow::Result<ExitCode> {
    let target = Target::of(&args.source)?;
    let records = match &args.input {
        Some(input) => Records::of_file(input, target.default_params()?)?,
        None if !target.has_cases() => {
            return Err(Wrong::error(format!(
                "`{}` has no cases of its own: name its records, `--input FILE` or `--cases DIR`",
                target.reference
            )));
        }
        None => Records::of_cases(target.cases()?)?,
    };
    target.refresh()?;
    let figures = measure::all(&target, &records)?;
    let kept = target.home.map(|home| home.join(".standpipe/bench.json"));
    let before = kept.as_deref().and_then(last);
    let told = match args.json {
        true => serde_json::to_string(&figures).context("write JSON")?,
        false => figures.told(before.as_ref(), Paint::stdout()),
    };
    // First: whoever reads may have had enough.
    if let Some(kept) = &kept {
        keep(kept, &figures).with_context(|| format!("write `{}`", kept.display()))?;
    }
    show::data(&told)?;
    Ok(ExitCode::SUCCESS)
}

/// The figures of the last run, if they can be read.
fn last(kept: &Path) -> Option<Figures> {
    serde_json::from_str(&text_of(kept).ok()??).ok()
}

fn keep(kept: &Path, figures: &Figures) -> anyhow::Result<()> {
    if let Some(folder) = kept.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(kept, format!("{}\n", serde_json::to_string_pretty(figures)?))?;
    Ok(())
}

/// What tells whether two runs were of the same.
fn key(params: &str, records: &Records) -> String {
    let mut all = params.as_bytes().to_vec();
    for batch in &records.batches {
        all.extend_from_slice(batch.payload());
        all.extend(batch.ends().iter().flat_map(|end| end.to_le_bytes()));
    }
    digest_of(&all)
}
