use serde_json::value::RawValue;
use standpipe_sdk::{Buffer, Failure, OrFail};

/// Writes lines of fields, quoted as RFC 4180 says.
#[derive(Debug)]
pub(crate) struct Writer {
    delimiter: String,
    /// Whether line ends are written as `\n` and `\r`.
    escape: bool,
}

impl Writer {
    pub(crate) fn new(delimiter: char, escape: bool) -> Self {
        Self { delimiter: delimiter.into(), escape }
    }

    /// Writes the values as one line, without a line end.
    pub(crate) fn line(&self, csv: &mut Buffer<'_>, values: &[Option<&RawValue>]) -> Result<(), Failure> {
        for (number, value) in values.iter().enumerate() {
            if number > 0 {
                csv.extend(self.delimiter.as_bytes());
            }
            if let Some(value) = value {
                self.value(csv, value.get())?;
            }
        }
        // A line of one empty field would look like no line at all.
        if csv.is_empty() {
            csv.extend(b"\"\"");
        }
        Ok(())
    }

    /// Writes one: a string's characters, a number, `true` or `false` as it stands, nothing for `null`, and what is
    /// nested as JSON.
    fn value(&self, csv: &mut Buffer<'_>, json: &str) -> Result<(), Failure> {
        match json.as_bytes() {
            [b'"', inner @ .., b'"'] => match std::str::from_utf8(inner) {
                Ok(text) if !text.contains('\\') => self.field(csv, text),
                _ => self.field(csv, &serde_json::from_str::<String>(json).or_fail("not-json")?),
            },
            [b'{' | b'[', ..] => self.field(csv, &compact(json)),
            b"null" => {}
            _ => self.field(csv, json),
        }
        Ok(())
    }

    fn field(&self, csv: &mut Buffer<'_>, text: &str) {
        let line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let quoted = text.contains(self.delimiter.as_str())
            || text.contains('"')
            || text.starts_with(' ')
            || text.ends_with(' ')
            || (!self.escape && text.as_bytes().iter().any(line_end));
        if quoted {
            csv.push(b'"');
        }
        let mut rest = text.as_bytes();
        while let Some(place) = rest.iter().position(|byte| *byte == b'"' || (self.escape && line_end(byte)))
        {
            let (clean, special) = rest.split_at(place);
            csv.extend(clean);
            csv.extend(match special.first() {
                Some(b'"') => b"\"\"",
                Some(b'\r') => b"\\r",
                _ => b"\\n",
            });
            rest = special.get(1..).unwrap_or_default();
        }
        csv.extend(rest);
        if quoted {
            csv.push(b'"');
        }
    }
}

/// JSON without the white space between its tokens, which may hold line ends.
fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let kept = |character: &char| {
        let kept = inside || !character.is_ascii_whitespace();
        inside ^= *character == '"' && !escaped;
        escaped = inside && *character == '\\' && !escaped;
        kept
    };
    json.chars().filter(kept).collect()
}
