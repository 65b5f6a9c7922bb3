//! Expected files beside what came, as a unified diff.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::case::Difference;
use super::paint::Paint;
use crate::show;

/// The most lines that are shown of one file.
const MOST: usize = 60;
/// The most letters that are shown of a line.
const WIDE: usize = 400;
/// Lines around a change.
const AROUND: usize = 3;
/// How long the shortest diff is looked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What differs in a file, with a newline behind each line.
pub(super) fn told(difference: &Difference, paint: Paint) -> String {
    let name = difference.file.file_name().unwrap_or_default().display();
    let (want, got) = (String::from_utf8_lossy(&difference.want), String::from_utf8_lossy(&difference.got));
    // Lines as cases have them: a carriage return ends none.
    let (want, got): (Vec<&str>, Vec<&str>) =
        (want.split_inclusive('\n').collect(), got.split_inclusive('\n').collect());
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&want, &got);
    let mut lines = vec![
        paint.bold(format_args!("--- {name}: expected")),
        paint.bold(format_args!("+++ {name}: what came")),
    ];
    for hunk in diff.unified_diff().context_radius(AROUND).iter_hunks() {
        lines.push(paint.cyan(hunk.header()));
        for change in hunk.iter_changes() {
            let value = shown(change.value());
            lines.push(match change.tag() {
                ChangeTag::Equal => format!(" {value}"),
                ChangeTag::Delete => paint.red(format_args!("-{value}")),
                ChangeTag::Insert => paint.green(format_args!("+{value}")),
            });
            if !change.value().ends_with('\n') {
                lines.push("\\ no newline at the end".to_owned());
            }
        }
    }
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("… {} of the diff", show::count(more as u64, "more line")));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A line cut to a readable length, without what a terminal would act on.
fn shown(line: &str) -> String {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let mut out = String::new();
    for (number, letter) in line.chars().enumerate() {
        if number == WIDE {
            out.push('…');
            break;
        }
        if letter.is_control() && letter != '\t' {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(want: &str, got: &str) -> String {
        let (want, got) = (want.as_bytes().to_vec(), got.as_bytes().to_vec());
        told(&Difference { file: "cases/a.out".into(), want, got }, Paint(false))
    }

    #[test]
    fn what_is_missing_and_what_is_new_is_marked() {
        assert_eq!(
            diff("1\n2\n3\n4\n5\n", "1\n2\nthree\n4\n5\n"),
            "--- a.out: expected\n+++ a.out: what came\n@@ -1,5 +1,5 @@\n 1\n 2\n-3\n+three\n 4\n 5\n"
        );
        assert_eq!(diff("", "new\n"), "--- a.out: expected\n+++ a.out: what came\n@@ -0,0 +1 @@\n+new\n");
        assert!(diff("a", "a\n").contains("\\ no newline at the end\n"));
    }

    #[test]
    fn a_terminal_is_not_told_what_to_do() {
        let told = diff("", "\u{1b}[2J\rx\n");
        assert!(told.contains("+\\u{1b}[2J\\rx\n"), "{told}");
        let difference = Difference { file: "a".into(), want: b"a\n".into(), got: b"b\n".into() };
        assert!(super::told(&difference, Paint(true)).contains("\u{1b}[31m-a\u{1b}[0m"));
    }

    #[test]
    fn much_is_cut() {
        let told = diff("", &"x\n".repeat(1_000));
        assert_eq!(told.lines().count(), MOST + 1);
        assert!(told.ends_with("… 943 more lines of the diff\n"), "{told}");
        assert!(diff("", &"y".repeat(5_000)).len() < 600);
        // Other lines one and all: no time is lost.
        let many = |letter: char| (0..20_000).map(|n| format!("{letter}{n}\n")).collect::<String>();
        assert!(diff(&many('a'), &many('b')).lines().count() == MOST + 1);
    }
}
