//! Text from a guest, made safe to print and bounded.

/// Longest code of a failure, in bytes.
pub(crate) const MAX_CODE: usize = 64;
/// Longest message of a failure, in bytes.
pub(crate) const MAX_MESSAGE: usize = 4 << 10;
/// Longest backtrace, in bytes.
pub(crate) const MAX_BACKTRACE: usize = 8 << 10;

/// Appends `text` with its control characters escaped, until `out` is `limit` bytes long. What does not
/// fit is replaced by `…`.
pub(crate) fn push_escaped(out: &mut String, text: &str, limit: usize) {
    for character in text.chars() {
        let before = out.len();
        if is_unprintable(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
        if out.len() > limit {
            out.truncate(before);
            out.push('…');
            return;
        }
    }
}

/// `text` with its control characters escaped, at most about `limit` bytes.
pub(crate) fn escaped(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    push_escaped(&mut out, text, limit);
    out
}

/// Control characters, and the format characters that reorder or hide text on a terminal.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The parts of a message as a plugin gives it: the first line is the message, what follows is the stack.
pub(crate) fn message_and_stack(text: &str) -> (String, String) {
    let (message, stack) = text.split_once('\n').unwrap_or((text, ""));
    let mut lines = String::new();
    for line in stack.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        push_escaped(&mut lines, line, MAX_BACKTRACE);
        if lines.len() >= MAX_BACKTRACE {
            break;
        }
        lines.push('\n');
    }
    (escaped(message.trim_end(), MAX_MESSAGE), lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_unprintable_is_left_and_the_limit_holds(text in "\\PC*[\u{0}-\u{1f}\u{7f}-\u{9f}\u{202e}]*\\PC*", limit in 4usize..64) {
            let safe = escaped(&text, limit);
            prop_assert!(!safe.chars().any(is_unprintable));
            prop_assert!(safe.len() <= limit + '…'.len_utf8());
        }
    }

    #[test]
    fn a_terminal_escape_is_shown_not_run() {
        assert_eq!(escaped("a\x1b[31mb\nc", 100), "a\\u{1b}[31mb\\nc");
    }
}
