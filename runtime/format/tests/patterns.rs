//! Date patterns print what Java's do. Both tables are what OpenJDK 17 and 25 printed with
//! `DateTimeFormatter.ofPattern(pattern, Locale.US)`, by `Patterns.java`; where these differ, which is for `z`, 25's.
#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test may stop at what it did not expect")]

use jiff::tz::{Offset, TimeZone};
use standpipe_format::{Moment, Prefix, Problem, Role, What, Zone};

fn shown(pattern: &str, moment: &Moment) -> String {
    let prefix = Prefix::parse(&format!("!{{timestamp:{pattern}}}"), Role::Destination).unwrap();
    prefix.evaluate(moment, What::Destination(&[]), &mut || unreachable!("nothing is random"))
}

/// Compares a table, cell by cell, and returns how many there are. Its first row has milliseconds since 1970, and
/// a zone behind them where that is not UTC.
fn compare(table: &str, differs: impl Fn(&str, &Zone) -> Option<&'static str>) -> usize {
    let mut lines = table.lines();
    let columns = lines.next().unwrap().split('\t').skip(1);
    let times: Vec<(u64, Zone)> = columns
        .map(|column| {
            let (ms, zone) = column.split_once(' ').unwrap_or((column, "UTC"));
            (ms.parse().unwrap(), Zone::parse(zone).unwrap())
        })
        .collect();
    let mut compared = 0;
    for line in lines {
        let (pattern, texts) = line.split_once('\t').unwrap();
        for ((ms, zone), text) in times.iter().zip(texts.split('\t')) {
            let expected = differs(pattern, zone).unwrap_or(text);
            assert_eq!(shown(pattern, &zone.moment(*ms)), expected, "pattern {pattern} at {ms} in {zone}");
            compared += 1;
        }
    }
    compared
}

#[test]
fn every_pattern_prints_as_in_java() {
    assert_eq!(compare(include_str!("patterns.tsv"), |_, _| None), 420);
}

#[test]
fn every_pattern_prints_as_in_java_in_other_zones() {
    // Of all abbreviations in the table, Java has another one than the tz database for this.
    let differs = |pattern: &str, zone: &Zone| {
        (pattern.starts_with('z') && zone.name() == "Africa/Monrovia").then_some("MMT")
    };
    assert_eq!(compare(include_str!("patterns-in-zones.tsv"), differs), 92 * 27);
}

/// Where Java 25 prints HAST, AWST, IST, MSK and, in summer too, GMT.
#[test]
fn some_abbreviations_are_not_those_of_java() {
    for (zone, text) in [
        ("America/Adak", "HDT"),
        ("Antarctica/Casey", "GMT+08:00"),
        ("Asia/Colombo", "GMT+05:30"),
        ("Europe/Minsk", "GMT+03:00"),
        ("Antarctica/Troll", "GMT+02:00"),
    ] {
        assert_eq!(shown("z", &Zone::parse(zone).unwrap().moment(1_783_952_116_000)), text, "{zone}");
    }
}

#[test]
fn other_zones_shift_the_date_and_show_their_distance() {
    let at = |seconds| {
        let zone = TimeZone::fixed(Offset::from_seconds(seconds).unwrap());
        shown("dd HH:mm X XX XXX x xx xxx Z VV", &Moment::new(1_789_014_240_448, zone))
    };
    assert_eq!(at(19_800), "10 09:54 +0530 +0530 +05:30 +0530 +0530 +05:30 +0530 +05:30");
    assert_eq!(at(-28_800), "09 20:24 -08 -0800 -08:00 -08 -0800 -08:00 -0800 -08:00");
    assert_eq!(at(-1_800), "10 03:54 -0030 -0030 -00:30 -0030 -0030 -00:30 -0030 -00:30");
}

#[test]
fn times_beyond_the_year_9999_stand_at_its_end() {
    assert_eq!(shown("yyyy", &Moment::utc(u64::MAX)), "9999");
}

