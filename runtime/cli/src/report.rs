//! Findings as a person sees them: the sentence, the place in the file, what to do.

use std::fmt::Write as _;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};
use standpipe_spec::{Finding, SECRETS, Severity};

/// The most findings that are shown; a file with more is most likely not a config file.
const MOST: usize = 50;

/// Renders `findings` in the file `path`, whose text is `text`, and a last line that counts them.
/// Empty when there are none.
pub(crate) fn render(path: &Path, text: &str, findings: &[Finding], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let path = path.display().to_string();
    let text = &*masked(text);
    let mut out = String::new();
    for finding in findings.iter().take(MOST) {
        out.push_str(&renderer.render(&[group(&path, text, finding)]));
        out.push_str("\n\n");
    }
    if !findings.is_empty() {
        out.push_str(&summary(&path, findings));
    }
    out
}

/// The text with stars, byte for byte, in place of what may be a secret: whoever wrote one into the file should not find
/// it in a log, too.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The quotes that end a value of several lines.
    let mut open: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let values = SECRETS.iter().flat_map(|key| line.match_indices(key).map(|(at, _)| at + key.len()));
        let rest = |from: usize| line.get(from..).unwrap_or_default();
        let is_written = |from: &usize| {
            let value = rest(*from).trim_start_matches(['=', ' ', '\t', '"', '\'']);
            !value.starts_with("env:") && !value.starts_with("file:")
        };
        let mut value = values.filter(is_written).min();
        match open {
            Some(quotes) => {
                value = Some(0);
                open = Some(quotes).filter(|quotes| !line.contains(quotes));
            }
            None => {
                let begun = value.and_then(|from| {
                    let quotes = ["\"\"\"", "'''"].into_iter();
                    quotes.filter_map(|quotes| Some((rest(from).find(quotes)?, quotes))).min()
                });
                open = begun.map(|(_, quotes)| quotes).filter(|quotes| line.matches(quotes).count() == 1);
            }
        }
        // And what stands before the host of a URL.
        let login = line
            .find("://")
            .map(|at| at + 3)
            .filter(|from| line.get(*from..).is_some_and(|rest| rest.contains('@')));
        let until = login.and_then(|from| Some(from + line.get(from..)?.find('@')?));
        for (at, character) in line.char_indices() {
            let in_value = value.is_some_and(|from| at >= from);
            let in_login = login.zip(until).is_some_and(|(from, until)| (from..until).contains(&at));
            if (in_value || in_login) && !character.is_whitespace() && character != '=' {
                (0..character.len_utf8()).for_each(|_| out.push('*'));
            } else {
                out.push(character);
            }
        }
    }
    out
}

fn group<'a>(path: &'a str, text: &'a str, finding: &'a Finding) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let group = Group::with_title(level.primary_title(finding.message.as_str()));
    // A span that is not of this text would make the renderer panic.
    let group = match finding.span.clone().filter(|span| text.get(span.clone()).is_some()) {
        Some(span) => {
            let place = AnnotationKind::Primary.span(span);
            group.element(Snippet::source(text).path(path).annotation(place))
        }
        None => group.element(Origin::path(path)),
    };
    match &finding.help {
        Some(help) => group.element(Level::HELP.message(normalize_untrusted_str(help))),
        None => group,
    }
}

