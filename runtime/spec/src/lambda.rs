use std::collections::BTreeMap;

use crate::reader::Reader;
use crate::text::quoted;
use crate::{Finding, Spanned};

/// The most characters of a function's name, as at Lambda.
const MOST_NAME: usize = 64;
/// The most characters of a reference to a function, as at Lambda.
const MOST: usize = 256;
/// The qualifier that a function has without any.
const LATEST: &str = "$LATEST";

/// Which plugin stands in for a Lambda function, for streams that the API makes: `[lambda]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lambda {
    /// By the function's ARN, with a version or an alias or without, by its name, or by its name and one of these.
    pub functions: BTreeMap<String, Spanned<String>>,
}

impl Lambda {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let Some(table) = reader.table("lambda") else { return Self::default() };
        let mut functions = BTreeMap::new();
        for (function, plugin) in table.texts("the name of a plugin") {
            if is_function(&function.value) {
                functions.insert(function.value, plugin);
                continue;
            }
            let message = format!("{} is no Lambda function", quoted(&function.value));
            let help = "write its name, such as `mask`, or its ARN in quotes, \
                        such as `\"arn:aws:lambda:us-east-1:123456789012:function:mask:live\"`";
            table.context.report(Finding::error(message).at(function.span).with_help(help));
        }
        Self { functions }
    }

    /// The name of the plugin that stands in for a function. Of several entries that fit, the one that says most.
    pub fn plugin(&self, function: &str) -> Option<&str> {
        let (alone, qualifier) = match split(function) {
            Some((alone, qualifier)) => (alone, qualifier.filter(|qualifier| *qualifier != LATEST)),
            None => (function, None),
        };
        let name = name_of(alone);
        let entries = [
            Some(function.to_owned()),
            Some(qualifier.map_or_else(|| alone.to_owned(), |qualifier| format!("{alone}:{qualifier}"))),
            qualifier.is_none().then(|| format!("{alone}:{LATEST}")),
            qualifier.map(|qualifier| format!("{name}:{qualifier}")),
            Some(name.to_owned()),
        ];
        let mut found = entries.into_iter().flatten().filter_map(|entry| self.functions.get(&entry));
        found.next().map(|plugin| plugin.value.as_str())
    }

    /// The name of a function, without the rest of its ARN.
    pub fn name_of(function: &str) -> &str {
        name_of(split(function).map_or(function, |(alone, _)| alone))
    }
}

/// A reference to a function, and its version or alias. None if it is none.
fn split(function: &str) -> Option<(&str, Option<&str>)> {
    let is_arn = function.starts_with("arn:");
    // `arn:aws:lambda:REGION:ACCOUNT:function:NAME` has six colons.
    let colons = function.match_indices(':').map(|(at, _)| at);
    match colons.clone().nth(if is_arn { 6 } else { 0 }) {
        Some(at) => Some((function.get(..at)?, Some(function.get(at + 1..)?))),
        None if is_arn && colons.count() < 6 => None,
        None => Some((function, None)),
    }
}

fn name_of(alone: &str) -> &str {
    alone.rsplit(':').next().unwrap_or(alone)
}

fn is_function(function: &str) -> bool {
    let word = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !text.is_empty() && text.bytes().all(allowed)
    };
    let Some((alone, qualifier)) = split(function).filter(|_| function.len() <= MOST) else { return false };
    let name = name_of(alone);
    let start = alone.strip_suffix(name).unwrap_or_default();
    let mut parts = start.split(':').skip(1);
    let is_arn = parts.next().is_some()
        && parts.next() == Some("lambda")
        && parts.next().is_some_and(word)
        && parts
            .next()
            .is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
        && parts.next() == Some("function");
    (start.is_empty() || is_arn)
        && word(name)
        && name.len() <= MOST_NAME
        && qualifier.is_none_or(|qualifier| qualifier == LATEST || word(qualifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:mask";

    fn lambda(entries: &[(&str, &str)]) -> Lambda {
        let entry = |(function, plugin): &(&str, &str)| {
            ((*function).to_owned(), Spanned::new((*plugin).to_owned(), 0..0))
        };
        Lambda { functions: entries.iter().map(entry).collect() }
    }

    #[test]
    fn a_function_is_found_by_what_says_most_of_it() {
        let live = format!("{ARN}:live");
        let lambda = lambda(&[("mask", "name"), ("mask:3", "version"), (ARN, "arn"), (&live, "alias")]);
        for (function, plugin) in [
            (ARN.to_owned(), Some("arn")),
            (format!("{ARN}:$LATEST"), Some("arn")),
            (live, Some("alias")),
            (format!("{ARN}:3"), Some("version")),
            (format!("{ARN}:4"), Some("name")),
            ("arn:aws-cn:lambda:cn-north-1:000000000000:function:mask:live".to_owned(), Some("name")),
            ("mask".to_owned(), Some("name")),
            ("arn:aws:lambda:eu-west-1:123456789012:function:other".to_owned(), None),
            ("arn:aws:lambda".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(lambda.plugin(&function), plugin, "{function}");
        }
        assert_eq!(Lambda::name_of(&format!("{ARN}:live")), "mask");
        assert_eq!(self::lambda(&[(&format!("{ARN}:$LATEST"), "latest")]).plugin(ARN), Some("latest"));
    }

    #[test]
    fn what_is_no_function_is_no_entry() {
        for good in [ARN, "mask", "mask:live", "mask:$LATEST", &format!("{ARN}:$LATEST"), &format!("{ARN}:7")]
        {
            assert!(is_function(good), "{good}");
        }
        for bad in [
            "",
            "a b",
            "mask:",
            ":live",
            "arn:aws:s3:eu-west-1:123456789012:function:mask",
            "arn:aws:lambda:eu-west-1:1234:function:mask",
            "arn:aws:lambda:eu-west-1:123456789012:layer:mask",
            "arn:aws:lambda:eu-west-1:123456789012:function:",
            &format!("{ARN}:a:b"),
            &"x".repeat(65),
        ] {
            assert!(!is_function(bad), "{bad}");
        }
    }
}
