use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Subcommand, ValueEnum};
use standpipe_spec::{Period, Size};

/// Call a host's Firehose API: list, make, change and delete streams, put records, tag.
///
/// The host is the one at `--endpoint-url`, or where AWS_ENDPOINT_URL_FIREHOSE or AWS_ENDPOINT_URL leads, or the one of the
/// config file: where that says `listen`. Calls are signed by the key of the config file that `--key` names, or by its only
/// key; else by AWS's variables of the environment, or a profile of AWS's shared files. A host without keys asks for none.
/// Exits with 1 when a call is refused or fails, and with 2 when something is wrong with what was asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream list
  standpipe stream create web --bucket logs --prefix 'web/!{timestamp:yyyy/MM/dd/HH}/' \\
      --error-output-prefix failed/ --compression gzip
  standpipe stream put web access.log
  standpipe stream list --endpoint-url https://firehose.example.com:4573 --ca-bundle ca.pem")]
pub(crate) struct Stream {
    #[command(subcommand)]
    pub(crate) command: StreamCommand,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// Which host is called, and by whom.
#[derive(Debug, clap::Args)]
pub(crate) struct HostArgs {
    /// The URL of the host's API.
    #[arg(long, global = true, value_name = "URL", display_order = 40)]
    pub(crate) endpoint_url: Option<String>,
    /// The config file of the host. By default `standpipe.toml`.
    #[arg(long, global = true, value_name = "FILE", display_order = 41)]
    pub(crate) config: Option<PathBuf>,
    /// The key of the config file, `[keys.NAME]`, that signs.
    #[arg(long, global = true, value_name = "NAME", display_order = 42)]
    pub(crate) key: Option<String>,
    /// Trust the certificates of this file, in PEM, and no others. By default AWS_CA_BUNDLE, or those of the system.
    #[arg(long, global = true, value_name = "FILE", display_order = 43)]
    pub(crate) ca_bundle: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StreamCommand {
    List(List),
    Describe(Describe),
    Create(Box<Create>),
    Update(Box<Update>),
    Put(Put),
    Delete(Delete),
    Tags(Tags),
}

/// List the streams: name, status, version, and where the objects go.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream list
  standpipe stream list --names | grep '^web-'")]
pub(crate) struct List {
    /// Names only, which takes fewer calls.
    #[arg(long)]
    pub(crate) names: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show what a stream is and does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream describe web
  standpipe stream describe web --json     # as the service answers")]
pub(crate) struct Describe {
    /// The stream.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Print the service's answer.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What the objects of a stream are, and what is done with its records.
#[derive(Debug, Default, PartialEq, clap::Args)]
pub(crate) struct Settings {
    /// What the keys of objects begin with; it may hold expressions such as `!{timestamp:yyyy/MM/dd/HH}`.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// What the keys of failed records begin with. A prefix with expressions wants one.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) error_output_prefix: Option<String>,
    /// How objects are compressed.
    #[arg(long, value_enum)]
    pub(crate) compression: Option<Compression>,
    /// An object is closed at this size, whole MiB: `5MiB`.
    #[arg(long, value_name = "SIZE")]
    pub(crate) buffer_size: Option<Size>,
    /// An object is closed at this age, whole seconds: `300s`.
    #[arg(long, value_name = "TIME")]
    pub(crate) buffer_interval: Option<Period>,
    /// The time zone of the times in prefixes: `Europe/Berlin`.
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// What the keys of objects end with: `.json.gz`.
    #[arg(long, value_name = "EXTENSION")]
    pub(crate) file_extension: Option<String>,
    /// What transforms records: a Lambda function, for which a plugin stands in under `[lambda]` in the config of the host. A
    /// name alone is one of the host's own account. `''` for none.
    #[arg(long, value_name = "ARN|NAME")]
    pub(crate) lambda: Option<String>,
    /// Partition by the keys that this jq query makes: `{user: .user.id}`.
    #[arg(long, value_name = "JQ", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) partition_query: Option<String>,
    /// Add a newline behind each record in objects.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) append_newline: Option<bool>,
    /// Keep the source records in this bucket, too.
    #[arg(long, value_name = "BUCKET", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) backup_bucket: Option<String>,
    /// What the keys of source records begin with.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) backup_prefix: Option<String>,
    /// The ARN of a role, which nothing here looks up. By default `arn:aws:iam::ACCOUNT:role/standpipe`.
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) role: Option<String>,
}

/// Firehose's compressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compression {
    Gzip,
    Zip,
    Snappy,
    HadoopSnappy,
    None,
}

/// Make a stream.
///
/// Prints its ARN once it is active, and what the same stream is in the config file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream create web --bucket logs --compression gzip --buffer-interval 60s
  standpipe stream create web --bucket logs --lambda apache-log-to-json --append-newline
  standpipe stream create web --bucket logs --partition-query '{user: .user.id}' \\
      --prefix 'user=!{partitionKeyFromQuery:user}/' --error-output-prefix failed/
  standpipe stream create web --json request.json     # as `aws firehose --cli-input-json` takes it")]
pub(crate) struct Create {
    /// The stream's name.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Where its objects go.
    #[arg(long, value_name = "BUCKET", required_unless_present = "json")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) bucket: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Tag it. Give it again for another tag.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
    /// The whole request, in place of flags: the JSON of CreateDeliveryStream in FILE; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bucket", "tags"])]
    pub(crate) json: Option<PathBuf>,
    /// Do not wait until it is active.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// Change what is given of a stream; the rest stays.
///
/// Records that were put and are not in an object yet leave by what holds then.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream update web --buffer-interval 60s
  standpipe stream update web --lambda ''              # no transform any more
  standpipe stream update web --json update.json       # an ExtendedS3DestinationUpdate")]
pub(crate) struct Update {
    /// The stream.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Where its objects go.
    #[arg(long, value_name = "BUCKET", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) bucket: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// What changes, in place of flags: an ExtendedS3DestinationUpdate in FILE; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "bucket")]
    pub(crate) json: Option<PathBuf>,
}

/// Put lines into a stream, a record each.
///
/// A record is the line with its newline, so that objects have lines; a last line without one gets it. Records that the
/// host refuses for the moment are sent again. A line over 1,024,000 bytes is told and left out. Exits with 1 when a line
/// was left out, or the records could not all be put; then it says where to go on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream put web access.log
  tail -f access.log | standpipe stream put web
  standpipe stream put web --data '{\"a\":1}'      # prints the record's id")]
pub(crate) struct Put {
    /// The stream.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Files to read, in order; `-` is standard input. Without any, standard input.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Leave the newline out of the records.
    #[arg(long)]
    pub(crate) no_newline: bool,
    /// Put this one record, as it is, and print its id.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["files", "no_newline"])]
    pub(crate) data: Option<String>,
}

/// Delete a stream, with the records that it has not delivered.
///
/// Objects stay where they are. Returns once the stream is gone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream delete web
  standpipe stream delete web --yes      # without being asked")]
pub(crate) struct Delete {
    /// The stream.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// List a stream's tags, or set and remove some.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  standpipe stream tags web
  standpipe stream tags web --set team=search --set stage=live --remove owner")]
pub(crate) struct Tags {
    /// The stream.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Set a tag. Give it again for another.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Remove a tag. Give it again for another.
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) remove: Vec<String>,
    /// Print JSON.
    #[arg(long, conflicts_with_all = ["set", "remove"])]
    pub(crate) json: bool,
}

/// A tag as it is written.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE; the value may be empty".to_owned()),
    }
}
