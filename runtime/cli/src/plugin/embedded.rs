//! The sources that the program carries: what `standpipe plugin new` starts from.

/// All files, end to end.
static BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/embedded.bin"));
/// Path in the repository, and where the file begins and ends in [`BYTES`]; by path.
const FILES: &[(&str, usize, usize)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The files in the folder `folder` and below, with their paths from there.
pub(super) fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES.iter().filter_map(move |(path, start, end)| {
        let path = path.strip_prefix(folder)?.strip_prefix('/')?;
        Some((path, BYTES.get(*start..*end)?))
    })
}

/// One file.
pub(super) fn file(path: &str) -> Option<&'static [u8]> {
    let place = FILES.binary_search_by(|(name, ..)| (*name).cmp(path)).ok()?;
    let (_, start, end) = FILES.get(place)?;
    BYTES.get(*start..*end)
}

/// One file that is text.
pub(super) fn text(path: &str) -> Option<&'static str> {
    std::str::from_utf8(file(path)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_and_the_cases_are_there_and_nothing_that_was_made() {
        assert!(text("wit/transform.wit").unwrap().contains("package standpipe:transform"));
        assert!(below("plugins/cases").any(|(path, _)| path == "zones.out"));
        assert!(FILES.is_sorted_by_key(|(path, ..)| *path));
        for made in [".wasm", ".wasm.source"] {
            assert!(!FILES.iter().any(|(path, ..)| path.ends_with(made)), "{made}");
        }
    }
}
