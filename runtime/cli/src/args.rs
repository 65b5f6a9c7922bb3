mod plugin;
pub(crate) mod stream;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use plugin::{Bench, Build, Inspect, List, New, Plugin, PluginCommand, Source, Test};
pub(crate) use stream::Stream;

/// Amazon Data Firehose that you run yourself, with WebAssembly in place of Lambda.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How the log is written to standard error. `STANDPIPE_LOG` sets its level (`debug`, `plugin=trace`).
    #[arg(long, global = true, display_order = 50)]
    #[arg(value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Pipe(Pipe),
    Run(Run),
    Reload(Reload),
    Retry(Retry),
    Check(Check),
    Status(Status),
    Stream(Stream),
    Log(Log),
    Plugin(Plugin),
}

/// Send lines through plugins to standard output.
///
/// Exits with 0 when every record went through or failed by itself, with 1 when something could not be read or
/// written, or with `--strict` when any record failed, and with 2 when a plugin or a flag is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = help_of_pipe())]
pub(crate) struct Pipe {
    /// A plugin: a path to a `.wasm` file or the name of a blueprint. Give it again for the next one in the chain.
    #[arg(long = "plugin", value_name = "REF", required = true)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) plugins: Vec<String>,
    /// The plugin's params, a JSON object. Given again, they are the next plugin's.
    #[arg(long, value_name = "JSON")]
    pub(crate) params: Vec<String>,
    /// Write records that failed to FILE, a JSON line each. Without it the first few are shown at the end.
    #[arg(long, value_name = "FILE")]
    pub(crate) failed: Option<PathBuf>,
    /// Exit with 1 if any record failed.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Files to read, in order; `-` is standard input. Without any, standard input.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

fn help_of_pipe() -> String {
    let names: Vec<&str> = standpipe_registry::blueprints().iter().map(|known| known.name).collect();
    format!(
        "Blueprints, the plugins that come with the program:
  {}

Examples:
  standpipe pipe --plugin apache-log-to-json access.log
  tail -f access.log | standpipe pipe --plugin apache-log-to-json --failed failed.jsonl
  standpipe pipe --plugin ./mine.wasm --params '{{\"field\":\"user\"}}' events.jsonl",
        names.join(", ")
    )
}

/// Run the streams of a config file.
///
/// SIGTERM and Ctrl-C end it in order: nothing more is read, and what was read is kept. The next run delivers it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe run standpipe.toml
  standpipe run --drain            # end once all files are read and delivered")]
pub(crate) struct Run {
    /// The config file.
    #[arg(default_value = "standpipe.toml")]
    pub(crate) config: PathBuf,
    /// End once the sources have ended and everything is delivered.
    #[arg(long)]
    pub(crate) drain: bool,
    /// With `--drain`: how long a destination may refuse for a reason that waiting cannot mend (a missing bucket, wrong
    /// keys) before the run ends with 1. What is not delivered is kept.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) patience: u64,
    /// Give up, for good, the records of a stream that is no longer in the config.
    #[arg(long, value_name = "STREAM")]
    pub(crate) abandon: Vec<String>,
}

/// Have the host that runs read its config file again.
///
/// The file is checked first: one with a mistake changes nothing. Streams, plugins, keys and rates change while records
/// come in; `state`, `quota`, `listen` and the like want a new start. SIGHUP does the same and tells the host's log.
/// Exits with 0 when the file holds, with 1 when no host runs, and with 2 when something is wrong with the file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  standpipe reload\n  standpipe reload /etc/standpipe.toml")]
pub(crate) struct Reload {
    /// The config file.
    #[arg(default_value = "standpipe.toml")]
    pub(crate) config: PathBuf,
}

/// Go on with a stream that stopped because the key of an object is taken by other bytes.
///
/// Tries everything that waits for its delivery once. What cannot have its key gets a new one, which the next run uses.
/// The host must not be running.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  standpipe retry web --new-key")]
pub(crate) struct Retry {
    /// The stream.
    pub(crate) stream: String,
    /// Give objects whose keys are taken new ones.
    #[arg(long, required = true)]
    pub(crate) new_key: bool,
    /// The config file.
    #[arg(default_value = "standpipe.toml")]
    pub(crate) config: PathBuf,
}

/// Check a config file, and load its plugins, without running anything.
///
/// Shows everything that is wrong at once and exits with 2 if anything is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  standpipe check standpipe.toml")]
pub(crate) struct Check {
    /// The config file.
    #[arg(default_value = "standpipe.toml")]
    pub(crate) config: PathBuf,
}

/// Show what the state folder holds: records in logs, in open parcels, and waiting for their delivery.
///
/// It reads only, also while a host runs with the same folder. It reads journals and the newest segment of each log;
/// `standpipe log verify` reads every byte. Exits with 1 if something is corrupt or cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  standpipe status\n  standpipe status /etc/standpipe.toml")]
pub(crate) struct Status {
    /// The config file.
    #[arg(default_value = "standpipe.toml")]
    pub(crate) config: PathBuf,
}

/// Look into the logs, journals and parcels of a state folder, also while a host runs with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    pub(crate) command: LogCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// List segments, journals, open parcels, sealed files and sources, with positions and sizes.
    #[command(
        after_help = "Examples:\n  standpipe log inspect state\n  standpipe log inspect state/streams/web\n  standpipe log inspect state --record AbCd…    # where is the record with this id?"
    )]
    Inspect(LogInspect),
    /// Check every checksum and say what recovery would do. Exits with 1 if something is corrupt or missing.
    #[command(
        after_help = "Examples:\n  standpipe log verify state\n  standpipe log verify state/streams/web/lane-0"
    )]
    Verify(LogFolder),
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogInspect {
    #[command(flatten)]
    pub(crate) folder: LogFolder,
    /// Show where the record is that a producer was told this id of. Exits with 1 if this host has given out no such id.
    #[arg(long, value_name = "ID")]
    pub(crate) record: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogFolder {
    /// A state folder, or any folder in it.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
