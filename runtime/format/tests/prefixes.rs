//! Prefixes: what they come out as, what is refused with which words, and that no text breaks them.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use proptest::prelude::*;
use standpipe_format::{
    MAX_PREFIX_BYTES, MAX_PREFIX_TEXT_BYTES, Moment, ObjectName, Prefix, PrefixError, Prefixes, Role, What,
    Zone,
};

/// 2026-07-13 14:15:16 UTC.
const THEN: u64 = 1_783_952_116_000;

fn keys(prefix: Option<&str>, error_output_prefix: Option<&str>) -> (String, String) {
    let prefixes = Prefixes::parse(prefix, error_output_prefix, None).unwrap();
    let then = Moment::utc(THEN);
    let mut next = 0;
    let mut random = || {
        next += 1;
        next
    };
    (
        prefixes.destination().evaluate(&then, What::Destination(&[]), &mut random),
        prefixes.error_output().evaluate(&then, What::ErrorOutput("processing-failed"), &mut random),
    )
}

#[test]
fn prefixes_come_out_as_firehose_documents_them() {
    for (prefix, error_output_prefix, key, error_key) in [
        (None, None, "2026/07/13/14/", "processing-failed/2026/07/13/14/"),
        (Some(""), Some(""), "2026/07/13/14/", "processing-failed/2026/07/13/14/"),
        (Some("legacy"), None, "legacy2026/07/13/14/", "legacyprocessing-failed/2026/07/13/14/"),
        (Some("web/"), None, "web/2026/07/13/14/", "web/processing-failed/2026/07/13/14/"),
        (Some("web/"), Some("bad/"), "web/2026/07/13/14/", "bad/"),
        (
            Some("web/!{timestamp:yyyy/MM/dd/HH}/"),
            Some("failed/!{firehose:error-output-type}/"),
            "web/2026/07/13/14/",
            "failed/processing-failed/",
        ),
        (
            Some("!{timestamp:'year='yyyy'/month='MM}/!{timestamp:D}-"),
            Some("!{firehose:error-output-type}!{firehose:error-output-type}-!{timestamp:yyyy-MM-dd}"),
            "year=2026/month=07/194-",
            "processing-failedprocessing-failed-2026-07-13",
        ),
        (
            Some("!{firehose:random-string}/!{firehose:random-string}/"),
            Some("e/"),
            "123456789AB/CDEFGHIJKLM/",
            "e/",
        ),
        (
            Some("! { } }{ !!/"),
            None,
            "! { } }{ !!/2026/07/13/14/",
            "! { } }{ !!/processing-failed/2026/07/13/14/",
        ),
    ] {
        let expected = (key.to_owned(), error_key.to_owned());
        assert_eq!(keys(prefix, error_output_prefix), expected, "{prefix:?} {error_output_prefix:?}");
    }
}

