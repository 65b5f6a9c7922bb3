use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use standpipe_spec::Size;

/// Write a plugin: make its folder, build it, test it, measure it, look into it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples, from nothing to a plugin that runs:
  standpipe plugin new python mask && cd mask
  standpipe plugin build
  standpipe plugin test
  standpipe pipe --plugin ./mask.wasm --params '{\"zones\":[\"eu\"]}' events.jsonl")]
pub(crate) struct Plugin {
    #[command(subcommand)]
    pub(crate) command: PluginCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    New(New),
    Build(Build),
    Test(Test),
    Bench(Bench),
    Inspect(Inspect),
    List(List),
}

/// Make a folder with a plugin that builds and tests at once.
///
/// LANG is one of rust, javascript (js), typescript (ts), python (py), go, c, c++ (cpp), zig and assemblyscript (as). The
/// folder holds everything that the plugin needs but the compiler: source, cases, and the SDK in `sdk`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "standpipe plugin new [OPTIONS] <LANG> <NAME>
       standpipe plugin new --blueprint <BLUEPRINT> [LANG] <NAME>")]
#[command(after_help = "Examples:
  standpipe plugin new python mask
  standpipe plugin new ts plugins/mask              # in another folder
  standpipe plugin new --blueprint apache-log-to-json access")]
pub(crate) struct New {
    /// The language, which a blueprint knows by itself, and the plugin's name: also the folder's, where it may stand
    /// behind a path.
    #[arg(value_name = "LANG> <NAME", required = true, num_args = 1..=2)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) words: Vec<String>,
    /// Start from the source of this blueprint: `standpipe plugin list` shows them.
    #[arg(long, value_name = "BLUEPRINT")]
    pub(crate) blueprint: Option<String>,
}

/// Build the plugin in a folder.
///
/// Finds the compiler, or says what to install; packages of a language are installed once, for all plugins, in
/// `~/.cache/standpipe/tools`. The result is NAME.wasm in the folder, checked by loading it once. Exits with 1 when it
/// cannot be built.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe plugin build
  standpipe plugin build mask --watch")]
pub(crate) struct Build {
    /// The plugin's folder.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Show what the compiler says also when it is content.
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Build again whenever a source changes, until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
}

/// What a plugin is run from.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// The plugin's folder, which is built first if its sources are newer; or a `.wasm` file, or the name of a blueprint.
    #[arg(value_name = "DIR|WASM", default_value = ".")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) source: String,
    /// Where the cases lie. By default `cases` in the folder, or beside the file.
    #[arg(long, value_name = "DIR")]
    pub(crate) cases: Option<PathBuf>,
    /// The plugin's params, a JSON object, in place of those that lie with the cases.
    #[arg(long, value_name = "JSON")]
    pub(crate) params: Option<String>,
    /// The memory that the plugin may have.
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<Size>,
    /// The time that a record may take, in milliseconds. Cases count instructions: a million for each.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) time: Option<u64>,
}

/// Run a plugin over its cases and compare what comes out.
///
/// A case is `cases/NAME.in` (or .log, .jsonl, .csv, .txt), a record a line, or `NAME.records`, JSON lines with `payload` or
/// `base64`, `arrival_ms` and `columns`. Beside it lie `NAME.out`, `NAME.failed`, `NAME.dropped` and `NAME.columns`, or
/// `NAME.sum` in place of these; params are in `NAME.params.json` or `params.json`. Time is counted in instructions (fuel),
/// so a run gives the same every time. Exits with 1 when something differs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe plugin test
  standpipe plugin test mask --watch
  standpipe plugin test mask.wasm --cases more-cases
  standpipe plugin test --bless            # what comes out now is right: read the diff of the files")]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Write what comes out into the expected files.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) bless: bool,
    /// Test again whenever a source or a case changes, until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Measure a plugin.
///
/// Runs the lines of a file, or those of the cases, over and over, and says what a record costs in a batch and alone, what a
/// start costs, and how far memory grows. Compares with the last run, kept in `.standpipe/bench.json`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe plugin bench
  standpipe plugin bench mask.wasm --input access.log --params '{\"fields\":[\"user\"]}'
  standpipe plugin bench --json")]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) source: Source,
    /// A file whose lines are the records.
    #[arg(long, value_name = "FILE", conflicts_with = "cases")]
    pub(crate) input: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show what a plugin is: its name, interface, imports, params and limits.
///
/// Exits with 1 when the host would not load it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe plugin inspect mask.wasm
  standpipe plugin inspect apache-log-to-json --json")]
pub(crate) struct Inspect {
    /// A `.wasm` file, a plugin's folder, or the name of a blueprint.
    #[arg(value_name = "REF", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reference: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// List the blueprints, and the plugins of a config file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe plugin list
  standpipe plugin list --config standpipe.toml")]
pub(crate) struct List {
    /// List the plugins of this config file, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}
