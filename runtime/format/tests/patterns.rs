//! Date patterns print what Java's do. `patterns.tsv` is what OpenJDK 17 printed with
//! `DateTimeFormatter.ofPattern(pattern, Locale.US)` in the zone `UTC`; the columns are milliseconds since 1970.
#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test may stop at what it did not expect")]

use jiff::tz::{Offset, TimeZone};
use standpipe_format::{Moment, Prefix, Problem, Role};

fn shown(pattern: &str, moment: &Moment) -> String {
    let prefix = Prefix::parse(&format!("!{{timestamp:{pattern}}}"), Role::Destination).unwrap();
    prefix.evaluate(moment, None, &mut || unreachable!("nothing is random"))
}

#[test]
fn every_pattern_prints_as_in_java() {
    let mut lines = include_str!("patterns.tsv").lines();
    let times: Vec<u64> = lines.next().unwrap().split('\t').skip(1).map(|ms| ms.parse().unwrap()).collect();
    let mut compared = 0;
    for line in lines {
        let (pattern, texts) = line.split_once('\t').unwrap();
        for (ms, text) in times.iter().zip(texts.split('\t')) {
            assert_eq!(shown(pattern, &Moment::utc(*ms)), text, "pattern {pattern} at {ms}");
            compared += 1;
        }
    }
    assert_eq!(compared, 420);
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
    for (pattern, run) in [
        ("MMMMMM", "MMMMMM"),
        ("yyyy/ddd", "ddd"),
        ("HHH", "HHH"),
        ("DDDD", "DDDD"),
        ("aa", "aa"),
        ("EEEEEE", "EEEEEE"),
        ("V", "V"),
        ("VVV", "VVV"),
        ("SSSSSSSSSS", "SSSSSSSSSS"),
        ("yyyyyyyyyyyyyyyyyyyy", "yyyyyyyyyyyyyyyyyyyy"),
    ] {
        let (place, problem) = refused(pattern);
        assert_eq!(place, run);
        assert!(matches!(problem, Problem::Count { .. }), "{pattern}: {problem}");
    }
    for letter in ('a'..='z').chain('A'..='Z').filter(|&letter| !"yuMLdDQEaHkhKmsSXxZzV".contains(letter)) {
        let (place, problem) = refused(&format!("yyyy-{letter}{letter}"));
        assert_eq!((place, problem), (format!("{letter}{letter}"), Problem::Letter { letter }));
    }
    for character in ['{', '[', ']', '#'] {
        let (place, problem) = refused(&format!("yyyy{character}"));
        assert_eq!((place, problem), (character.to_string(), Problem::Reserved { character }));
    }
    assert_eq!(refused("yyyy'T"), ("'T".to_owned(), Problem::QuoteNotClosed));
    assert_eq!(refused("'''"), ("'''".to_owned(), Problem::QuoteNotClosed));
    assert_eq!(refused(""), ("!{timestamp:}".to_owned(), Problem::EmptyPattern));
}
