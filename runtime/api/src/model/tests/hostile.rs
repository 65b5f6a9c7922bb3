//! Bodies that no client of the service sends.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;

use super::super::shape::{Kind, Shape};
use super::super::*;
use super::{create, create_with, invalid, read_create, refused};

const PREFIX: &str = "the body is not the JSON of this operation: ";

fn malformed(input: &str, body: &str) -> String {
    let message = refused(Cause::Serialization, input, body);
    assert!(message.len() <= MOST_TOLD);
    message.strip_prefix(PREFIX).unwrap().to_owned()
}

#[test]
fn what_is_no_json_of_the_operation_is_told_so() {
    for body in [
        "",
        " ",
        "{",
        "nul",
        "NaN",
        "{\"Limit\":NaN}",
        "{\"Limit\":Infinity}",
        "{\"Limit\":1e400}",
        "{}{}",
        "\u{feff}{}",
    ] {
        malformed("ListDeliveryStreamsInput", body);
    }
    assert_eq!(read("ListDeliveryStreamsInput", b"{\"\xff\":1}").unwrap_err().cause, Cause::Serialization);
    assert_eq!(malformed("ListDeliveryStreamsInput", "null"), "null can not be converted to a structure");
    for (input, body, wanted) in [
        ("ListDeliveryStreamsInput", "[]", "Start of list found where not expected"),
        ("ListDeliveryStreamsInput", "\"a\"", "STRING_VALUE can not be converted to a structure"),
        (
            "ListDeliveryStreamsInput",
            r#"{"Limit":"1"}"#,
            "STRING_VALUE can not be converted to an Integer at 'limit'",
        ),
        (
            "ListDeliveryStreamsInput",
            r#"{"Limit":1.5}"#,
            "NUMBER_VALUE can not be converted to an Integer at 'limit'",
        ),
        (
            "ListDeliveryStreamsInput",
            r#"{"Limit":9223372036854775808}"#,
            "NUMBER_VALUE can not be converted to an Integer at 'limit'",
        ),
        (
            "ListDeliveryStreamsInput",
            r#"{"Limit":1,"Limit":2}"#,
            "A second value found where not expected at 'limit'",
        ),
        ("ListDeliveryStreamsInput", r#"{"DeliveryStreamType":"\ud800"}"#, "unexpected end of hex escape"),
        (
            "DeleteDeliveryStreamInput",
            r#"{"AllowForceDelete":"true"}"#,
            "STRING_VALUE can not be converted to a Boolean at 'allowForceDelete'",
        ),
        (
            "DeleteDeliveryStreamInput",
            r#"{"DeliveryStreamName":true}"#,
            "TRUE_VALUE can not be converted to a String at 'deliveryStreamName'",
        ),
        (
            "TagDeliveryStreamInput",
            r#"{"Tags":{}}"#,
            "Start of structure or map found where not expected at 'tags'",
        ),
        (
            "TagDeliveryStreamInput",
            r#"{"DeliveryStreamName":{}}"#,
            "Start of structure or map found where not expected at 'deliveryStreamName'",
        ),
        (
            "TagDeliveryStreamInput",
            r#"{"Tags":[{"Key":[]}]}"#,
            "Start of list found where not expected at 'tags.1.member.key'",
        ),
        (
            "PutRecordInput",
            r#"{"Record":{"Data":"a b"}}"#,
            "STRING_VALUE can not be converted to a Blob: it is not base64 at 'record.data'",
        ),
    ] {
        let told = malformed(input, body);
        assert!(told.starts_with(wanted), "{told}");
    }
}

#[test]
fn a_body_has_so_many_values_and_is_so_deep() {
    let deep = |open: &str, close: &str, depth: usize| {
        format!("{{\"New\":{}1{}}}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        read("ListDeliveryStreamsInput", deep(open, close, 63).as_bytes()).unwrap();
        for depth in [64, 127, 128, 100_000] {
            let told = malformed("ListDeliveryStreamsInput", &deep(open, close, depth));
            assert!(told.starts_with("arrays and objects lie deeper than 64 in each other"), "{told}");
        }
    }
    let many = format!("{{\"New\":[{}1]}}", "1,".repeat(16_381));
    read("ListDeliveryStreamsInput", many.as_bytes()).unwrap();
    let many = format!("{{\"New\":[{}1]}}", "1,".repeat(16_382));
    assert!(malformed("ListDeliveryStreamsInput", &many).starts_with("there are more than 16384 values"));
}

#[test]
fn messages_have_an_end() {
    let tags = vec![json!({ "Key": "aws:", "Value": "!" }); 5_000];
    let told = invalid("/Tags", json!(tags));
    assert!(told.starts_with("10001 validation errors detected: Value at 'tags' failed"), "{told}");
    assert!(told.len() < 10_000);
    let body = create_with("/Tags/0/Key", json!({ "a".repeat(100_000): 1 }));
    assert!(malformed("CreateDeliveryStreamInput", &body.to_string()).len() < MOST_TOLD);
}

/// Values that make patterns that look around go back as often as they can.
#[test]
fn no_value_takes_long() {
    let labels = |count: usize| format!("jdbc:redshift://{}", "redshift.".repeat(count));
    let s3 = json!({ "RoleARN": "a", "BucketARN": "a" });
    let parameters = vec![json!({ "ParameterName": "LambdaArn", "ParameterValue": " ".repeat(5_120) }); 50];
    let began = Instant::now();
    for length in [100, 1_000, 5_000, 50_000] {
        let body = json!({
            "DeliveryStreamName": "a".repeat(length),
            "RedshiftDestinationConfiguration": {
                "RoleARN": "arn:::".repeat(length),
                "ClusterJDBCURL": labels(length.div_ceil(9)),
                "CopyCommand": { "DataTableName": " ".repeat(length) },
                "S3Configuration": s3,
            },
            "HttpEndpointDestinationConfiguration": {
                "EndpointConfiguration": { "Url": "https:/".repeat(length), "Name": " ".repeat(length) },
                "ProcessingConfiguration": { "Processors": [{
                    "Type": "Lambda",
                    "Parameters": parameters,
                }] },
                "S3Configuration": s3,
            },
            "Tags": [{ "Key": "\u{3000}".repeat(length) }],
        });
        read_create(&body).unwrap_err();
    }
    // Much less in a release; here it is to tell seconds from hours.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-10..1_000_i64).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof!["GZIP", "Lambda", "arn:aws:s3:::a", "", " ", "aws:a"].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let known: Vec<&str> = include_str!("../shapes.txt").split([' ', '*', ':', '\n']).collect();
    prop_oneof![4 => prop::sample::select(known).prop_map(str::to_owned), 1 => any::<String>()]
}

/// The pointers of all values within one.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    let mut below = |step: &str, value: &Value| {
        let at = format!("{at}/{step}");
        out.push(at.clone());
        pointers(value, &at, out);
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| below(&n.to_string(), item)),
        Value::Object(members) => members.iter().for_each(|(name, member)| below(name, member)),
        _ => {}
    }
}

