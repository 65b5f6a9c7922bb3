//! Partition keys: which prefixes may have them, and which values make a prefix.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use proptest::prelude::*;
use standpipe_format::{
    KeyProblem, KeySource, MAX_PREFIX_BYTES, Moment, PartitionKey, Partitioning, Prefix, Prefixes, Role, What,
};
use standpipe_record::Kind;

const BOTH: Option<Partitioning> = Some(Partitioning { query: true, plugin: true });
const QUERY: Option<Partitioning> = Some(Partitioning { query: true, plugin: false });
const PLUGIN: Option<Partitioning> = Some(Partitioning { query: false, plugin: true });
const NEITHER: Option<Partitioning> = Some(Partitioning { query: false, plugin: false });

fn key(source: KeySource, name: &str) -> PartitionKey {
    PartitionKey { source, name: name.to_owned() }
}

#[test]
fn keys_are_told_once_each_in_the_order_of_their_first_use() {
    use KeySource::{Plugin, Query};
    let text = "!{partitionKeyFromLambda:b}/!{partitionKeyFromQuery:a}/!{partitionKeyFromPlugin:b}/\
                !{partitionKeyFromPlugin:a}!{partitionKeyFromQuery:a}!{partitionKeyFromQuery: it's {odd: é}/";
    let prefixes = Prefixes::parse(Some(text), Some("e/"), BOTH).unwrap();
    let keys = [key(Plugin, "b"), key(Query, "a"), key(Plugin, "a"), key(Query, " it's {odd: é")];
    assert_eq!(prefixes.keys(), keys);
    assert_eq!(prefixes.destination().text(), text);
    assert_eq!(Prefix::parse(text, Role::Destination).unwrap().keys(), keys);
    let columns: Vec<String> = keys.iter().map(PartitionKey::column).collect();
    assert_eq!(columns, ["b", "partitionKeyFromQuery:a", "a", "partitionKeyFromQuery: it's {odd: é"]);
    assert_eq!(keys[1].to_string(), "!{partitionKeyFromQuery:a}");
    assert_eq!(keys[2].to_string(), "!{partitionKeyFromPlugin:a}");

    let then = Moment::utc(0);
    let evaluate = |values: &[&str]| {
        prefixes.destination().evaluate(&then, What::Destination(values), &mut || unreachable!())
    };
    assert_eq!(evaluate(&["B", "A", "a", "!{x}"]), "B/A/B/aA!{x}/");
    // What is not there comes out as nothing, what is too much not at all.
    assert_eq!(evaluate(&["B"]), "B//B//");
    assert_eq!(evaluate(&["B", "A", "a", "o", "more"]), "B/A/B/aAo/");
}

#[test]
fn a_prefix_has_the_keys_that_the_stream_can_give() {
    let query = Some("!{partitionKeyFromQuery:a}/");
    let plugin = Some("!{partitionKeyFromPlugin:a}/");
    let lambda = Some("!{partitionKeyFromLambda:a}/");
    let mixed = Some("!{partitionKeyFromQuery:a}/!{timestamp:yyyy}/!{partitionKeyFromPlugin:a}/");
    for (prefix, partitioning) in
        [(query, QUERY), (query, BOTH), (plugin, PLUGIN), (lambda, PLUGIN), (lambda, BOTH), (mixed, BOTH)]
    {
        assert!(Prefixes::parse(prefix, Some("e/"), partitioning).is_ok(), "{prefix:?} {partitioning:?}");
    }
    let plugin_help = "`partitionKeyFromPlugin` has no keys: the stream has no plugin; add one to the stream's \
                       `transform`, or take the key from a query with `partitionKeyFromQuery`";
    let query_help = "`partitionKeyFromQuery` has no keys: the partitioning has no query; add a query to it, or take \
                      the key from a plugin with `partitionKeyFromPlugin`";
    let no_partitioning = "`partitionKeyFromLambda` needs partitioning, which the destination does not have; add \
                           `partitioning = {}` to the destination";
    let no_key = "the destination has partitioning, and its prefix no partition key; add one, as in \
                  `!{partitionKeyFromQuery:customer}/`, or remove `partitioning`";
    let no_error_prefix = "a prefix with expressions needs an error output prefix beside it; add \
                           `error_output_prefix = \"failed/!{firehose:error-output-type}/\"`";
    let keys_need_it = "partitioning needs an error output prefix; add \
                        `error_output_prefix = \"failed/!{firehose:error-output-type}/\"`";
    let error_output = "`partitionKeyFromQuery` cannot stand in the prefix of the error output: a record may fail before \
                        it has keys; remove it";
    let lambda_help = plugin_help.replacen("partitionKeyFromPlugin", "partitionKeyFromLambda", 1);
    for (prefix, error_prefix, partitioning, refusals) in [
        (lambda, Some("e/"), None, vec![(0..27, no_partitioning)]),
        (query, Some("e/"), PLUGIN, vec![(0..26, query_help)]),
        (plugin, Some("e/"), QUERY, vec![(0..27, plugin_help)]),
        (lambda, Some("e/"), QUERY, vec![(0..27, lambda_help.as_str())]),
        (mixed, Some("e/"), NEITHER, vec![(0..26, query_help), (45..72, plugin_help)]),
        (query, None, QUERY, vec![(0..26, no_error_prefix)]),
        (Some("logs/"), Some("e/"), BOTH, vec![(0..5, no_key)]),
        (Some("logs/!{timestamp:yyyy}/"), Some("e/"), BOTH, vec![(0..23, no_key)]),
        (Some("logs/"), None, BOTH, vec![(0..5, no_key), (0..5, keys_need_it)]),
        (None, None, BOTH, vec![(0..0, no_key), (0..0, keys_need_it)]),
        (query, Some("!{partitionKeyFromQuery:a}/"), BOTH, vec![(0..26, error_output)]),
    ] {
        let errors = Prefixes::parse(prefix, error_prefix, partitioning).unwrap_err();
        let said: Vec<_> = errors.iter().map(|error| (error.range(), error.to_string())).collect();
        let said: Vec<_> = said.iter().map(|(range, text)| (range.clone(), text.as_str())).collect();
        assert_eq!(said, refusals, "{prefix:?} {error_prefix:?} {partitioning:?}");
    }
}

