//! Lines that match a pattern to JSON: a member for each of its named groups.

mod types;

use std::collections::BTreeMap;

use regex::bytes::{Regex, RegexBuilder};
use standpipe_logline::trimmed;
use standpipe_sdk::{Failure, Outputs, Params, Record, Verdict};

use crate::types::Type;

/// What a compiled pattern may take, and what the engine may keep for each instance beside it.
const MAX_BYTES: usize = 1 << 20;
/// How deep groups may be nested.
const MAX_NESTING: u32 = 50;

#[derive(Params, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// A regular expression with named groups: `^(?<host>\S+) (?<status>\d+)$`. It matches anywhere in a line unless
    /// it is anchored.
    pattern: String,
    /// What the members of groups are; strings unless named here.
    #[serde(default)]
    types: BTreeMap<String, Type>,
    /// What becomes of a line that does not match.
    #[serde(default)]
    unmatched: Unmatched,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Params, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unmatched {
    #[default]
    Fail,
    Drop,
}

#[derive(Params, serde::Deserialize)]
#[serde(try_from = "Raw")]
struct Settings {
    pattern: Regex,
    members: Vec<Member>,
    unmatched: Unmatched,
}

/// What a named group becomes.
struct Member {
    group: usize,
    name: String,
    /// The name as JSON with its colon.
    key: Vec<u8>,
    kind: Type,
}

impl TryFrom<Raw> for Settings {
    type Error = String;

    fn try_from(mut raw: Raw) -> Result<Self, String> {
        let pattern = RegexBuilder::new(&raw.pattern)
            .size_limit(MAX_BYTES)
            .dfa_size_limit(MAX_BYTES)
            .nest_limit(MAX_NESTING)
            .build()
            .map_err(|error| format!("`pattern` is refused: {error}"))?;
        let mut members = Vec::new();
        for (group, name) in pattern.capture_names().enumerate() {
            let Some(name) = name.map(str::to_owned) else { continue };
            let key = format!("{}:", serde_json::Value::from(name.as_str())).into_bytes();
            let kind = raw.types.remove(&name).unwrap_or_default();
            members.push(Member { group, name, key, kind });
        }
        if members.is_empty() {
            return Err("`pattern` has no named group, such as `(?<host>\\S+)`".to_owned());
        }
        match raw.types.keys().next() {
            Some(name) => Err(format!("`types` names `{name}`, which is no group of the pattern")),
            None => Ok(Self { pattern, members, unmatched: raw.unmatched }),
        }
    }
}

#[standpipe_sdk::plugin]
fn regex_to_json(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure> {
    let line = trimmed(record.payload());
    let Some(groups) = settings.pattern.captures(line) else {
        return match settings.unmatched {
            Unmatched::Drop => Ok(Verdict::Dropped),
            Unmatched::Fail => Err(unmatched(line)),
        };
    };
    out.emit_with(|json| {
        let mut before = b'{';
        for member in &settings.members {
            let Some(found) = groups.get(member.group) else { continue };
            json.push(before);
            json.extend(&member.key);
            member.kind.write(json, &member.name, found.as_bytes())?;
            before = b',';
        }
        if before == b'{' {
            json.push(before);
        }
        json.push(b'}');
        Ok(())
    })
}

#[cold]
fn unmatched(line: &[u8]) -> Failure {
    Failure::new("no-match", format!("the pattern does not match `{}`", types::shown(line)))
}

#[cfg(test)]
mod tests;