/// Whether a value has the types of a shape, and all that must be there.
fn fits(shape: &Shape, value: &Value) -> bool {
    match (shape, value) {
        (Shape::Structure(members), Value::Object(found)) => {
            let known = |name: &String| members.iter().any(|member| member.name == name);
            found.keys().all(known)
                && members.iter().all(|member| match found.get(member.name) {
                    Some(value) => fits(&member.shape, value),
                    None => !member.required,
                })
        }
        (Shape::List { item, .. }, Value::Array(items)) => items.iter().all(|value| fits(item, value)),
        (Shape::Map { value, .. }, Value::Object(found)) => found.values().all(|found| fits(value, found)),
        (Shape::Scalar { kind, .. }, value) => match kind {
            Kind::String | Kind::Blob => value.is_string(),
            Kind::Integer => value.is_i64(),
            Kind::Double | Kind::Timestamp => value.is_number(),
            Kind::Boolean => value.is_boolean(),
        },
        _ => false,
    }
}

/// Good, or wrong for one of two causes; and what is good stays as it is when it is read again.
fn holds(input: &str, body: &[u8]) -> Result<(), TestCaseError> {
    match read(input, body) {
        Ok(found) => {
            prop_assert!(fits(&MODEL[input], &Value::from(found.clone())), "{:?}", found);
            let again = read(input, Value::Object(found.clone()).to_string().as_bytes());
            prop_assert_eq!(again, Ok(found));
        }
        Err(fault) => {
            prop_assert!(matches!(fault.cause, Cause::Validation | Cause::Serialization), "{}", fault);
            prop_assert!(fault.message.len() < 32 << 10);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_body_has_an_answer(body in any_json(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for input in MODEL.keys().filter(|name| name.ends_with("Input")) {
            holds(input, body.to_string().as_bytes())?;
            holds(input, &bytes)?;
        }
    }

    #[test]
    fn a_body_that_was_good_has_an_answer(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4),
        cut in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = create();
        for (place, value) in changes {
            let mut all = Vec::new();
            pointers(&body, "", &mut all);
            if let Some(found) = (!all.is_empty()).then(|| place.get(&all)).and_then(|at| body.pointer_mut(at)) {
                *found = value;
            }
        }
        let mut bytes = body.to_string().into_bytes();
        holds("CreateDeliveryStreamInput", &bytes)?;
        let cut = cut.index(bytes.len());
        bytes[cut] = byte;
        holds("CreateDeliveryStreamInput", &bytes)?;
        bytes.truncate(cut);
        holds("CreateDeliveryStreamInput", &bytes)?;
    }
}
