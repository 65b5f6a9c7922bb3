use crate::reader::Reader;
use crate::text::quoted;
use crate::{Finding, Spanned};

/// The most bytes of a bucket's name: it is a folder's name too.
const MOST: usize = 255;
/// How a bucket is written where AWS wants its ARN.
const ARN: &str = "arn:aws:s3:::";

/// The bucket of a destination, an empty name in its place when it is missing.
pub(crate) fn read(reader: &mut Reader<'_>) -> Spanned<String> {
    let help = "write `bucket = \"logs\"`";
    reader.require("bucket", help);
    let stand_in = Spanned::new(String::new(), reader.span.clone());
    let Some(bucket) = reader.filled("bucket", help) else { return stand_in };
    let shown = quoted(&bucket.value);
    let named_help = help_with(&bucket.value);
    if let Some(problem) = problem(&bucket.value) {
        let finding = Finding::error(format!("`bucket` is {shown}; {problem}"));
        reader.context.report(finding.at(bucket.span.clone()).with_help(named_help));
    } else if !is_name_in_s3(&bucket.value) {
        let finding = match reader.context.remote.get() {
            true => Finding::error(format!("`bucket` is {shown}; S3 has no bucket of such a name")),
            false => {
                Finding::warning(format!("{shown} works as a folder, but S3 has no bucket of such a name"))
            }
        };
        reader.context.report(finding.at(bucket.span.clone()).with_help(named_help));
    }
    bucket
}

fn help_with(name: &str) -> String {
    let alone = name.strip_prefix(ARN).or_else(|| name.strip_prefix("s3://")).unwrap_or(name);
    match alone.split_once('/') {
        Some((bucket, rest)) if problem(bucket).is_none() && !rest.is_empty() => {
            format!("write {}, and {} in `prefix`", quoted(bucket), quoted(rest))
        }
        Some((bucket, _)) if problem(bucket).is_none() => format!("write {}", quoted(bucket)),
        None if alone != name => format!("write the name alone: {}", quoted(alone)),
        _ => "choose a name of 3 to 63 lower-case letters, digits and hyphens".to_owned(),
    }
}

/// Why `name` cannot even be a folder.
pub(crate) fn problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if matches!(name, "." | "..") {
        return Some("`.` and `..` are no folders of their own".to_owned());
    }
    if name.contains(['/', '\0']) {
        return Some("a bucket's name has no `/` and no NUL".to_owned());
    }
    (name.len() > MOST).then(|| format!("it has {} bytes, the limit is {MOST}", name.len()))
}

/// What is wrong with `name` as a bucket, if anything is. `remote` says whether it is one of S3's and no folder.
pub fn bucket_problem(name: &str, remote: bool) -> Option<String> {
    let alien = || (remote && !is_name_in_s3(name)).then(|| "S3 has no bucket of such a name".to_owned());
    problem(name).or_else(alien)
}

/// Whether S3 would take it as the name of a general purpose bucket.
fn is_name_in_s3(name: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().next_back()];
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| alphanumeric(byte) || matches!(byte, b'.' | b'-'))
        && ends.into_iter().flatten().all(alphanumeric)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_as_s3_does() {
        for name in ["logs", "my-logs.2026", "a1b"] {
            assert!(problem(name).is_none() && is_name_in_s3(name), "{name}");
        }
        for name in ["ab", "Logs", "-logs", "logs.", "a..b", "192.168.0.1", "lögs", &"x".repeat(64)] {
            assert!(problem(name).is_none() && !is_name_in_s3(name), "{name}");
        }
        for name in [".", "..", "a/b", "a\0b", &"x".repeat(256)] {
            assert!(problem(name).is_some(), "{name}");
        }
    }
}
