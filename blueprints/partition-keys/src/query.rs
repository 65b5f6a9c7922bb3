//! A query: read once, run for each record.

use jaq_core::compile::Undefined;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;
use jaq_core::load::{Arena, Error, File, Loader, parse};
use jaq_core::{Compiler, Ctx, Filter, Vars};
use jaq_json::{Map, Val};
use standpipe_sdk::Failure;

use crate::builtins::{Data, Kind, defined, native};
use crate::text::said;

/// How long the text may be, in bytes: Firehose's limit of a processor's parameter.
const MAX_BYTES: usize = 5_120;
/// How deep brackets may be nested.
const MAX_NESTING: usize = 100;
/// How many keys there may be: Firehose's limit.
const MAX_KEYS: usize = 50;

/// How long a key may be, in bytes: with a prefix of the same length the host still takes it for a column.
const MAX_NAME: usize = 128;

/// A compiled query, and the keys that it makes.
pub(crate) struct Query {
    filter: Filter<Kind>,
    /// In the order in which the query has them.
    pub(crate) keys: Vec<String>,
}

impl Query {
    /// Reads a query. Says what is wrong with it, and where.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!(
                "`query` has {} bytes, at most {MAX_BYTES} are taken: make it shorter",
                text.len()
            ));
        }
        if nesting(text) > MAX_NESTING {
            return Err(format!("`query` has brackets more than {MAX_NESTING} deep"));
        }
        let arena = Arena::default();
        let modules = Loader::new(defined()).load(&arena, File { code: text, path: () });
        let modules = modules.map_err(|errors| first_error(text, errors))?;
        let keys = keys(text)?;
        let filter = Compiler::default().with_funs(native()).compile(modules);
        let filter = filter.map_err(|errors| {
            let found = errors.into_iter().flat_map(|(_, errors)| errors).next();
            match found {
                Some((name, what)) => undefined(text, name, &what),
                None => "`query` cannot be compiled".to_owned(),
            }
        })?;
        Ok(Self { filter, keys })
    }

    /// Runs the query over a value: the members of the one object that it makes of it.
    pub(crate) fn run(&self, value: Val, arrival_ms: u64) -> Result<std::rc::Rc<Map>, Failure> {
        let data = Data { lut: &self.filter.lut, arrival_ms };
        let mut results = self.filter.id.run((Ctx::<Kind>::new(data, Vars::new([])), value));
        let failed = |exception: jaq_core::Exn<'_, Val>| match exception.get_err() {
            Ok(error) => Failure::new("query-failed", said(error)),
            Err(_) => Failure::new("query-failed", "the query stopped"),
        };
        let Some(first) = results.next() else {
            return Err(Failure::new("no-result", "the query makes nothing of this record"));
        };
        let Val::Obj(members) = first.map_err(failed)? else {
            return Err(Failure::new("not-an-object", "the query makes something else than an object"));
        };
        // One more is asked for, not all: a query may have no last one.
        match results.next() {
            None => Ok(members),
            Some(Ok(_)) => {
                Err(Failure::new("several-results", "the query makes more than one object of this record"))
            }
            Some(Err(exception)) => Err(failed(exception)),
        }
    }
}

/// The keys of a query: it has to be one object, and its keys plain names.
fn keys(text: &str) -> Result<Vec<String>, String> {
    let Some(Term::Obj(members)) = parse(text, |parser| parser.term()) else {
        return Err("`query` is no object: write one such as `{customer_id: .customer_id}`".to_owned());
    };
    if members.is_empty() {
        return Err("`query` has no key: write one such as `{customer_id: .customer_id}`".to_owned());
    }
    if members.len() > MAX_KEYS {
        return Err(format!("`query` has {} keys, at most {MAX_KEYS} are taken", members.len()));
    }
    let mut keys = Vec::with_capacity(members.len());
    for (at, (key, _)) in members.iter().enumerate() {
        let Some(name) = name(key) else {
            return Err(format!("key {} of `query` is not a plain name: it is computed", at + 1));
        };
        if name.is_empty() || name.len() > MAX_NAME || name.contains(char::is_control) {
            let many = name.len();
            return Err(format!(
                "key {} of `query` has {many} bytes: 1 to {MAX_NAME} printable ones are taken",
                at + 1
            ));
        }
        if keys.contains(&name) {
            return Err(format!("`query` has the key `{name}` twice"));
        }
        keys.push(name);
    }
    Ok(keys)
}

/// The text of a key that is the same for every record.
fn name(key: &Term<&str>) -> Option<String> {
    let Term::Str(None, parts) = key else { return None };
    parts.iter().try_fold(String::new(), |mut name, part| {
        match part {
            StrPart::Str(text) => name += text,
            StrPart::Char(char) => name.push(*char),
            StrPart::Term(_) => return None,
        }
        Some(name)
    })
}

/// How deep brackets are nested at most, those in strings counted too.
fn nesting(text: &str) -> usize {
    let (mut depth, mut most) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        most = most.max(depth);
    }
    most
}

/// The first thing that is wrong with the text.
fn first_error(text: &str, errors: jaq_core::load::Errors<&str, ()>) -> String {
    let error = match errors.into_iter().next().map(|(_, error)| error) {
        Some(Error::Lex(errors)) => errors.into_iter().next().map(|(want, rest)| (want.as_str(), rest)),
        Some(Error::Parse(errors)) => errors.into_iter().next().map(|(want, rest)| (want.as_str(), rest)),
        Some(Error::Io(errors)) => {
            let name = errors.first().map_or("", |(name, _)| name);
            return format!("`query` loads `{name}`: there are no modules");
        }
        None => None,
    };
    let Some((want, rest)) = error else { return "`query` cannot be read".to_owned() };
    let found: String = rest.chars().take(20).collect();
    let found = if found.is_empty() { "its end".to_owned() } else { format!("`{found}`") };
    format!("`query` is wrong at {}: {want} expected, {found} found", place(text, rest))
}

fn undefined(text: &str, name: &str, what: &Undefined) -> String {
    let kind = match what {
        Undefined::Filter(0) => "function".to_owned(),
        Undefined::Filter(1) => "function of one argument".to_owned(),
        Undefined::Filter(arity) => format!("function of {arity} arguments"),
        other => other.as_str().to_owned(),
    };
    format!("`query` is wrong at {}: there is no {kind} `{name}` here", place(text, name))
}

/// Where a part of the text begins, as a person counts.
fn place(text: &str, part: &str) -> String {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let character = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    match text.contains('\n') {
        true => format!("line {line}, character {character}"),
        false => format!("character {character}"),
    }
}
