use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::reader::{Context, Reader};
use crate::suggest::nearest;
use crate::syntax::Syntax;
use crate::text::quoted;
use crate::{Api, Buckets, Destination, Finding, Key, Lambda, Plugin, Size, Stream, listen, name, value};

/// What a config file says. Paths in it are relative to the file's folder and are joined to it already.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file's folder, to which the references of plugins are relative.
    pub base: PathBuf,
    /// Where the host keeps what it must not lose. By default `state` beside the file.
    pub state: PathBuf,
    /// Bytes that logs, journals and sealed files of all streams may take. Unless it is said, 80 % of what is free
    /// when the host starts.
    pub quota: Option<u64>,
    /// Bytes of memory for what is gathered for objects, of all streams. What is more goes to the journals.
    pub buffer_memory: u64,
    /// Where the Firehose API listens. Without it there is none.
    pub listen: Option<SocketAddr>,
    /// Where health and metrics are shown. Not where `listen` is, unless the system chooses the port.
    pub admin_listen: Option<SocketAddr>,
    /// How the API answers.
    pub api: Api,
    /// Who may call the API, by name. Anyone when there are none, which is only allowed where no other machine
    /// reaches it.
    pub keys: BTreeMap<String, Key>,
    /// Where buckets live. There is a place whenever a stream has an S3 destination.
    pub buckets: Buckets,
    /// The plugins by name, also those that streams name as `blueprint:NAME` without a table.
    pub plugins: BTreeMap<String, Plugin>,
    /// What stands in for Lambda functions.
    pub lambda: Lambda,
    /// The streams by name. The API makes others.
    pub streams: BTreeMap<String, Stream>,
}

impl Config {
    /// What `quota` may be, and it has to hold this many times what the largest `buffering.size` of destinations and backups says: parcels are
    /// kept open, sealed and delivered at the same time.
    pub const QUOTA: RangeInclusive<u64> = 64 << 20..=1 << 50;
    /// How often the largest parcel has to fit into the quota.
    pub const PARCELS: u64 = 8;
    /// What `buffer_memory` may be.
    pub const BUFFER_MEMORY: RangeInclusive<u64> = 8 << 20..=1 << 40;
    /// What `buffer_memory` is unless it is said.
    pub const USUAL_BUFFER_MEMORY: u64 = 256 << 20;
}

const LATER: &str = "remove it: nothing in this version would use it";

/// Reads the text of a config file that lies in `base`. The config is a draft: whatever could not be read
/// is left out or at its default, so run it only if no finding is an error.
pub fn parse(text: &str, base: &Path) -> (Config, Vec<Finding>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let context = Context::new(base, errors.is_empty());
    let config = read(Reader::new(&context, String::new(), 0..0, document.get_ref()));
    let syntax = Syntax::new(text, document.get_ref(), &errors);
    let mut findings = context.into_findings();
    findings.retain(|finding| !syntax.spoils(finding));
    findings.extend(syntax.into_findings());
    // By place, and those without one at the end.
    findings.sort_by_key(|finding| finding.span.as_ref().map_or((true, 0), |span| (false, span.start)));
    (config, findings)
}

fn read(mut reader: Reader<'_>) -> Config {
    let context = reader.context;
    let state = reader.path_to("state", "write `state = \"./state\"`").map(|state| state.value);
    let quota_place = reader.count(&["quota"]).1;
    let quota = reader.size("quota", Config::QUOTA);
    let buffer_memory = reader.size("buffer_memory", Config::BUFFER_MEMORY);
    let listen = reader.address("listen", listen::API);
    let admin_listen = reader.address("admin_listen", listen::ADMIN);
    let api = reader.table("api").map(Api::read);
    let s3 = reader.table("s3");
    // Where `[s3]` stands with nothing in it. What is wrong within it has a finding of its own.
    let said = reader.count(&["s3"]).0 > 0 && !s3.as_ref().is_some_and(Reader::is_empty);
    let place = s3.as_ref().map(|s3| s3.span.clone());
    let buckets = s3.map_or(Buckets::None, Buckets::read);
    let (plugins, declared) = read_plugins(context, reader.table("plugins"));
    if !reader.means("listen") {
        // The API would make streams.
        reader.require("streams", "add `[streams.NAME]` with a `source` and a `destination`");
    }
    let streams = reader.table("streams");
    let keys = reader.table("keys");
    let lambda = Lambda::read(&mut reader);
    reader.not_yet(&["kafka", "log", "metrics"], LATER);
    let (streams, named) = read_streams(context, streams, reader.means("listen"));
    let keyed = keys.as_ref().map_or_else(|| reader.means("keys"), |keys| !keys.is_empty());
    let keys = Key::read_all(context, keys.as_ref(), &named, &declared);
    let tls = api.as_ref().map_or_else(|| reader.means("api"), |(_, tls)| *tls);
    listen::check(context, listen.as_ref(), admin_listen.as_ref(), keyed, tls);
    reader.finish();

    let mut config = Config {
        state: state.unwrap_or_else(|| value::join(&context.base, "state")),
        base: context.base.clone(),
        quota,
        buffer_memory: buffer_memory.unwrap_or(Config::USUAL_BUFFER_MEMORY),
        listen: listen.map(|listen| listen.value),
        admin_listen: admin_listen.map(|listen| listen.value),
        api: api.map(|(api, _)| api).unwrap_or_default(),
        keys,
        buckets,
        plugins,
        lambda,
        streams,
    };
    report_small_quota(context, quota_place, &config);
    resolve_plugins(context, &declared, &mut config);
    if !said {
        require_buckets(context, place, &config);
    }
    config
}

