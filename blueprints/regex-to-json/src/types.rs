use standpipe_logline::json;
use standpipe_sdk::{Buffer, Failure, Params};

/// What the text of a group is.
#[derive(Default, Clone, Copy, Params, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    #[default]
    String,
    /// A whole number of any length.
    Integer,
    /// A number as JSON has them.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl Type {
    /// Writes the text of the group `name` as JSON.
    pub(crate) fn write(self, out: &mut Buffer<'_>, name: &str, text: &[u8]) -> Result<(), Failure> {
        match self {
            Self::String => json::string(out, b"\"", text),
            Self::Integer => {
                let (sign, digits) = signed(text);
                if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                    return Err(no("a whole number", name, text));
                }
                out.extend(sign);
                out.extend(digits);
            }
            Self::Number => {
                let (sign, digits) = signed(text);
                let number = [sign, digits].concat();
                if serde_json::from_slice::<serde_json::Number>(&number).is_err() {
                    return Err(no("a number", name, text));
                }
                out.extend(&number);
            }
            Self::Boolean if matches!(text, b"true" | b"false") => out.extend(text),
            Self::Boolean => return Err(no("`true` or `false`", name, text)),
        }
        Ok(())
    }
}

/// The sign, and what is behind it without the zeros that a number in JSON may not begin with.
fn signed(text: &[u8]) -> (&[u8], &[u8]) {
    let (sign, mut digits) = text.split_at(usize::from(text.first() == Some(&b'-')));
    while let [b'0', b'0'..=b'9', ..] = digits {
        digits = digits.get(1..).unwrap_or_default();
    }
    (sign, digits)
}

#[cold]
fn no(expected: &str, name: &str, text: &[u8]) -> Failure {
    Failure::new("bad-value", format!("`{name}` is `{}`, not {expected}", shown(text)))
}

/// The beginning of a text, for a message.
pub(crate) fn shown(text: &[u8]) -> String {
    let shown = String::from_utf8_lossy(text.get(..40).unwrap_or(text));
    let more = if text.len() > 40 { "…" } else { "" };
    format!("{shown}{more}")
}
