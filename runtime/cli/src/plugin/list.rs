use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use standpipe_plugin::Manifest;
use standpipe_registry::{Blueprint, Reference, blueprints, resolve};
use standpipe_spec::{Config, Size};

use super::embedded;
use super::folder::MANIFEST;
use super::schema::shown;
use crate::args::List;
use crate::check::{WRONG, find};
use crate::show;

pub(super) fn list(args: &List) -> anyhow::Result<ExitCode> {
    let config = match args.config.as_deref().map(find).transpose() {
        Ok(config) => config,
        Err(told) => {
            show::line(&told);
            return Ok(ExitCode::from(WRONG));
        }
    };
    let mut rows = blueprints().iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let mut good = true;
    if let Some(file) = &config {
        rows.push(Default::default());
        for (name, row) in of_config(&file.draft) {
            good &= row.is_ok();
            match row {
                Ok(row) => rows.push(row),
                Err(error) => rows.push([name, "-".into(), "-".into(), error]),
            }
        }
    }
    show::data(table(&rows).trim_end())?;
    Ok(ExitCode::from(u8::from(!good)))
}

fn row(blueprint: &Blueprint) -> Result<[String; 4], standpipe_registry::Error> {
    let component = blueprint.component()?;
    let size = Size(component.len() as u64).to_string();
    Ok([blueprint.name.to_owned(), version(&component), size, description(blueprint.name)])
}

fn version(component: &[u8]) -> String {
    let version = Manifest::read(component).ok().and_then(|manifest| manifest.version);
    version.map_or_else(|| "-".to_owned(), |version| shown(&version))
}

/// What a blueprint's source says it is.
fn description(name: &str) -> String {
    let folder = format!("blueprints/{name}");
    let manifest = embedded::text(&format!("{folder}/{MANIFEST}"));
    let manifest = manifest.and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let Some(said) = manifest.as_ref().and_then(|manifest| manifest.get("description")?.as_str()) {
        return said.to_owned();
    }
    let cargo = embedded::text(&format!("{folder}/Cargo.toml")).unwrap_or_default();
    if let Some(said) = cargo.lines().find_map(|line| line.strip_prefix("description = ")) {
        return said.trim_matches('"').to_owned();
    }
    first_sentence(embedded::text(&format!("{folder}/README.md")).unwrap_or_default())
}

/// The first sentence below a text's heading, on one line and without its full stop.
fn first_sentence(text: &str) -> String {
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let first = paragraphs.find(|paragraph| !paragraph.is_empty() && !paragraph.starts_with('#'));
    let line = shown(first.unwrap_or_default());
    line.split(['.', ':', ';']).next().unwrap_or_default().to_owned()
}

/// The plugins of a config file, with what they are or why they cannot be read.
fn of_config(config: &Config) -> Vec<(String, Result<[String; 4], String>)> {
    let mut rows = Vec::new();
    for (name, plugin) in &config.plugins {
        let read = || {
            let reference = Reference::parse(&plugin.source.value, Path::new(&config.base));
            let reference = reference.map_err(|error| error.to_string())?;
            let pinned = plugin.digest.as_ref().map(|digest| digest.value.as_str());
            let artifact = resolve(&reference, pinned).map_err(|error| error.to_string())?;
            let (version, size) = (version(&artifact.component), Size(artifact.component.len() as u64));
            let uses =
                |stream: &&standpipe_spec::Stream| stream.transform.iter().any(|used| used.value == *name);
            let streams: Vec<&str> =
                config.streams.values().filter(uses).map(|stream| stream.name.value.as_str()).collect();
            let used = match streams.as_slice() {
                [] => "used by no stream".to_owned(),
                streams => format!("used by {}", streams.join(", ")),
            };
            Ok([name.clone(), version, size.to_string(), format!("{reference}, {used}")])
        };
        rows.push((name.clone(), read()));
    }
    rows
}

fn table(rows: &[[String; 4]]) -> String {
    let width = |column| show::width(rows, column);
    let (names, versions, sizes) = (width(0), width(1), width(2));
    let lines = rows.iter().map(|[name, version, size, about]| {
        let line = format!("{name:<names$}  {version:<versions$}  {size:>sizes$}  {about}");
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_found_below_the_heading() {
        assert_eq!(first_sentence("# a\n\nLines of CSV\nto JSON. More.\n"), "Lines of CSV to JSON");
        assert_eq!(first_sentence("# a\n"), "");
    }

    #[test]
    fn every_blueprint_says_what_it_is() {
        for blueprint in blueprints() {
            let [name, version, _, about] = row(blueprint).unwrap();
            assert!(version != "-" && !about.is_empty(), "{name}: {version} {about}");
        }
    }
}
