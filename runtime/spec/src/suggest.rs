/// How alike two names must be, from 0 to 1, for one to be suggested for the other.
const ALIKE: f64 = 0.82;

/// The one of `known` that `text` was most likely meant to be. `SizeInMBs` and `size_in_mbs` are the same
/// here, since many names come from Firehose's own.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = plain(text);
    let scored = known.into_iter().map(|name| (strsim::jaro_winkler(&text, &plain(name)), name));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, name)| name)
}

fn plain(name: &str) -> String {
    // Long names are not worth the time: likeness takes the product of the lengths.
    let letters = name.chars().take(100).filter(|character| !matches!(character, '_' | '-' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_and_firehose_names_find_ours() {
        let known =
            ["bucket", "prefix", "error_output_prefix", "compression", "buffering", "append_delimiter"];
        for (text, want) in [
            ("bufering", Some("buffering")),
            ("BufferingHints", Some("buffering")),
            ("CompressionFormat", Some("compression")),
            ("ErrorOutputPrefix", Some("error_output_prefix")),
            ("BucketARN", Some("bucket")),
            ("role", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, known), want, "{text}");
        }
    }
}
