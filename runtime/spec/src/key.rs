use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::reader::{Context, Reader};
use crate::secret::Secret;
use crate::suggest::nearest;
use crate::text::{list, quoted};
use crate::{AccessKey, Finding, Spanned, name};

/// Somebody who may call the API: `[keys.NAME]`.
///
/// A name in a list that ends in `*` stands for all that begin with what is before it. A list
/// that is not said is `*` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name, for logs.
    pub name: Spanned<String>,
    /// What requests are signed with.
    pub access: AccessKey,
    /// The actions that it may call: of [`ACTIONS`](Self::ACTIONS).
    pub actions: Vec<String>,
    /// The streams that it may call them for.
    pub streams: Vec<String>,
    /// The buckets that a stream may have which it makes or changes.
    pub buckets: Vec<String>,
    /// The plugins that such a stream may have: of [`Config::plugins`](crate::Config::plugins).
    pub plugins: Vec<String>,
}

/// What is wrong with a name in a list, and what to write.
type Problem = (String, String);

impl Key {
    /// The actions of the API.
    pub const ACTIONS: [&str; 12] = [
        "CreateDeliveryStream",
        "DeleteDeliveryStream",
        "DescribeDeliveryStream",
        "ListDeliveryStreams",
        "ListTagsForDeliveryStream",
        "PutRecord",
        "PutRecordBatch",
        "StartDeliveryStreamEncryption",
        "StopDeliveryStreamEncryption",
        "TagDeliveryStream",
        "UntagDeliveryStream",
        "UpdateDestination",
    ];

    /// Reads `[keys]`. A key may name one of `plugins`, and any stream: the API makes others than `streams`.
    pub(crate) fn read_all(
        context: &Context,
        reader: Option<&Reader<'_>>,
        streams: &BTreeSet<String>,
        plugins: &BTreeSet<String>,
    ) -> BTreeMap<String, Self> {
        let mut keys = BTreeMap::new();
        let mut ids = Vec::new();
        for (name, table) in reader.into_iter().flat_map(Reader::tables) {
            name::check(context, "key", &name);
            let (_, place) = table.count(&["access_key_id"]);
            if let Some(key) = Self::read(name, table, streams, plugins) {
                ids.push((place, key.name.value.clone(), key.access.id.clone()));
                keys.insert(key.name.value.clone(), key);
            }
        }
        ids.sort_by_key(|(place, ..)| place.start);
        for (number, (place, _, id)) in ids.iter().enumerate() {
            if let Some((_, first, _)) = ids.iter().take(number).find(|(.., earlier)| earlier == id) {
                let first = quoted(&format!("keys.{first}"));
                let finding = Finding::error(format!("`access_key_id` is that of {first}"));
                let help = format!("give each key an id of its own, or write all that it may do in {first}");
                context.report(finding.at(place.clone()).with_help(help));
            }
        }
        keys
    }

    fn read(
        name: Spanned<String>,
        mut reader: Reader<'_>,
        streams: &BTreeSet<String>,
        plugins: &BTreeSet<String>,
    ) -> Option<Self> {
        reader.require("access_key_id", "write `access_key_id = \"env:NAME\"` or `\"file:PATH\"`");
        reader.require("secret_access_key", "write `secret_access_key = \"env:NAME\"` or `\"file:PATH\"`");
        let id = Secret::read_from(&mut reader, "access_key_id");
        let secret = Secret::read_from(&mut reader, "secret_access_key");
        let session_token = Secret::read_from(&mut reader, "session_token");
        let actions = names(&mut reader, "actions", "[\"PutRecord\"]", |_, action| action_problem(action));
        let (_, place) = reader.count(&["streams"]);
        let known = streams;
        let streams = names(&mut reader, "streams", "[\"web\"]", |_, stream| stream_problem(stream, known));
        warn_of_strangers(reader.context, &streams, known, place);
        let buckets = names(&mut reader, "buckets", "[\"logs\"]", |_, bucket| bucket_problem(bucket));
        let plugins = names(&mut reader, "plugins", "[\"mask\"]", |context, plugin| {
            plugin_problem(plugin, plugins, context.whole)
        });
        reader.finish();
        let access = AccessKey { id: id?, secret: secret?, session_token };
        Some(Self { name, access, actions, streams, buckets, plugins })
    }
}

/// The names at `key`. Of a list that is wrong, no more than what is right in it.
fn names(
    reader: &mut Reader<'_>,
    key: &'static str,
    example: &str,
    problem: impl Fn(&Context, &str) -> Option<Problem>,
) -> Vec<String> {
    let help = "it would allow nothing; remove the line to allow all";
    let Some(names) = reader.some_strings(key, example, help) else { return vec!["*".to_owned()] };
    let context = reader.context;
    let good = names.into_iter().filter(|name| match problem(context, &name.value) {
        Some((message, help)) => {
            context.report(Finding::error(message).at(name.span.clone()).with_help(help));
            false
        }
        None => true,
    });
    good.map(|name| name.value).collect()
}