#[test]
fn a_random_string_may_have_any_letter_or_digit() {
    let prefix = Prefix::parse("!{firehose:random-string}", Role::Destination).unwrap();
    let mut seen = String::new();
    for first in 0..6 {
        let mut next = 11 * first..;
        seen += &prefix.evaluate(&Moment::utc(THEN), What::Destination(&[]), &mut || next.next().unwrap());
    }
    assert_eq!(seen, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123");
}

#[test]
fn keys_are_named_as_firehose_names_them() {
    let then = Moment::utc(THEN);
    let name = ObjectName { stream: "web", version: 3, moment: &then, id: 0, extension: ".gz" };
    assert_eq!(
        name.key("logs/2026/"),
        "logs/2026/web-3-2026-07-13-14-15-16-00000000-0000-4000-8000-000000000000.gz"
    );
    let name = ObjectName { id: u128::MAX, extension: "", ..name };
    assert_eq!(name.to_string(), "web-3-2026-07-13-14-15-16-ffffffff-ffff-4fff-bfff-ffffffffffff");
    let name = ObjectName { id: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, ..name };
    assert_eq!(name.to_string(), "web-3-2026-07-13-14-15-16-01234567-89ab-4def-8123-456789abcdef");
}

fn one(text: &str, role: Role) -> String {
    let error = Prefix::parse(text, role).unwrap_err();
    assert_eq!(error.role(), role);
    format!("{:?}: {error}", text.get(error.range()).unwrap())
}

#[test]
fn a_refusal_names_the_place_and_what_to_write() {
    use Role::{Backup, Destination, ErrorOutput};
    for (role, text, refusal) in [
        (
            Destination,
            "a/!{timestamp:yyyy/MM",
            r#""!{timestamp:yyyy/MM": the expression that begins with `!{` is not closed; close it with `}`; `!{` begins an expression and nothing else"#,
        ),
        (
            Destination,
            "a/!{timestamp:yyyy/!{timestamp:MM}",
            r#""!{timestamp:yyyy/": the expression that begins with `!{` is not closed; close it with `}`; `!{` begins an expression and nothing else"#,
        ),
        (
            Destination,
            "!{yyyy}/",
            r#""!{yyyy}": `yyyy` is not of the form `namespace:value`; write `!{timestamp:yyyy/MM/dd}`, for example"#,
        ),
        (
            Destination,
            "é!{Timestamp:yyyy}/",
            r#""Timestamp": there is no namespace `Timestamp`; write `timestamp`"#,
        ),
        (
            Destination,
            "!{date\n:yyyy}/",
            r#""date\n": there is no namespace `date\n`; write `timestamp`, `firehose`, `partitionKeyFromQuery`, `partitionKeyFromPlugin`"#,
        ),
        (
            Destination,
            "!{firehose:random_string}/",
            r#""random_string": `firehose` has no value `random_string`; write `random-string`"#,
        ),
        (
            Destination,
            "!{firehose:uuid}/",
            r#""uuid": `firehose` has no value `uuid`; write `random-string` or `error-output-type`"#,
        ),
        (
            Destination,
            "!{firehose:error-output-type}/",
            r#""!{firehose:error-output-type}": `firehose:error-output-type` has no value outside the error output; remove it, or move it to an error output prefix"#,
        ),
        (
            Destination,
            "!{partitionKeyFromQuery:}/",
            r#""!{partitionKeyFromQuery:}": `partitionKeyFromQuery` names no partition key; write `!{partitionKeyFromQuery:customer}`, for example"#,
        ),
        (
            Destination,
            "!{partitionkeyfromquery:user}/",
            r#""partitionkeyfromquery": there is no namespace `partitionkeyfromquery`; write `partitionKeyFromQuery`"#,
        ),
        (
            Backup,
            "!{partitionKeyFromPlugin:user}/",
            r#""!{partitionKeyFromPlugin:user}": `partitionKeyFromPlugin` cannot stand in the prefix of a backup: a record is backed up before it has keys; remove it"#,
        ),
        (
            Backup,
            "!{firehose:error-output-type}/",
            r#""!{firehose:error-output-type}": `firehose:error-output-type` has no value outside the error output; remove it, or move it to an error output prefix"#,
        ),
        (
            ErrorOutput,
            "!{partitionKeyFromLambda:user}/",
            r#""!{partitionKeyFromLambda:user}": `partitionKeyFromLambda` cannot stand in the prefix of the error output: a record may fail before it has keys; remove it"#,
        ),
        (
            ErrorOutput,
            "failed/!{timestamp:yyyy}/",
            r#""!{timestamp:yyyy}": an error output prefix with expressions must have `!{firehose:error-output-type}` in it; add `!{firehose:error-output-type}/`"#,
        ),
        (
            Destination,
            "!{timestamp:yyyy/jj}/",
            r#""jj": the letter `j` cannot be used in a date pattern; use G y u Y M L d D Q q w W E e c a H k h K m s S A n N g X x Z O z VV, p to pad and [ ] around what is optional, and put other text in single quotes, as in `'year='yyyy`"#,
        ),
        (
            Destination,
            "!{timestamp:yyyy-F}/",
            r#""F": `F` cannot be used in a date pattern: it was a day in its week until Java 18, and is a week of the month since; use G y u Y M L d D Q q w W E e c a H k h K m s S A n N g X x Z O z VV, p to pad and [ ] around what is optional"#,
        ),
        (
            Destination,
            "!{timestamp:yyyy-pD}/",
            r#""pD": `pD` pads to 1 character what can have 3; write `p` 3 times"#,
        ),
        (
            Destination,
            "!{timestamp:yyyy]}/",
            r#""]": `]` ends an optional section, and there is no `[` before it; remove it, or put it in single quotes"#,
        ),
        (
            Destination,
            "!{timestamp:yyyyMMddd}/",
            r#""ddd": the letter `d` stands 3 times in a row; a date pattern takes 1 to 2; write it as often as that"#,
        ),
    ] {
        assert_eq!(one(text, role), refusal);
    }
}

#[test]
fn a_prefix_that_could_pass_the_limit_is_refused() {
    // The date that is glued on counts too.
    let fits = "x".repeat(MAX_PREFIX_BYTES - "yyyy/MM/dd/HH/".len());
    assert_eq!(keys(Some(&fits), Some("e/")).0.len(), MAX_PREFIX_BYTES);
    // Without one of its own, the error output's is longer than it.
    let errors = Prefixes::parse(Some(&fits), None, None).unwrap_err();
    assert_eq!((errors[0].role(), errors[0].range()), (Role::Destination, 0..fits.len()));
    assert_eq!(
        errors[0].to_string(),
        "the prefix of the error output, made from this one, can come out as 543 bytes; the limit is 512; \
         shorten it, or add `error_output_prefix = \"failed/\"`"
    );
    let error = Prefix::parse(&format!("{fits}x"), Role::Destination).unwrap_err();
    assert_eq!(error.to_string(), "the prefix can come out as 513 bytes; the limit is 512; shorten it");
    // What an expression can come out as at its longest counts, and no byte more.
    for (expression, longest) in [
        ("!{timestamp:EEEE}", "Wednesday".len()),
        ("!{timestamp:MMMM}", "September".len()),
        ("!{timestamp:QQQQ}", "3rd quarter".len()),
        ("!{timestamp:EEEEE-MMM-QQQ-DDD}", "W-Sep-Q3-273".len()),
        ("!{timestamp:yy-yyy-yyyyyyy}", "26-2026-0002026".len()),
        ("!{timestamp:kk:mm:ss.SSSSSS a XXX}", "24:00:00.000000 AM +00:00".len()),
        ("!{timestamp:YYYY-'W'ww-W-e}", "+10000-W01-6-7".len()),
        ("!{timestamp:ppppppppppppEEEE}", 12),
        ("!{timestamp:G GGGG GGGGG}", "AD Anno Domini A".len()),
        ("!{timestamp:n N A}", "999999999 86399999999999 86399999".len()),
        ("!{timestamp:x xx xxx xxxx xxxxx}", "+0130 +0130 +01:30 +013000 +01:30:00".len()),
        ("!{firehose:random-string}", 11),
        ("!{partitionKeyFromPlugin:it counts by its value}", 0),
    ] {
        let literal = "x".repeat(MAX_PREFIX_BYTES - longest);
        assert!(Prefix::parse(&format!("{literal}{expression}"), Role::Destination).is_ok(), "{expression}");
        let error = Prefix::parse(&format!("x{literal}{expression}"), Role::Destination).unwrap_err();
        assert!(
            error.to_string().starts_with("the prefix can come out as 513 bytes"),
            "{expression}: {error}"
        );
    }
    let literal = "x".repeat(MAX_PREFIX_BYTES - "AmazonOpenSearchService-failed".len());
    assert!(Prefix::parse(&format!("{literal}!{{firehose:error-output-type}}"), Role::ErrorOutput).is_ok());
    assert!(Prefix::parse(&format!("x{literal}!{{firehose:error-output-type}}"), Role::ErrorOutput).is_err());
    let text = format!("!{{timestamp:'{}'}}", "'".repeat(MAX_PREFIX_TEXT_BYTES - 14));
    assert_eq!(text.len(), MAX_PREFIX_TEXT_BYTES + 1);
    assert_eq!(
        Prefix::parse(&text, Role::Destination).unwrap_err().to_string(),
        "the text of the prefix has 1025 bytes; the limit is 1024; shorten it"
    );
    let text = format!("!{{timestamp:'{}'}}", "''".repeat((MAX_PREFIX_TEXT_BYTES - 15) / 2));
    assert!(Prefix::parse(&text, Role::Destination).is_ok(), "{} bytes", text.len());
    // An error output's is used as it stands.
    assert!(Prefix::parse(&"x".repeat(MAX_PREFIX_BYTES), Role::ErrorOutput).is_ok());
    assert!(Prefix::parse(&"x".repeat(MAX_PREFIX_BYTES + 1), Role::ErrorOutput).is_err());
}

#[test]
fn two_prefixes_are_checked_together() {
    let errors = Prefixes::parse(Some("a/!{timestamp:yyyy}/!{timestamp:MM}/"), None, None).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].role(), errors[0].range()), (Role::Destination, 2..19));
    assert_eq!(
        errors[0].to_string(),
        "a prefix with expressions needs an error output prefix beside it; \
         add `error_output_prefix = \"failed/!{firehose:error-output-type}/\"`"
    );
    let errors = Prefixes::parse(Some("!{timestamp:jj}"), Some("!{firehose:x}"), None).unwrap_err();
    let roles: Vec<Role> = errors.iter().map(PrefixError::role).collect();
    assert_eq!(roles, [Role::Destination, Role::ErrorOutput]);
}

