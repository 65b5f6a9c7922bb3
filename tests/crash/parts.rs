//! What every line of the stream with partitions and a backup must come to.

use crate::ledger::Ledger;

/// How many values the key `k` has. Each has its value of `g`, of which there are ten.
const KEYS: u32 = 500;

/// A source record, and its parts: where each belongs, and its bytes.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) parts: Vec<(&'static str, String)>,
}

/// Line `number`: one to four JSON objects, with things among them that cannot be delivered.
pub(crate) fn line(number: u32) -> Line {
    let mut parts = Vec::new();
    if number % 211 == 17 {
        parts.push(("apart", format!("nonsense {number}")));
    } else if number % 509 == 100 {
        // More than are taken apart: it stays whole, and has no keys.
        let whole = format!("{{\"id\":{number}}}{}", "{}".repeat(500));
        parts.push(("keyless", whole));
    } else {
        for part in 0..1 + number % 4 {
            let id = number * 4 + part;
            if number % 53 == 7 && part == 0 {
                parts.push(("keyless", format!("{{\"id\":{id}}}")));
            }
            if number % 151 == 60 && part == 0 {
                // The query runs out of stack, and those around it go through it one by one.
                parts.push(("keyless", format!("{{\"id\":{id},\"k\":\"c000\",\"g\":0,\"deep\":true}}")));
            }
            if number % 131 == 5 && part == 1 {
                parts.push(("apart", format!("[{id}]")));
            }
            // A third of them for a few, whose parcels get full.
            let key = if id.is_multiple_of(3) { id % 4 } else { id * 37 % KEYS };
            // More than the host's memory for parcels, all in all.
            let pad = if id % 5 == 2 { 8_000 } else { 20 + id as usize * 7 % 200 };
            let pad = "x".repeat(pad);
            parts.push((
                "out",
                format!("{{\"id\":{id},\"k\":\"c{key:03}\",\"g\":{},\"pad\":\"{pad}\"}}", key % 10),
            ));
        }
        if number % 97 == 41 {
            // What is behind it is lost with it, and no record.
            parts.push(("apart", format!("broken {number} {{\"k\":\"c000\"}}")));
        }
    }
    let between = ["", " ", "\t "][number as usize % 3];
    let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
    Line { text: texts.join(between), parts }
}

/// Each part once where it belongs, and once in the backup each line, or with `failed` each of which a part failed.
pub(crate) fn expected(lines: u32, failed: bool) -> Ledger {
    let mut ledger = Ledger::new();
    for number in 0..lines {
        let Line { text, parts } = line(number);
        if !failed || parts.iter().any(|(place, _)| *place != "out") {
            ledger.insert(("backup", text), 1);
        }
        ledger.extend(parts.into_iter().map(|part| (part, 1)));
    }
    ledger
}

/// The folder of an output under the prefix that `head` tells apart, one of those of `prefix_and_query`.
pub(crate) fn folder(head: &str, text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let (k, g) = (value["k"].as_str().unwrap(), &value["g"]);
    match head {
        "a" => format!("a/{k}"),
        "b" => format!("b/k={k}/g={g}"),
        "c" => format!("c/{g}"),
        "d" => format!("d/k={k}/all"),
        other => panic!("there is no prefix `{other}`"),
    }
}

/// What an operator may choose between two runs: other keys, and the same ones elsewhere.
pub(crate) fn prefix_and_query(choice: u64) -> (&'static str, &'static str) {
    match choice % 4 {
        0 => ("a/!{partitionKeyFromQuery:k}/", "{k: (if .deep then (def f: [f]; f) else .k end)}"),
        1 => (
            "b/k=!{partitionKeyFromQuery:k}/g=!{partitionKeyFromQuery:g}/",
            "{g: .g, k: (if .deep then (def f: [f]; f) else .k end)}",
        ),
        2 => ("c/!{partitionKeyFromQuery:g}/", "{g: (if .deep then (def f: [f]; f) else .g end)}"),
        _ => {
            ("d/k=!{partitionKeyFromQuery:k}/all/", "{k: (if .deep then last(def f: 1 + f; f) else .k end)}")
        }
    }
}
