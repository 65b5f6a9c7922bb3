//! What `test` and `bench` run: a folder that is built first, a file, or a blueprint.

use std::path::{Path, PathBuf};
use std::time::Duration;

use standpipe_plugin::{Host, Limits, Metering, Plugin, Settings};
use standpipe_spec::Size;
use standpipe_stream::load_plugin;

use super::build::{Check, make};
use super::case::{Case, checked};
use super::folder::{Folder, text_of};
use super::{Wrong, watch};
use crate::args::Source;
use crate::show;

/// Where a plugin under test is said to run.
const CONTEXT: &str = concat!(
    r#"{"stream":"test","arn":"arn:aws:firehose:us-east-1:000000000000:deliverystream/test","#,
    r#""region":"us-east-1","host":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

/// A plugin that can be run.
#[derive(Debug)]
pub(super) struct Target {
    /// What leads to the component.
    pub(super) reference: String,
    /// The folder that it is built in.
    pub(super) folder: Option<Folder>,
    /// Where its cases lie.
    cases: Option<PathBuf>,
    /// Where figures of it are kept.
    pub(super) home: Option<PathBuf>,
    params: Option<String>,
    limits: Limits,
}

impl Target {
    pub(super) fn of(source: &Source) -> anyhow::Result<Self> {
        let params = source.params.as_deref().map(|text| checked(text, "`--params`")).transpose()?;
        let usual = Limits::default();
        let limits = Limits {
            memory: source.memory.map_or(usual.memory, |Size(bytes)| bytes),
            time_per_record: source.time.map_or(usual.time_per_record, Duration::from_millis),
            ..usual
        };
        let path = Path::new(&source.source);
        let mut target = Self {
            reference: source.source.clone(),
            folder: None,
            cases: source.cases.clone(),
            home: None,
            params,
            limits,
        };
        if path.is_dir() {
            let folder = Folder::open(path)?;
            let file = path.join(&folder.name).with_added_extension("wasm");
            target.reference = file.display().to_string();
            target.home = Some(folder.path.clone());
            target.cases.get_or_insert_with(|| path.join("cases"));
            target.folder = Some(folder);
        } else if path.is_file() {
            let beside = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
            target.home = Folder::open(&Path::new(".").join(&beside)).ok().map(|folder| folder.path);
            target.cases.get_or_insert_with(|| beside.join("cases"));
            if !source.source.contains('/') && !source.source.ends_with(".wasm") {
                target.reference = format!("./{}", source.source);
            }
        }
        Ok(target)
    }

    /// Builds the folder if a source of it is newer than what was built.
    pub(super) fn refresh(&self) -> anyhow::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let component = folder.component();
        // One that was recorded with its sources is built by what recorded it.
        if component.with_added_extension("source").exists() && component.exists() {
            return Ok(());
        }
        let built = component.metadata().and_then(|found| found.modified()).ok();
        if built.is_none() || built < watch::newest(&watch::places(folder)) {
            show::line(&make(folder, false, Check::Later)?.told());
        }
        Ok(())
    }

    /// What is to be watched.
    pub(super) fn places(&self) -> Vec<PathBuf> {
        let sources = match &self.folder {
            Some(folder) => watch::places(folder),
            None => vec![PathBuf::from(&self.reference)],
        };
        // Most cases lie among the sources.
        let is_new = |cases: &PathBuf| {
            let (cases, folder) = (cases.canonicalize().ok(), self.folder.as_ref());
            !cases.zip(folder).is_some_and(|(cases, folder)| cases.starts_with(&folder.path))
        };
        sources.into_iter().chain(self.cases.clone().filter(is_new)).collect()
    }

    /// Whether it is known where its cases lie.
    pub(super) fn has_cases(&self) -> bool {
        self.cases.is_some()
    }

    pub(super) fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let Some(folder) = &self.cases else {
            let reference = &self.reference;
            return Err(Wrong::error(format!(
                "`{reference}` has no cases of its own: say where they lie, `--cases DIR`"
            )));
        };
        Case::all(folder, self.params.as_deref())
    }

    /// The params where no case says which: those of the flag, or those that lie with the cases.
    pub(super) fn default_params(&self) -> anyhow::Result<String> {
        if let Some(params) = &self.params {
            return Ok(params.clone());
        }
        let file = self.cases.as_ref().map(|cases| cases.join("params.json"));
        match file.as_ref().map(|file| text_of(file)).transpose()?.flatten() {
            Some(text) => checked(&text, "`cases/params.json`"),
            None => Ok("{}".to_owned()),
        }
    }

    /// Loads it as a host would.
    pub(super) fn load(&self, host: &Host, metering: Metering, params: &str) -> anyhow::Result<Plugin> {
        let settings = Settings {
            limits: self.limits.clone(),
            metering,
            params: params.to_owned(),
            context: CONTEXT.to_owned(),
            ..Settings::new(self.reference.clone())
        };
        load_plugin(host, &self.reference, Path::new(""), None, settings).map_err(anyhow::Error::new)
    }
}