fn action_problem(action: &str) -> Option<Problem> {
    // Policies of AWS write the service before it.
    let alone = action.strip_prefix("firehose:").unwrap_or(action);
    let meant = match alone.strip_suffix('*') {
        Some(start) if start.contains('*') => return Some(stars(action)),
        Some(start) => {
            let begins = |known: &&str| {
                known.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
            };
            let begin =
                Key::ACTIONS.iter().find(|known| begins(known)).and_then(|known| known.get(..start.len()));
            begin.map(|begin| format!("{begin}*"))
        }
        None if alone.contains('*') => return Some(stars(action)),
        None => nearest(alone, Key::ACTIONS).map(str::to_owned),
    };
    if meant.as_deref() == Some(action) {
        return None;
    }
    let message = match action.ends_with('*') {
        true => format!("no action begins as {} says", quoted(action)),
        false => format!("there is no action {}", quoted(action)),
    };
    let help = match meant {
        Some(meant) => format!("did you mean {}?", quoted(&meant)),
        None => format!("the actions are {}", list(Key::ACTIONS)),
    };
    Some((message, help))
}

fn stream_problem(stream: &str, streams: &BTreeSet<String>) -> Option<Problem> {
    if let Some(start) = stream.strip_suffix('*').filter(|start| !start.contains('*')) {
        let problem = match start {
            "" | "." | ".." => None,
            _ => name::problem(start),
        };
        let message = |problem| format!("{} stands for no name; {problem}", quoted(stream));
        return problem.map(|problem| (message(problem), "write `NAME*`".to_owned()));
    }
    if stream.contains('*') {
        return Some(stars(stream));
    }
    let problem = name::problem(stream)?;
    // An ARN ends in the name.
    let alone = stream.rsplit('/').next().unwrap_or(stream);
    let help = match nearest(alone, streams.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None => "write the name of a stream of this file, or `NAME*` for all that begin so".to_owned(),
    };
    Some((format!("{} is no stream; {problem}", quoted(stream)), help))
}

/// A stream that is not in the file may be one that the API makes, or a slip of the pen.
fn warn_of_strangers(context: &Context, streams: &[String], known: &BTreeSet<String>, place: Range<usize>) {
    for stream in streams.iter().filter(|stream| !stream.ends_with('*') && !known.contains(*stream)) {
        if let Some(meant) = nearest(stream, known.iter().map(String::as_str)) {
            let message = format!("{} is not in this file: the API would have to make it", quoted(stream));
            let help = format!("did you mean {}?", quoted(meant));
            context.report_absent(Finding::warning(message).at(place.clone()).with_help(help));
        }
    }
}

fn bucket_problem(bucket: &str) -> Option<Problem> {
    let alone = bucket.strip_suffix('*').unwrap_or(bucket);
    if alone.contains('*') {
        return Some(stars(bucket));
    }
    if alone.is_empty() && alone != bucket {
        return None;
    }
    let help = match alone.strip_prefix("arn:aws:s3:::") {
        Some(name) => format!("write {}", quoted(name)),
        None => "write the name of a bucket, or `NAME*` for all that begin so".to_owned(),
    };
    let problem = match alone.starts_with("arn:") {
        true => Some("a bucket is named here without its ARN".to_owned()),
        false => crate::bucket::problem(alone),
    };
    problem.map(|problem| (format!("{} stands for no bucket; {problem}", quoted(bucket)), help))
}

/// `whole` says whether a plugin that is not among those known is not there.
fn plugin_problem(plugin: &str, plugins: &BTreeSet<String>, whole: bool) -> Option<Problem> {
    match plugin.strip_suffix('*') {
        Some(start) => return start.contains('*').then(|| stars(plugin)),
        None if plugin.contains('*') => return Some(stars(plugin)),
        None => {}
    }
    if plugins.contains(plugin) || plugin.starts_with("blueprint:") || !whole {
        return None;
    }
    let help = match nearest(plugin, plugins.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None => "write the name of a plugin of this file, or `NAME*` for all that begin so".to_owned(),
    };
    Some((format!("there is no plugin {}", quoted(plugin)), help))
}

fn stars(name: &str) -> Problem {
    let start = name.split('*').next().unwrap_or_default();
    let message = format!("{} has a `*` elsewhere than at its end", quoted(name));
    (message, format!("write {}", quoted(&format!("{start}*"))))
}
