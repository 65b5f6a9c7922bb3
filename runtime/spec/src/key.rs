use std::collections::{BTreeMap, BTreeSet};

use crate::reader::{Context, Reader};
use crate::secret::Secret;
use crate::suggest::nearest;
use crate::text::{list, quoted};
use crate::{AccessKey, Finding, Spanned, name};

/// Somebody who may call the API: `[keys.NAME]`.
///
/// A name in `actions` and `streams` that ends in `*` stands for all that begin with what is before it. A list
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

    /// Reads `[keys]`. A key may name one of `streams`.
    pub(crate) fn read_all(
        context: &Context,
        reader: Option<&Reader<'_>>,
        streams: &BTreeSet<String>,
    ) -> BTreeMap<String, Self> {
        let mut keys = BTreeMap::new();
        let mut ids = Vec::new();
        for (name, table) in reader.into_iter().flat_map(Reader::tables) {
            name::check(context, "key", &name);
            let (_, place) = table.count(&["access_key_id"]);
            if let Some(key) = Self::read(name, table, streams) {
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

    fn read(name: Spanned<String>, mut reader: Reader<'_>, streams: &BTreeSet<String>) -> Option<Self> {
        reader.require("access_key_id", "write `access_key_id = \"env:NAME\"` or `\"file:PATH\"`");
        reader.require("secret_access_key", "write `secret_access_key = \"env:NAME\"` or `\"file:PATH\"`");
        let id = Secret::read_from(&mut reader, "access_key_id");
        let secret = Secret::read_from(&mut reader, "secret_access_key");
        let session_token = Secret::read_from(&mut reader, "session_token");
        let actions = names(&mut reader, "actions", "[\"PutRecord\"]", |_, action| action_problem(action));
        let streams = names(&mut reader, "streams", "[\"web\"]", |context, stream| {
            stream_problem(stream, streams, context.whole)
        });
        reader.finish();
        let access = AccessKey { id: id?, secret: secret?, session_token };
        Some(Self { name, access, actions, streams })
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

/// `whole` says whether a stream that is not among those known is not there.
fn stream_problem(stream: &str, streams: &BTreeSet<String>, whole: bool) -> Option<Problem> {
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
    // What has no streams at all has a finding that says so.
    if streams.contains(stream) || streams.is_empty() || !whole {
        return None;
    }
    // An ARN ends in the name.
    let alone = stream.rsplit('/').next().unwrap_or(stream);
    let help = match nearest(alone, streams.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None => "write the name of a stream of this file, or `NAME*` for all that begin so".to_owned(),
    };
    Some((format!("there is no stream {}", quoted(stream)), help))
}

fn stars(name: &str) -> Problem {
    let start = name.split('*').next().unwrap_or_default();
    let message = format!("{} has a `*` elsewhere than at its end", quoted(name));
    (message, format!("write {}", quoted(&format!("{start}*"))))
}