fn roles() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Destination, Role::ErrorOutput, Role::Backup])
}

/// Text in which the things that matter to the parser are likely.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("!{".to_owned()),
        Just("}".to_owned()),
        Just(":".to_owned()),
        Just("'".to_owned()),
        Just("timestamp".to_owned()),
        Just("!{timestamp:yyyy/MM}".to_owned()),
        Just("!{timestamp:".to_owned()),
        Just("firehose".to_owned()),
        Just("!{firehose:random-string}".to_owned()),
        Just("!{firehose:error-output-type}".to_owned()),
        Just("!{partitionKeyFromQuery:a}".to_owned()),
        Just("!{partitionKeyFromLambda:".to_owned()),
        "[a-zA-Z]{1,4}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_a_prefix_or_is_refused_with_a_place_in_it(text in texts(), role in roles(), ms: u64) {
        let what = if role == Role::ErrorOutput { What::ErrorOutput("processing-failed") } else { What::Destination(&[]) };
        match Prefix::parse(&text, role) {
            Ok(prefix) => {
                let out = prefix.evaluate(&Moment::utc(ms), what, &mut || ms);
                prop_assert!(out.len() <= MAX_PREFIX_BYTES);
                if !text.contains("!{") {
                    prop_assert!(out.starts_with(&text));
                }
                prop_assert_eq!(prefix.text(), &text);
                prop_assert_eq!(&Prefix::parse(prefix.text(), role).unwrap(), &prefix);
            }
            Err(error) => {
                prop_assert!(text.get(error.range()).is_some_and(|place| !place.is_empty()));
                prop_assert!(!error.to_string().contains(char::is_control));
            }
        }
    }

    #[test]
    fn any_pattern_prints_or_is_refused_with_a_place_in_it(pattern in "[GyuYMLdDQqwWEecaHkhKmsSAnNgXxZOzVvFBp'/ é\\[\\]]{1,12}", ms: u64, zone in prop::sample::select(vec!["UTC", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"])) {
        let text = format!("!{{timestamp:{pattern}}}");
        let zone = Zone::parse(zone).unwrap();
        match Prefix::parse(&text, Role::Destination) {
            Ok(prefix) => {
                let out = prefix.evaluate(&zone.moment(ms), What::Destination(&[]), &mut || ms);
                prop_assert!(!out.is_empty() || pattern.chars().all(|c| "[]".contains(c)));
                // What it can have at its longest leaves no room for a byte more than this.
                let room = "x".repeat(MAX_PREFIX_BYTES + 1 - out.len());
                let refused = Prefix::parse(&format!("{room}{text}"), Role::Destination).is_err();
                prop_assert!(refused, "{:?} is longer than it can be", out);
            }
            Err(error) => prop_assert!(text.get(error.range()).is_some_and(|place| !place.is_empty())),
        }
    }
}