fn summary(path: &str, findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let mut out = match (errors, findings.len() - errors) {
        (errors, 0) => counted(errors, "error"),
        (0, warnings) => counted(warnings, "warning"),
        (errors, warnings) => format!("{} and {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    let _ = write!(out, " in `{path}`");
    if findings.len() > MOST {
        let _ = write!(out, "; the first {MOST} are shown");
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};
    use standpipe_spec::parse;

    use super::*;

    const PATH: &str = "standpipe.toml";

    fn rendered(text: &str, colour: bool) -> String {
        let (_, findings) = parse(text, Path::new(""));
        render(Path::new(PATH), text, &findings, colour)
    }

    #[test]
    fn secrets_that_were_written_into_the_file_are_not_shown() {
        let text = "[s3]\nendpoint = \"http://me:hunter2@host\"\nsecret_access_key = \"hünter3\"\n\
                    session_token = hunter4\naccess_key_id = \"env:KEY\"\n\
                    keys.a = { access_key_id = \"env:A\", secret_access_key = \"hunter5\" }\n\
                    secret_access_key = \"\"\"\nhunter6\n\"\"\"\nprefix = \"shown/\"\n";
        let masked = masked(text);
        assert_eq!(masked.len(), text.len());
        assert!(
            !masked.contains("nter")
                && !masked.contains("me:")
                && masked.contains("\"env:KEY\"")
                && masked.contains("shown/"),
            "{masked}"
        );
        let shown = rendered(text, false);
        assert!(!shown.contains("nter") && shown.contains("secrets are not written here"), "{shown}");
    }

    const TEXT: &str = "\
[s3]
directory = \"buckets\"

[streams.web]
source.stdin = {}

[streams.web.destination.s3]
bucket = \"Logs\"
bufering = { size = \"5MiB\" }
compression = gzip
";

    #[test]
    fn a_finding_shows_its_line_and_what_to_do() {
        assert_data_eq!(
            rendered(TEXT, false),
            str![[r#"
warning: `Logs` works as a folder, but S3 has no bucket of such a name
 --> standpipe.toml:8:10
  |
8 | bucket = "Logs"
  |          ^^^^^^
  |
  = help: choose a name of 3 to 63 lower-case letters, digits and hyphens

error: unknown key `bufering` in `streams.web.destination.s3`
 --> standpipe.toml:9:1
  |
9 | bufering = { size = "5MiB" }
  | ^^^^^^^^
  |
  = help: did you mean `buffering`?

error: `gzip` is no value
  --> standpipe.toml:10:15
   |
10 | compression = gzip
   |               ^^^^
   |
   = help: if it is a string, write `"gzip"`

2 errors and 1 warning in `standpipe.toml`

"#]]
        );
    }

    #[test]
    fn a_finding_without_a_place_names_the_file() {
        assert_data_eq!(
            rendered("", false),
            str![[r#"
error: `streams` is missing at the top
--> standpipe.toml
 = help: add `[streams.NAME]` with a `source` and a `destination`

1 error in `standpipe.toml`

"#]]
        );
    }

    #[test]
    fn the_last_line_end_and_windows_line_ends_are_places() {
        assert_data_eq!(
            rendered("s3 = {}\r\nstate = \"a\r\n[streams", false),
            str![[r#"
error: the string is not closed on its line
 --> standpipe.toml:2:11
  |
2 | state = "a
  |           ^
  |
  = help: end it with the quote that it begins with

error: unclosed table, expected `]`
 --> standpipe.toml:3:9
  |
3 | [streams
  |         ^

2 errors in `standpipe.toml`

"#]]
        );
    }

    #[test]
    fn colour_only_when_asked() {
        assert!(!rendered(TEXT, false).contains('\u{1b}'));
        assert!(rendered(TEXT, true).contains('\u{1b}'));
    }

    #[test]
    fn the_file_does_not_reach_the_terminal_raw() {
        let text = "state = \"\u{1b}[2J\"\n\"\u{1b}[31m\" = 1\nstreams = { a = 1 }\n";
        assert!(!rendered(text, false).contains('\u{1b}'));
    }

    #[test]
    fn a_span_of_another_text_is_no_panic() {
        let finding = Finding::error("elsewhere").at(5..9).with_help("mend it");
        assert!(render(Path::new(PATH), "ü", &[finding], false).contains("elsewhere"));
    }

    #[test]
    fn a_file_cut_anywhere_is_shown() {
        for cut in 0..TEXT.len() {
            let shown = rendered(TEXT.get(..cut).unwrap_or_default(), false);
            assert!(shown.ends_with(" in `standpipe.toml`\n"), "{cut}: {shown}");
        }
    }

    #[test]
    fn of_a_thousand_findings_the_first_are_shown() {
        let text: String = (0..1000).map(|number| format!("k{number} = 1\n")).collect();
        let rendered = rendered(&text, false);
        assert_eq!(rendered.matches("error: unknown key").count(), MOST);
        assert!(
            rendered.ends_with("1001 errors in `standpipe.toml`; the first 50 are shown\n"),
            "{rendered}"
        );
    }
}