/// The plugins, and the names of all that have a table.
fn read_plugins(
    context: &Context,
    reader: Option<Reader<'_>>,
) -> (BTreeMap<String, Plugin>, BTreeSet<String>) {
    let mut plugins = BTreeMap::new();
    let mut declared = BTreeSet::new();
    for (name, table) in reader.iter().flat_map(Reader::tables) {
        name::check(context, "plugin", &name);
        declared.insert(name.value.clone());
        if let Some(plugin) = Plugin::read(name, table) {
            plugins.insert(plugin.name.value.clone(), plugin);
        }
    }
    (plugins, declared)
}

/// The streams, and the names of all that have a table. `api` says whether there is an API that may feed them.
fn read_streams(
    context: &Context,
    reader: Option<Reader<'_>>,
    api: bool,
) -> (BTreeMap<String, Stream>, BTreeSet<String>) {
    let mut streams = BTreeMap::new();
    let mut named = BTreeSet::new();
    let mut stdins = Vec::new();
    for (name, table) in reader.iter().flat_map(Reader::tables) {
        name::check(context, "stream", &name);
        named.insert(name.value.clone());
        if let Some(stream) = Stream::read(name, table, api, &mut stdins) {
            streams.insert(stream.name.value.clone(), stream);
        }
    }
    report_second_stdin(context, stdins);
    (streams, named)
}

/// There is one standard input, and whoever reads a line of it has it.
fn report_second_stdin(context: &Context, mut stdins: Vec<Range<usize>>) {
    stdins.sort_by_key(|span| span.start);
    for span in stdins.into_iter().skip(1) {
        let finding = Finding::error("another stream reads standard input already");
        context.report(finding.at(span).with_help("give one stream a `file` as its source"));
    }
}

/// A quota into which the parcels of a stream do not fit would stop it for ever.
fn report_small_quota(context: &Context, place: Range<usize>, config: &Config) {
    let sizes = config.streams.values().flat_map(|stream| {
        let destination = match &stream.destination {
            Destination::S3(s3) => Some(&s3.objects),
            Destination::Discard { .. } => None,
        };
        let backup = stream.backup.as_ref().map(|backup| &backup.objects);
        destination.into_iter().chain(backup).map(|objects| objects.buffering.size)
    });
    let largest = sizes.max().unwrap_or_default();
    let least = largest.saturating_mul(Config::PARCELS);
    if let Some(quota) = config.quota.filter(|quota| *quota < least) {
        let (quota, largest, least) = (Size(quota), Size(largest), Size(least));
        let message =
            format!("`quota` is {quota:#}; the largest `buffering.size`, {largest:#}, needs {least:#}");
        context
            .report(Finding::error(message).at(place).with_help("raise it, or make `buffering.size` less"));
    }
}

/// Adds the blueprints that streams and functions name without a table, and reports names that lead nowhere.
fn resolve_plugins(context: &Context, declared: &BTreeSet<String>, config: &mut Config) {
    let streams = config.streams.values().flat_map(|stream| &stream.transform);
    for name in streams.chain(config.lambda.functions.values()) {
        if declared.contains(&name.value) || config.plugins.contains_key(&name.value) {
            continue;
        }
        if let Some(plugin) = Plugin::undeclared(name) {
            config.plugins.insert(name.value.clone(), plugin);
            continue;
        }
        let finding =
            Finding::error(format!("there is no plugin {}", quoted(&name.value))).at(name.span.clone());
        let help = match nearest(&name.value, declared.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {}?", quoted(meant)),
            None => "add `[plugins.NAME]` with its `source`, or write `blueprint:NAME` for one that comes with the program".to_owned(),
        };
        context.report_absent(finding.with_help(help));
    }
}

/// Whoever has a destination in S3 needs buckets.
fn require_buckets(context: &Context, place: Option<Range<usize>>, config: &Config) {
    let destinations = config.streams.values().filter_map(|stream| match &stream.destination {
        Destination::S3(s3) => Some(s3.span.clone()),
        Destination::Discard { .. } => None,
    });
    if let Some(first) = destinations.min_by_key(|span| span.start) {
        Buckets::require(context, place.unwrap_or(first));
    }
}
