//! Keys as paths.

use std::iter::once;
use std::path::{Path, PathBuf};

use super::temporary;
use crate::Error;

/// The longest key, in bytes: S3's limit.
pub const MAX_KEY_BYTES: usize = 1_024;

/// Ends a file's name where a folder has the plain one.
pub(super) const FILE: &str = "%file";
/// Ends a folder's name where a file has the plain one.
pub(super) const FOLDER: &str = "%folder";
/// Ends a folder's name where the key's segment goes on in the next one.
pub(super) const MORE: &str = "%more";
/// Stands for an empty segment.
const EMPTY: &str = "%";

/// A name has 255 bytes on every common file system, and each must have room for the longest mark.
const NAME_BYTES: usize = 255 - FOLDER.len();

/// Where an object named `key` lies below its bucket, unless that name is taken.
///
/// A segment between slashes is a folder or file of the same name, with these exceptions:
///
/// - `%` and control characters become `%` and two hex digits for each byte;
/// - so does the first dot of `.`, `..` and of what looks like a temporary file (`.standpipe-tmp-…`);
/// - an empty segment (`a//b`) is named `%`;
/// - one longer than 248 bytes goes on in a folder below, marked by `%more` at the end of its name.
///
/// A key may be both an object and the folder of others (`a` and `a/b`). Whichever comes second is marked:
/// the file is named `a%file`, the folder `a%folder`. [`key_of`] undoes all of this.
pub fn path_of(key: &str) -> Result<PathBuf, Error> {
    Ok(names(key)?.iter().collect())
}

/// The key of the object that lies at `path` below its bucket, marked or not. `None` if no object lies there.
pub fn key_of(path: &Path) -> Option<String> {
    let path: Vec<&str> = path.to_str()?.split('/').collect();
    let (file, folders) = path.split_last()?;
    let unmarked: Vec<&str> = folders
        .iter()
        .map(|name| name.strip_suffix(FOLDER).unwrap_or(name))
        .chain(once(file.strip_suffix(FILE).unwrap_or(file)))
        .collect();

    let mut key = Vec::new();
    let mut goes_on = true;
    for name in &unmarked {
        if !goes_on {
            key.push(b'/');
        }
        goes_on = name.ends_with(MORE);
        unescape(name.strip_suffix(MORE).unwrap_or(name), &mut key)?;
    }
    let key = String::from_utf8(key).ok()?;
    // Only what `names` would have made is ours: this one comparison refuses every other spelling.
    (names(&key).ok()? == unmarked).then_some(key)
}

/// The folders and the file of a key, without marks for what is both.
pub(super) fn names(key: &str) -> Result<Vec<String>, Error> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(Error::Key { key: key.to_owned() });
    }
    let mut names = Vec::new();
    for segment in key.split('/') {
        escape(segment, &mut names);
    }
    Ok(names)
}

/// Adds the names that stand for one segment.
fn escape(segment: &str, names: &mut Vec<String>) {
    if segment.is_empty() {
        names.push(EMPTY.to_owned());
        return;
    }
    let special = matches!(segment, "." | "..") || segment.starts_with(temporary::PREFIX);
    let mut name = String::new();
    for (at, char) in segment.char_indices() {
        let mut plain = [0; 4];
        let plain = char.encode_utf8(&mut plain);
        let escaped = char == '%' || char.is_control();
        let width = if escaped { 3 * plain.len() } else { plain.len() };
        if name.len() + width > NAME_BYTES {
            name.push_str(MORE);
            names.push(std::mem::take(&mut name));
        }
        // A name that continues a segment could be anything, so it never begins with a plain dot.
        let leading_dot = char == '.' && name.is_empty() && (special || at > 0);
        if escaped || leading_dot {
            name.extend(plain.bytes().map(|byte| format!("%{byte:02X}")));
        } else {
            name.push_str(plain);
        }
    }
    names.push(name);
}

/// Appends the bytes that `name` stands for. More forgiving than `escape` is regular.
fn unescape(name: &str, key: &mut Vec<u8>) -> Option<()> {
    if name == EMPTY {
        return Some(());
    }
    let mut parts = name.split('%');
    key.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        key.push(u8::from_str_radix(digits, 16).ok()?);
        key.extend_from_slice(rest.as_bytes());
    }
    Some(())
}

#[cfg(test)]
mod tests;
