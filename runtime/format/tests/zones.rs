//! Time zones and extensions: which are taken, and what is said of those that are not.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use proptest::prelude::*;
use standpipe_format::{Extension, MAX_ZONE_BYTES, Zone};

#[test]
fn a_zone_is_a_name_that_firehose_takes() {
    for name in [
        "UTC",
        "Europe/Berlin",
        "America/Argentina/Buenos_Aires",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Japan",
        "Zulu",
    ] {
        let zone = Zone::parse(name).unwrap();
        assert_eq!((zone.name(), zone.to_string().as_str()), (name, name));
    }
    assert_eq!(Zone::parse("").unwrap(), Zone::UTC);
    assert_eq!(Zone::default(), Zone::UTC);
    assert_ne!(Zone::parse("Europe/Berlin").unwrap(), Zone::parse("Europe/Paris").unwrap());
}

#[test]
fn what_is_no_zone_is_refused_with_what_to_write() {
    let letters = "use a name of letters, `/` and `_` only, such as `Asia/Kolkata`, that keeps the same time";
    let place = "write a name of the tz database, such as `Europe/Berlin`";
    for (name, refusal) in [
        ("CET", "`CET` cannot be used as a time zone; write `Europe/Berlin`, for example".to_owned()),
        ("PST", "`PST` cannot be used as a time zone; write `America/Los_Angeles`, for example".to_owned()),
        ("ROK", "`ROK` cannot be used as a time zone; write `Europe/Berlin`, for example".to_owned()),
        ("xyz", "`xyz` cannot be used as a time zone; write `Europe/Berlin`, for example".to_owned()),
        ("GMT", "`GMT` cannot be used as a time zone; write `UTC`".to_owned()),
        ("utc", "`utc` cannot be used as a time zone; write `UTC`".to_owned()),
        ("Etc/UTC", "`Etc/UTC` cannot be used as a time zone; write `UTC`".to_owned()),
        ("Etc/GMT", "`Etc/GMT` cannot be used as a time zone; write `UTC`".to_owned()),
        ("Factory", "`Factory` cannot be used as a time zone; write `UTC`".to_owned()),
        ("Etc/GMT+3", format!("the name of the time zone `Etc/GMT+3` has `+` in it; {letters}")),
        ("+02:00", format!("the name of the time zone `+02:00` has `+` in it; {letters}")),
        ("GMT0", format!("the name of the time zone `GMT0` has `0` in it; {letters}")),
        (
            "America/Port-au-Prince",
            format!("the name of the time zone `America/Port-au-Prince` has `-` in it; {letters}"),
        ),
        (
            "Europe/Berlin\n",
            format!("the name of the time zone `Europe/Berlin\\n` has `\\n` in it; {letters}"),
        ),
        ("europe/berlin", "there is no time zone `europe/berlin`; did you mean `Europe/Berlin`?".to_owned()),
        ("Europe/Berln", "there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?".to_owned()),
        ("Berlin", "there is no time zone `Berlin`; did you mean `Europe/Berlin`?".to_owned()),
        ("NewYork", "there is no time zone `NewYork`; did you mean `America/New_York`?".to_owned()),
        ("Middle/Nowhere", format!("there is no time zone `Middle/Nowhere`; {place}")),
        ("/", format!("there is no time zone `/`; {place}")),
    ] {
        assert_eq!(Zone::parse(name).unwrap_err().to_string(), refusal);
    }
    let name = "a".repeat(MAX_ZONE_BYTES);
    assert!(Zone::parse(&name).unwrap_err().to_string().starts_with("there is no time zone `aaa"));
    assert_eq!(
        Zone::parse(&(name + "a")).unwrap_err().to_string(),
        "the name of the time zone has 51 bytes; the limit is 50; write one such as `Europe/Berlin`"
    );
}

#[test]
fn an_extension_is_what_firehose_takes() {
    for text in [".gz", ".json.gz", ".0", "..", ".a!-_.*'()z9"] {
        assert_eq!(Extension::parse(text).unwrap().unwrap().as_str(), text);
    }
    assert_eq!(Extension::parse(""), Ok(None));
    let longest = format!(".{}", "x".repeat(127));
    assert!(Extension::parse(&longest).unwrap().is_some());
    for (text, refusal) in [
        (longest + "x", "the extension has 129 bytes; the limit is 128; shorten it"),
        ("json".to_owned(), "the extension `json` does not begin with a dot; write `.json`"),
        (".".to_owned(), "the extension `.` is a dot alone; write what follows it, or remove it"),
        (".GZ".to_owned(), "the extension `.GZ` has `G` in it; use a to z, 0 to 9 and ! - _ . * ' ( )"),
        (".a/b".to_owned(), "the extension `.a/b` has `/` in it; use a to z, 0 to 9 and ! - _ . * ' ( )"),
        (".a\n".to_owned(), "the extension `.a\\n` has `\\n` in it; use a to z, 0 to 9 and ! - _ . * ' ( )"),
        (".é".to_owned(), "the extension `.é` has `é` in it; use a to z, 0 to 9 and ! - _ . * ' ( )"),
    ] {
        assert_eq!(Extension::parse(&text).unwrap_err().to_string(), refusal);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_zone_or_an_extension_or_is_refused_in_words(text in prop_oneof!["[A-Za-z/_0-9+.-]{0,60}", any::<String>()]) {
        match Zone::parse(&text) {
            Ok(zone) => prop_assert!(zone.name() == text || text.is_empty()),
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control)),
        }
        match Extension::parse(&text) {
            Ok(extension) => prop_assert_eq!(extension.as_ref().map_or("", Extension::as_str), &text),
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control)),
        }
    }
}
