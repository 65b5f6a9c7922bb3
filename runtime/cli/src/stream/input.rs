use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::problem::Problem;
use super::text::unreadable;
use crate::args::stream::Settings;

/// The longest request, in bytes.
const MOST: u64 = 1 << 20;

/// The JSON object of a file, or of standard input where it is `-`, which takes the place of flags. `what` says what it has
/// to be.
pub(super) fn object(path: &Path, settings: &Settings, what: &str) -> Result<Map<String, Value>, Problem> {
    if *settings != Settings::default() {
        return Err(Problem::wrong("--json takes the place of flags, and there are others")
            .help("remove one of both"));
    }
    let is_stdin = path == Path::new("-");
    let shown = if is_stdin { "standard input".to_owned() } else { format!("`{}`", path.display()) };
    let read = || -> std::io::Result<Vec<u8>> {
        let input: Box<dyn Read> =
            if is_stdin { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(path)?) };
        let mut text = Vec::new();
        input.take(MOST + 1).read_to_end(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error| unreadable(&shown, &error))?;
    if text.len() as u64 > MOST {
        return Err(Problem::wrong(format!("{shown} has more than {MOST} bytes")));
    }
    let value: Value = serde_json::from_slice(&text)
        .map_err(|error| Problem::wrong(format!("{shown} is no JSON: {error}")))?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Problem::wrong(format!("{shown} is no JSON object")).help(format!("it has to be {what}"))),
    }
}
