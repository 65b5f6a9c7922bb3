use std::fs;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use standpipe_plugin::{Host, LoadError, Manifest, Plugin, Settings, StartError};
use standpipe_registry::{componentize, with_section, without_debug};
use standpipe_spec::Size;

use super::folder::{Folder, text_of};
use super::language::{Language, Recipe};
use super::watch::{self, Watch};
use super::{Wrong, embedded};
use crate::args::Build;
use crate::show;

/// What a build made.
#[derive(Debug)]
pub(super) struct Built {
    manifest: Manifest,
    file: PathBuf,
    bytes: u64,
    time: Duration,
}

/// Whether what was built is loaded once: whoever runs it at once finds out anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Load,
    Later,
}

pub(super) fn build(args: &Build) -> anyhow::Result<ExitCode> {
    let once = || {
        let folder = Folder::open(&args.folder)?;
        show::data(&make(&folder, args.verbose, Check::Load)?.told())?;
        anyhow::Ok(())
    };
    if !args.watch {
        return once().map(|()| ExitCode::SUCCESS);
    }
    // A folder that is none stays none.
    let folder = Folder::open(&args.folder)?;
    let mut watch = Watch::new(watch::places(&folder), watch::is_source);
    loop {
        if let Err(error) = once() {
            show::error(&error);
        }
        show::line(&watch.next());
    }
}

/// Builds what lies in a folder.
pub(super) fn make(folder: &Folder, verbose: bool, check: Check) -> anyhow::Result<Built> {
    let began = Instant::now();
    let work = if folder.language == Language::Rust { PathBuf::new() } else { folder.work()? };
    if std::io::stderr().is_terminal() {
        show::line(&format!("building {} ({})", folder.name, folder.language.title()));
    }
    let recipe = Recipe { folder, wit: contract(folder, &work)?, work, verbose };
    let made = recipe.compile()?;
    let module =
        fs::read(&made).with_context(|| format!("read `{}`, which was to be built", made.display()))?;
    let module = without_debug(&module)?;
    let mut component = componentize(&module)?;
    if let Some(section) = &folder.section {
        component = with_section(&component, section)?.into();
    }
    let manifest = Manifest::read(&component)?;
    if check == Check::Load {
        load(folder, &component)?;
    }
    let file = folder.component();
    let parent = file.parent().ok_or_else(|| anyhow!("`{}` has no folder", file.display()))?;
    let mut whole = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .prefix(".built-")
        .tempfile_in(parent)
        .with_context(|| format!("write to `{}`", parent.display()))?;
    whole.write_all(&component).with_context(|| format!("write `{}`", file.display()))?;
    whole.persist(&file).with_context(|| format!("write `{}`", file.display()))?;
    Ok(Built { manifest, file, bytes: component.len() as u64, time: began.elapsed() })
}

impl Built {
    /// `zones 0.1.0: zones.wasm, 102 KiB, in 3.1 s`.
    pub(super) fn told(&self) -> String {
        let Self { manifest, file, bytes, time } = self;
        let name = manifest.name.as_deref().unwrap_or("a plugin without a name");
        let version = manifest.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        let file = file.file_name().unwrap_or_default().display();
        format!("{name}{version}: {file}, {}, in {:.1} s", Size(*bytes), time.as_secs_f64())
    }
}

/// Whether a plugin that does not load is good but for the params that it was given.
pub(super) fn is_about_params(error: &LoadError) -> bool {
    matches!(error, LoadError::Params { .. } | LoadError::Start(StartError::Init { .. }))
}

/// Loads it once, as a host would. That it refuses the params that lie with its cases, or that there are none, is no fault
/// of the build.
fn load(folder: &Folder, component: &[u8]) -> anyhow::Result<()> {
    let params = text_of(&folder.path.join("cases/params.json"))?.unwrap_or_else(|| "{}".to_owned());
    let settings = Settings { params, ..Settings::new(folder.name.clone()) };
    match Plugin::load(&Host::new(show::cache_folder()), component, settings) {
        Err(error) if !is_about_params(&error) => bail!("plugin `{}`: {error}", folder.name),
        _ => Ok(()),
    }
}

/// The folder of the contract that the SDK was made for: its own, or the one that this program knows.
fn contract(folder: &Folder, work: &std::path::Path) -> anyhow::Result<PathBuf> {
    let own = folder.sdk.join("wit");
    if own.join("transform.wit").is_file() || folder.language == Language::Rust {
        return Ok(own);
    }
    let wit = work.join("wit");
    let text = embedded::text("wit/transform.wit").ok_or_else(|| Wrong::error("the contract is missing"))?;
    fs::create_dir_all(&wit).with_context(|| format!("create `{}`", wit.display()))?;
    fs::write(wit.join("transform.wit"), text).with_context(|| format!("write `{}`", wit.display()))?;
    Ok(wit)
}