#[test]
fn the_prefix_of_a_backup_is_dated_and_needs_no_other() {
    let evaluate = |text| {
        let prefix = Prefix::parse(text, Role::Backup).unwrap();
        prefix.evaluate(&Moment::utc(1_783_952_116_000), What::Destination(&[]), &mut || 0)
    };
    assert_eq!(evaluate(""), "2026/07/13/14/");
    assert_eq!(evaluate("raw/"), "raw/2026/07/13/14/");
    assert_eq!(evaluate("raw/!{timestamp:yyyy}/!{firehose:random-string}/"), "raw/2026/00000000000/");
}

fn check(text: &str, values: &[&[u8]]) -> Result<(), String> {
    Prefix::parse(text, Role::Destination).unwrap().check(values).map_err(|problem| {
        assert_eq!(problem.kind(), Kind::Reject);
        problem.to_string()
    })
}

#[test]
fn values_that_make_no_prefix_are_refused_with_their_key() {
    let one = "c=!{partitionKeyFromQuery:customer}/!{timestamp:yyyy/MM}/";
    assert_eq!(check(one, &[b"acme"]), Ok(()));
    assert_eq!(check(one, &["é/ü \u{2028}".as_bytes()]), Ok(()));
    for (text, values, refusal) in [
        (one, vec![&b""[..]], "the partition key `customer` is empty"),
        (one, vec![b"\xff-a"], "the partition key `customer` is `\u{fffd}-a`, which is not UTF-8"),
        (one, vec![b"a\nb"], "the partition key `customer` is `a\\nb`, which has control characters in it"),
        (
            one,
            vec!["a\u{85}".as_bytes()],
            "the partition key `customer` is `a\\u{85}`, which has control characters in it",
        ),
        (
            one,
            vec![b"a/../b"],
            "the partition key `customer` is `a/../b`, with which the prefix has a segment `..`",
        ),
        (
            one,
            vec![b"a/./b"],
            "the partition key `customer` is `a/./b`, with which the prefix has a segment `.`",
        ),
        (
            one,
            vec![b"a/.."],
            "the partition key `customer` is `a/..`, with which the prefix has a segment `..`",
        ),
        (
            "!{partitionKeyFromQuery:customer}/",
            vec![b".."],
            "the partition key `customer` is `..`, with which the prefix has a segment `..`",
        ),
        (
            ".!{partitionKeyFromQuery:customer}/",
            vec![b"."],
            "the partition key `customer` is `.`, with which the prefix has a segment `..`",
        ),
        (
            "!{partitionKeyFromQuery:a}!{partitionKeyFromPlugin:b}/",
            vec![b"x/.", b"./y"],
            "the partition key `a` is `x/.`, with which the prefix has a segment `..`",
        ),
        (
            "!{timestamp:'x/.'}!{partitionKeyFromQuery:customer}",
            vec![b"./"],
            "the partition key `customer` is `./`, with which the prefix has a segment `..`",
        ),
        (one, vec![], "the prefix has 1 partition keys; 0 values were given"),
    ] {
        assert_eq!(check(text, &values), Err(refusal.to_owned()), "{text}");
    }
    for (text, value) in [
        // Dots with something beside them, at the end behind which the name of the object stands, or apart.
        ("c=!{partitionKeyFromQuery:customer}/", &b".."[..]),
        ("!{partitionKeyFromQuery:customer}", b".."),
        ("!{partitionKeyFromQuery:customer}", b"a/.."),
        ("!{timestamp:d}!{partitionKeyFromQuery:customer}/", b".."),
        ("!{firehose:random-string}!{partitionKeyFromQuery:customer}/", b"."),
        ("./!{partitionKeyFromQuery:customer}/", b"..."),
        ("!{timestamp:VV}!{partitionKeyFromQuery:customer}/", b".."),
    ] {
        assert_eq!(check(text, &[value]), Ok(()), "{text}");
    }
    // A message is of a length that a person can read, whatever the value is.
    let long = "\u{202e}".repeat(200);
    let refusal =
        check(&one.replace("customer", &"k".repeat(200)), &[format!("{long}\0").as_bytes()]).unwrap_err();
    assert!(refusal.len() < 1_000 && refusal.contains("kkk…` is `\\u{202e}"), "{refusal}");
}

