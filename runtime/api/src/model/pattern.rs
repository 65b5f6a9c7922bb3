//! The service's patterns, which are Java's, as patterns of Rust.

use fancy_regex::{Regex, RegexBuilder};

/// How often a match may go back before it is given up.
const MOST_BACKTRACKS: usize = 100_000;

/// A pattern that all of a value must match.
#[derive(Debug)]
pub(super) struct Pattern {
    /// As the service tells it.
    pub(super) text: &'static str,
    regex: Regex,
    /// The most characters that it is tried on, if it looks around: such a match can take far longer than its value.
    most: Option<usize>,
}

impl Pattern {
    /// `most` is the length at which a value is too long in any case.
    pub(super) fn new(text: &'static str, most: Option<usize>) -> Option<Self> {
        let regex = RegexBuilder::new(&format!(r"\A(?:{})\z", in_rust(text)?))
            .backtrack_limit(MOST_BACKTRACKS)
            .build()
            .ok()?;
        let looks_around = ["(?!", "(?<", "(?="].iter().any(|sign| text.contains(sign));
        Some(Self { text, regex, most: most.filter(|_| looks_around) })
    }

    /// Whether it matches all of `value`. It says yes to one that is refused for its length, if that could take long.
    pub(super) fn allows(&self, value: &str) -> bool {
        let too_long = self.most.is_some_and(|most| value.chars().nth(most).is_some());
        // A match that is given up counts as none.
        too_long || self.regex.is_match(value).unwrap_or(false)
    }
}

/// The classes that Java knows are those of ASCII, and its dot stops at more than a newline.
fn in_rust(pattern: &str) -> Option<String> {
    const DIGIT: &str = "0-9";
    const WORD: &str = "0-9A-Za-z_";
    const SPACE: &str = r" \t\n\x0B\f\r";
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                let mut class = |named: &str| match in_class {
                    true => out.push_str(named),
                    false => out.push_str(&format!("[{named}]")),
                };
                match chars.next()? {
                    'd' => class(DIGIT),
                    'w' => class(WORD),
                    's' => class(SPACE),
                    'S' if !in_class => class(&format!("^{SPACE}")),
                    'u' => {
                        let digits: String = chars.by_ref().take(4).collect();
                        out.push_str(&format!(r"\x{{{digits}}}"));
                    }
                    plain @ ('_' | '/') => out.push(plain),
                    escaped => out.extend(['\\', escaped]),
                }
            }
            '.' if !in_class => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            _ => {
                in_class = char == '[' || in_class && char != ']';
                out.push(char);
            }
        }
    }
    Some(out)
}
