/// The most characters of a value that a message repeats.
const MOST: usize = 80;

/// `text` for a message: control characters escaped, cut short, in backticks.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    for (count, character) in text.chars().enumerate() {
        if count == MOST {
            out.push('…');
            break;
        }
        match character {
            '"' | '\'' | '\\' => out.push(character),
            // Escapes what is not printable, also marks that change the direction of the text.
            _ => out.extend(character.escape_debug()),
        }
    }
    out.push('`');
    out
}

/// The names, each in backticks, with commas between.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_file_moves_the_cursor() {
        assert_eq!(quoted("a\u{1b}[2Jb\n\u{202e}\"c\""), "`a\\u{1b}[2Jb\\n\\u{202e}\"c\"`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), MOST + 3);
    }
}