#[test]
fn values_fit_into_a_prefix_at_its_longest() {
    let text =
        "!{timestamp:MMMM}/!{partitionKeyFromQuery:a}!{partitionKeyFromQuery:a}/!{partitionKeyFromPlugin:b}";
    let room = MAX_PREFIX_BYTES - "September//".len();
    let (a, b) = (vec![b'a'; 200], vec![b'b'; room - 400]);
    assert_eq!(check(text, &[&a, &b]), Ok(()));
    let longer = vec![b'b'; room - 399];
    assert_eq!(
        check(text, &[&a, &longer]),
        Err("the partition key `a` is 200 bytes long; with it the prefix can come out as 513 bytes; the limit is 512".to_owned())
    );
    let problem =
        Prefix::parse(text, Role::Destination).unwrap().check(&[&b"x".repeat(900_000), b"y"]).unwrap_err();
    assert!(matches!(problem, KeyProblem::TooLong { bytes: 1_800_012, .. }), "{problem}");
}

/// Prefixes and values in which slashes and dots are likely.
fn scenes() -> impl Strategy<Value = (String, Vec<Vec<u8>>)> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just(".".to_owned()),
        Just("!{partitionKeyFromQuery:a}".to_owned()),
        Just("!{partitionKeyFromPlugin:b}".to_owned()),
        Just("!{timestamp:MMMM'/.'}".to_owned()),
        Just("!{timestamp:'.'[H]}".to_owned()),
        "[a-z]{0,200}",
    ];
    let value = prop_oneof![
        "[./]{0,4}".prop_map(String::into_bytes),
        "[a/.]{0,400}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20)
    ];
    (prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat()), prop::collection::vec(value, 2))
}

proptest! {
    #[test]
    fn what_is_checked_makes_a_key_and_what_is_not_makes_none((text, values) in scenes(), ms in 0u64..4_000_000_000_000) {
        let Ok(prefix) = Prefix::parse(&text, Role::Destination) else { return Ok(()) };
        let keys = prefix.keys().len();
        let values: Vec<&[u8]> = values.iter().take(keys).map(Vec::as_slice).collect();
        let texts: Vec<String> = values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        let lent: Vec<&str> = texts.iter().map(String::as_str).collect();
        let at = |ms| prefix.evaluate(&Moment::utc(ms), What::Destination(&lent), &mut || ms);
        let dots = |key: &str| key.rsplit('/').skip(1).filter(|segment| [".", ".."].contains(segment)).count();
        // Literals may have segments of dots that no value is to blame for.
        let blameless = dots(&prefix.evaluate(&Moment::utc(ms), What::Destination(&["k", "k"]), &mut || ms));
        let key = at(ms);
        match prefix.check(&values) {
            Ok(()) => {
                prop_assert!(key.len() <= MAX_PREFIX_BYTES);
                prop_assert!(!key.contains(char::is_control));
                prop_assert_eq!(dots(&key), blameless, "{}", key);
                prop_assert!(texts.iter().zip(&values).all(|(text, value)| text.as_bytes() == *value && !value.is_empty()));
            }
            Err(KeyProblem::Segment { .. }) => prop_assert!(dots(&key) > blameless, "{key}"),
            // A month is longest in September, an hour late in the day.
            Err(KeyProblem::TooLong { bytes, .. }) => prop_assert_eq!(at(1_789_300_800_000).len(), bytes),
            Err(problem) => prop_assert_ne!(problem, KeyProblem::Count { keys, values: values.len() }),
        }
    }
}
