//! How a body is damaged: in what it says, or in its bytes.

use serde_json::{Map, Value, json};

use crate::kills::draw;

/// What goes into bodies in places where it does not belong, with a `~` between one and the next.
const TOKENS: &str = concat!(
    r#"{~}~[~]~,~:~"~\~null~true~{}~[]~""~-0~1.~1e999~-1e-999~18446744073709551616~9223372036854775808~NaN~//~/*~"#,
    r#"\u0000~\ud800~\udc00\ud800~\x~\u00~é~ ~"DeliveryStreamName":"s1",~"Tags":[],~"Limit":1,~'~"a":1,~"#,
    "\u{0}~\u{b}~\t~\r\n~\u{feff}~\u{202e}~\u{10ffff}"
);

fn below(state: &mut u64, most: usize) -> usize {
    usize::try_from(draw(state) % most.max(1) as u64).unwrap()
}

/// A body, damaged as it comes; some are not damaged.
pub(super) fn damaged(state: &mut u64, mut body: Value) -> Vec<u8> {
    let how = below(state, 10);
    if how >= 2 {
        for _ in 0..1 + below(state, 3) {
            damage_value(state, &mut body);
        }
    }
    let mut bytes = body.to_string().into_bytes();
    if how >= 6 {
        for _ in 0..1 + below(state, 3) {
            damage_bytes(state, &mut bytes);
        }
    }
    bytes
}

/// How many places a body has.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(places).sum(),
        Value::Array(items) => items.iter().map(places).sum(),
        _ => 0,
    }
}

/// The value at a place.
fn place<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    let items: Vec<&mut Value> = match value {
        Value::Object(members) => members.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    items.into_iter().find_map(|item| place(item, number))
}

fn damage_value(state: &mut u64, body: &mut Value) {
    let mut number = below(state, places(body));
    let other = odd(state);
    let Some(value) = place(body, &mut number) else { return };
    match (below(state, 5), value) {
        // Members change places, are lost, or come from elsewhere.
        (0, Value::Object(members)) if members.len() > 1 => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let (one, two) = (&keys[below(state, keys.len())], &keys[below(state, keys.len())]);
            let (first, second) = (members[one].clone(), members[two].clone());
            members.insert(one.clone(), second);
            members.insert(two.clone(), first);
        }
        (1, Value::Object(members)) if !members.is_empty() => {
            let key = members.keys().nth(below(state, members.len())).cloned().unwrap();
            members.remove(&key);
        }
        (2, Value::Object(members)) => drop(members.insert(name(state), other)),
        (0..3, Value::Array(items)) => items.extend(std::iter::repeat_n(other, 1 + below(state, 60))),
        (3, Value::String(text)) => {
            let at = text.floor_char_boundary(below(state, text.len() + 1));
            text.insert_str(at, &token(state).repeat(1 + below(state, 40)));
        }
        (_, value) => *value = other,
    }
}

/// A value of another kind, or one that is far too much of it.
fn odd(state: &mut u64) -> Value {
    match below(state, 14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(i64::MIN),
        5 => json!(1e300),
        6 => json!(0.5),
        7 => json!(""),
        8 => json!("x".repeat(1 << below(state, 14))),
        9 => json!([]),
        10 => json!({}),
        11 => nested(below(state, 60), below(state, 2) == 0),
        12 => json!(token(state)),
        _ => {
            let members: Map<String, Value> =
                (0..below(state, 300)).map(|number| (format!("m{number}"), json!(number))).collect();
            Value::Object(members)
        }
    }
}

fn nested(depth: usize, lists: bool) -> Value {
    (0..depth).fold(json!(1), |inner, _| if lists { json!([inner]) } else { json!({ "Tags": inner }) })
}

/// The name of some member of the model, or of none.
fn name(state: &mut u64) -> String {
    let names = [
        "RedshiftDestinationConfiguration",
        "S3DestinationConfiguration",
        "ExtendedS3DestinationUpdate",
        "KinesisStreamSourceConfiguration",
        "DirectPutSourceConfiguration",
        "DeliveryStreamEncryptionConfigurationInput",
        "DynamicPartitioningConfiguration",
        "DataFormatConversionConfiguration",
        "ProcessingConfiguration",
        "CloudWatchLoggingOptions",
        "BufferingHints",
        "Prefix",
        "Limit",
        "Tags",
        "tags",
        "",
        "__type",
    ];
    names[below(state, names.len())].to_owned()
}

fn token(state: &mut u64) -> String {
    let count = TOKENS.split('~').count();
    TOKENS.split('~').nth(below(state, count)).unwrap().to_owned()
}

fn damage_bytes(state: &mut u64, bytes: &mut Vec<u8>) {
    let (one, two) = (below(state, bytes.len() + 1), below(state, bytes.len() + 1));
    let (from, to) = (one.min(two), one.max(two).min(one.min(two) + 48));
    match below(state, 9) {
        0 if !bytes.is_empty() => {
            let at = below(state, bytes.len());
            bytes[at] ^= 1 << below(state, 8);
        }
        1 => drop(bytes.drain(from..to)),
        2 => bytes.truncate(one),
        3 => {
            let again = bytes[from..to].to_vec();
            bytes.splice(from..from, again);
        }
        // Bytes that no text has.
        4 => drop(bytes.splice(
            from..from,
            [[0xff].as_slice(), &[0xc0, 0x80], &[0xed, 0xa0, 0x80]][below(state, 3)].to_vec(),
        )),
        // A member that is there twice.
        5 => {
            let at = bytes.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
            bytes.splice(at..at, br#""DeliveryStreamName":"s2","DeliveryStreamName":7,"#.iter().copied());
        }
        // As deep, or as long, as fits.
        6 => {
            let depth = 1 << below(state, 17);
            bytes.splice(from..to, b"[".repeat(depth));
        }
        7 => drop(bytes.splice(from..to, b"9".repeat(1 << below(state, 16)))),
        _ => drop(bytes.splice(from..to, token(state).into_bytes())),
    }
}