/// What Java refuses, and what would depend on a locale, with the bytes that are wrong.
#[test]
fn what_cannot_be_printed_is_refused_with_its_place() {
    let refused = |pattern: &str| {
        let text = format!("logs/!{{timestamp:{pattern}}}/");
        let error = Prefix::parse(&text, Role::Destination).unwrap_err();
        (text[error.range()].to_owned(), error.problem().clone())
    };
    for (pattern, run, takes) in [
        ("GGGGGG", "GGGGGG", "1 to 5"),
        ("MMMMMM", "MMMMMM", "1 to 5"),
        ("yyyy/ddd", "ddd", "1 to 2"),
        ("HHH", "HHH", "1 to 2"),
        ("DDDD", "DDDD", "1 to 3"),
        ("aa", "aa", "1"),
        ("EEEEEE", "EEEEEE", "1 to 5"),
        ("eeeeee", "eeeeee", "1 to 5"),
        ("cc", "cc", "1, or 3 to 5"),
        ("www", "www", "1 to 2"),
        ("WW", "WW", "1"),
        ("V", "V", "exactly 2"),
        ("VVV", "VVV", "exactly 2"),
        ("OO", "OO", "1 or 4"),
        ("zzzzz", "zzzzz", "1 to 3"),
        ("XXXXXX", "XXXXXX", "1 to 5"),
        ("SSSSSSSSSS", "SSSSSSSSSS", "1 to 9"),
        ("yyyyyyyyyyyyyyyyyyyy", "yyyyyyyyyyyyyyyyyyyy", "1 to 19"),
    ] {
        let (place, problem) = refused(pattern);
        let (letter, count) = (run.chars().next().unwrap(), run.len());
        assert_eq!((place.as_str(), problem), (run, Problem::Count { letter, count, takes }));
    }
    for letter in ('a'..='z')
        .chain('A'..='Z')
        .filter(|letter| !"GyuYMLdDQqwWEecaHkhKmsSAnNgXxZOzVvFBp".contains(*letter))
    {
        let (place, problem) = refused(&format!("yyyy-{letter}{letter}"));
        assert_eq!((place, problem), (format!("{letter}{letter}"), Problem::Letter { letter }));
    }
    for (pattern, run) in
        [("F-d", "F"), ("h B", "B"), ("BBBB", "BBBB"), ("v", "v"), ("vvvv", "vvvv"), ("HH zzzz", "zzzz")]
    {
        let (place, problem) = refused(pattern);
        assert_eq!(place, run);
        assert!(
            matches!(problem, Problem::Differs { run: ref said, .. } if said == run),
            "{pattern}: {problem}"
        );
    }
    for character in ['{', '#'] {
        let (place, problem) = refused(&format!("yyyy{character}"));
        assert_eq!((place, problem), (character.to_string(), Problem::Reserved { character }));
    }
    for (pattern, place, problem) in [
        ("yyyy]", "]", Problem::NoSection),
        ("[yyyy]]", "]", Problem::NoSection),
        ("HHpp", "pp", Problem::NothingToPad),
        ("pp'x'", "pp", Problem::NothingToPad),
        ("pH", "pH", Problem::PadTooNarrow { run: "pH".to_owned(), width: 1, longest: 2 }),
        ("yyyy'T", "'T", Problem::QuoteNotClosed),
        ("'''", "'''", Problem::QuoteNotClosed),
        ("", "!{timestamp:}", Problem::EmptyPattern),
    ] {
        assert_eq!(refused(pattern), (place.to_owned(), problem));
    }
}

/// Java takes a field that is longer than what it is padded to for an error, when it happens; here it is one at once.
#[test]
fn a_field_is_padded_to_no_less_than_it_can_have() {
    for (field, longest) in [
        ("H", 2),
        ("MMMM", 9),
        ("EEEE", 9),
        ("D", 3),
        ("SSS", 3),
        ("XXX", 6),
        ("a", 2),
        ("A", 8),
        ("N", 14),
        ("n", 9),
    ] {
        let pattern = |width: usize| format!("!{{timestamp:{}{field}}}", "p".repeat(width));
        assert!(Prefix::parse(&pattern(longest), Role::Destination).is_ok(), "{field}");
        assert!(Prefix::parse(&pattern(longest - 1), Role::Destination).is_err(), "{field}");
    }
}
