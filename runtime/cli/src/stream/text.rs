//! What a service says, as a terminal may have it.

use std::io::IsTerminal;

use serde_json::Value;

use super::problem::Problem;
use crate::show;

/// The text without what a terminal would act on.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if character.is_control() => out.extend(character.escape_default()),
            // These turn the direction of what stands around them.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

/// The text at a path of members, for a person. None where there is none, or an empty one.
pub(super) fn text(value: &Value, path: &str) -> Option<String> {
    let text = value.pointer(path)?.as_str().filter(|text| !text.is_empty())?;
    Some(plain(text))
}

/// The name of a stream, in backticks.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", plain(name))
}

/// Why a file cannot be read.
pub(super) fn unreadable(path: &str, error: &std::io::Error) -> Problem {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied; make it readable".to_owned(),
        _ => error.to_string(),
    };
    Problem::wrong(format!("{path} cannot be read: {why}"))
}

/// A status in its colour, where standard output takes colours.
pub(super) fn coloured(status: &str, width: usize) -> String {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let padded = format!("{status:<width$}");
    if !(wanted && std::io::stdout().is_terminal()) {
        return padded;
    }
    let code = match status {
        "ACTIVE" => "32",
        "CREATING" | "DELETING" => "36",
        _ => "31",
    };
    format!("\x1b[{code}m{padded}\x1b[0m")
}

/// Prints JSON with its lines.
pub(super) fn print_json(value: &Value) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Problem::failed(error.to_string()))?;
    Ok(show::data(&text)?)
}

/// Prints rows in columns, the last of which is as wide as it is.
pub(super) fn print_rows(rows: &[Vec<String>]) -> Result<(), Problem> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        show::data(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_spelt_out() {
        assert_eq!(plain("a\u{1b}[2Jb\nä!{x}"), "a\\u{1b}[2Jb\\nä!{x}");
        assert_eq!(plain("a\u{202e}b"), "a\\u{202e}b");
    }
}
