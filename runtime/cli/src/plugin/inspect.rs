mod facts;

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use serde_json::{Value, json};
use standpipe_plugin::{Host, Limits, LoadError, Manifest, Plugin, Settings, allowed};
use standpipe_registry::{Error as RegistryError, Reference, resolve};
use standpipe_spec::{Period, Size};

use super::Wrong;
use super::build::is_about_params;
use super::folder::Folder;
use super::paint::Paint;
use super::schema::{self, shown};
use crate::args::Inspect;
use crate::show::{self, count};
use facts::Facts;

/// What is known of a plugin.
struct Known {
    reference: String,
    bytes: u64,
    digest: String,
    facts: Facts,
    manifest: Manifest,
    limits: Limits,
    loads: Result<Plugin, LoadError>,
}

pub(super) fn inspect(args: &Inspect) -> anyhow::Result<ExitCode> {
    let reference = reference(&args.reference)?;
    let parsed =
        Reference::parse(&reference, Path::new("")).map_err(|error| Wrong::error(error.to_string()))?;
    let artifact = resolve(&parsed, None).map_err(|error| match error {
        RegistryError::NotWasm
        | RegistryError::Damaged { .. }
        | RegistryError::Toolchain { .. }
        | RegistryError::CoreModule { .. } => anyhow!("plugin `{reference}`: {error}"),
        error => Wrong::error(error.to_string()),
    })?;
    let damaged = |error: &dyn std::fmt::Display| anyhow!("plugin `{reference}`: {error}");
    let known = Known {
        facts: Facts::of(&artifact.component).map_err(|error| damaged(&LoadError::Malformed { error }))?,
        manifest: Manifest::read(&artifact.component).map_err(|error| damaged(&error))?,
        bytes: match &parsed {
            Reference::Path(path) => path.metadata().map_or(0, |found| found.len()),
            Reference::Blueprint(_) => artifact.component.len() as u64,
        },
        digest: artifact.digest,
        limits: Limits::default(),
        loads: Plugin::load(
            &Host::new(show::cache_folder()),
            &artifact.component,
            Settings::new(&*reference),
        ),
        reference,
    };
    show::data(&if args.json { known.json().to_string() } else { known.told(Paint::stdout()) })?;
    Ok(ExitCode::from(u8::from(known.refused().is_some())))
}

/// The file of a folder, or what was written.
fn reference(text: &str) -> anyhow::Result<String> {
    let path = Path::new(text);
    if !path.is_dir() || text.ends_with(".wasm") {
        return Ok(text.to_owned());
    }
    let folder = Folder::open(path)?;
    let file = path.join(&folder.name).with_added_extension("wasm");
    if !file.exists() {
        return Err(Wrong::error(format!(
            "`{}` is not built: run `standpipe plugin build {text}`",
            file.display()
        )));
    }
    Ok(file.display().to_string())
}

impl Known {
    /// Why a host would not load it, whatever its params are.
    fn refused(&self) -> Option<&LoadError> {
        self.loads.as_ref().err().filter(|error| !is_about_params(error))
    }

    fn imports(&self) -> Vec<(String, String)> {
        let allows = |name: &str| allowed(name).unwrap_or("not granted").to_owned();
        self.facts.imports.iter().map(|name| (name.clone(), allows(name))).collect()
    }

    fn limits(&self) -> String {
        let limits = &self.limits;
        format!(
            "memory {}, {} a record, {} to start, output {} and {} a record, {} of log a call, {} metrics",
            Size(limits.memory),
            Period(limits.time_per_record),
            Period(limits.init_time),
            Size(limits.output_per_record),
            count(u64::from(limits.outputs_per_record), "output"),
            Size(limits.log_bytes.into()),
            limits.metrics,
        )
    }

    fn told(&self, paint: Paint) -> String {
        let manifest = &self.manifest;
        let name = manifest.name.as_deref().map_or_else(|| "a plugin without a name".to_owned(), shown);
        let version = manifest.version.as_deref().map(|version| format!(" {}", shown(version)));
        let mut out = paint.bold(format_args!("{name}{}", version.unwrap_or_default()));
        let mut line = |what: &str, value: &str| {
            let _ = write!(out, "\n  {what:<10} {value}");
        };
        line("from", &format!("{}, {}", self.reference, Size(self.bytes)));
        line("digest", &self.digest);
        line("interface", &self.facts.interface());
        let list = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", "),
        };
        rows(&mut line, "imports", &self.imports());
        let members = manifest.params.as_ref().map(schema::members).unwrap_or_default();
        let members: Vec<(String, String)> = members
            .into_iter()
            .map(|member| {
                let about = if member.description.is_empty() { "" } else { ": " };
                (member.name, format!("{}{about}{}", member.kind, member.description))
            })
            .collect();
        match (&manifest.params, members.is_empty()) {
            (None, _) => line("params", "unknown: it has no schema"),
            (Some(_), true) => line("params", "none"),
            (Some(_), false) => rows(&mut line, "params", &members),
        }
        line("columns", &list(&manifest.columns));
        line("metrics", &list(&manifest.metrics));
        line("limits", &self.limits());
        match (&self.loads, self.refused()) {
            (_, Some(error)) => line("loads", &format!("{}: {error}", paint.red("no"))),
            (Ok(_), None) => line("loads", &paint.green("yes")),
            (Err(LoadError::Params { .. }), None) => {
                line("loads", &format!("{}, with params", paint.green("yes")))
            }
            (Err(error), None) => line("loads", &format!("{}, with params: {error}", paint.green("yes"))),
        }
        out
    }

    fn json(&self) -> Value {
        let limits = &self.limits;
        let imports =
            self.imports().into_iter().map(|(name, allows)| json!({"name": name, "allows": allows}));
        let error = self.refused().map(ToString::to_string);
        json!({
            "name": self.manifest.name,
            "version": self.manifest.version,
            "reference": self.reference,
            "bytes": self.bytes,
            "digest": self.digest,
            "interface": self.facts.export,
            "imports": imports.collect::<Vec<_>>(),
            "params": self.manifest.params,
            "columns": self.manifest.columns,
            "metrics": self.manifest.metrics,
            "limits": {
                "memory": limits.memory,
                "time_per_record_ms": u64::try_from(limits.time_per_record.as_millis()).ok(),
                "init_time_ms": u64::try_from(limits.init_time.as_millis()).ok(),
                "output_per_record": limits.output_per_record,
                "outputs_per_record": limits.outputs_per_record,
                "log_bytes": limits.log_bytes,
                "metrics": limits.metrics,
            },
            "loads": error.is_none(),
            "error": error,
        })
    }
}

/// A line for each pair, the second members one below the other.
fn rows(line: &mut impl FnMut(&str, &str), what: &str, pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return line(what, "none");
    }
    let width = pairs.iter().map(|(left, _)| left.chars().count()).max().unwrap_or_default();
    for (number, (left, right)) in pairs.iter().enumerate() {
        line(if number == 0 { what } else { "" }, format!("{:<width$}  {right}", shown(left)).trim_end());
    }
}
