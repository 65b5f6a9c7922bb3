use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use standpipe_sink::testing::Memory;

use super::transform::{Fate, keys_of};
use super::world::{BACKUP, FILE, line, parts};
use crate::plan::Backs;

/// What the sink holds of each part: outputs by run, and how often it failed.
#[derive(Default)]
struct Delivered {
    outputs: BTreeMap<u64, Vec<(u64, u32)>>,
    failed: HashMap<u64, u32>,
    /// Parts that failed because too many partitions were open.
    refused: HashMap<u64, u32>,
    /// How often each source record is in the backup.
    backed_up: HashMap<String, u32>,
}

/// What stays the same through all lives.
pub(super) struct Checked {
    pub(super) spread: u64,
    pub(super) splits: bool,
    pub(super) backs: Backs,
}

/// Whether every part of every record is where its last run put it, once, and every accepted one is somewhere; and
/// whether the backup has each record that it should have, once.
pub(super) fn check(
    sink: &Memory,
    fates: &HashMap<u64, Fate>,
    accepted: &[u64],
    requests: u64,
    files: [u64; 2],
    world: &Checked,
) -> Result<(), String> {
    let Checked { spread, splits, backs } = *world;
    let mut delivered = read(sink, spread)?;
    let lines = files.into_iter().zip(1..).flat_map(|(lines, file)| file * FILE..file * FILE + lines);
    for number in (0..requests).chain(lines) {
        let is_accepted = accepted.contains(&number);
        let mut is_there = false;
        let mut has_failed = false;
        for part in parts(number, splits) {
            let out = delivered.outputs.get(&part).cloned().unwrap_or_default();
            let times = delivered.failed.get(&part).copied().unwrap_or_default();
            let refused = delivered.refused.get(&part).copied().unwrap_or_default();
            let good = match fates.get(&part) {
                None => out.is_empty() && times + refused == 0 && !is_accepted,
                Some(Fate::Dropped) => out.is_empty() && times + refused == 0,
                Some(Fate::Failed) => out.is_empty() && times == 1 && refused == 0,
                // Either all of its outputs or none of them found a partition.
                Some(Fate::Emitted(..)) if refused > 0 => out.is_empty() && refused == 1 && times == 0,
                Some(Fate::Emitted(outputs, run)) => {
                    let mut out = out.clone();
                    // One partition may be delivered before another.
                    out.sort_unstable();
                    times == 0 && out == (0..*outputs).map(|output| (*run, output)).collect::<Vec<_>>()
                }
            };
            // A record that nobody was answered for may be there or not, but never half or twice.
            let nothing = out.is_empty() && times + refused == 0;
            if !good && (is_accepted || !nothing) {
                let fate = fates.get(&part);
                return Err(format!(
                    "part {part}: last run {fate:?}, outputs {out:?}, failed {times} times, refused {refused} times"
                ));
            }
            is_there |= !nothing;
            has_failed |= times + refused > 0;
        }
        let copies = delivered.backed_up.remove(&line(number, splits)).unwrap_or_default();
        let good = match backs {
            Backs::Nothing => copies == 0,
            Backs::Failed => copies == u32::from(has_failed),
            Backs::All if is_accepted || is_there => copies == 1,
            Backs::All => copies <= 1,
        };
        if !good {
            return Err(format!("record {number} is in the backup {copies} times, failed: {has_failed}"));
        }
    }
    match delivered.backed_up.into_iter().next() {
        Some((line, _)) => Err(format!("the backup has `{line}`, which nobody sent")),
        None => Ok(()),
    }
}

fn read(sink: &Memory, spread: u64) -> Result<Delivered, String> {
    let mut delivered = Delivered::default();
    for object in sink.objects() {
        let text = unpack(&object.body);
        for line in text.lines() {
            if object.bucket == BACKUP {
                *delivered.backed_up.entry(line.to_owned()).or_default() += 1;
            } else if object.key.starts_with("failed/") {
                let error: serde_json::Value = serde_json::from_str(line).unwrap();
                let raw = error["rawData"].as_str().unwrap();
                let raw = base64::engine::general_purpose::STANDARD.decode(raw).unwrap();
                let part = String::from_utf8(raw).unwrap().trim_end_matches('.').parse().unwrap();
                let refused = object.key.starts_with("failed/activePartitionExceeded/");
                let counted = if refused { &mut delivered.refused } else { &mut delivered.failed };
                *counted.entry(part).or_default() += 1;
            } else {
                let mut numbers = line.split(' ').map(|number| number.parse::<u64>().unwrap());
                let mut number = || numbers.next().unwrap();
                let (part, run) = (number(), number());
                let output = u32::try_from(number()).unwrap();
                at_home(&object.key, part + u64::from(output), spread)?;
                delivered.outputs.entry(part).or_default().push((run, output));
            }
        }
    }
    Ok(delivered)
}

/// Whether an output is under its own keys, if its object is under any.
fn at_home(key: &str, sum: u64, spread: u64) -> Result<(), String> {
    let segments: Vec<&str> = key.split('/').collect();
    let [k, j] = keys_of(sum, spread);
    let wanted = match segments.get(1) {
        Some(&"one") => vec![k],
        Some(&"two") => vec![j, k],
        Some(&"three") => vec![k, j],
        _ => return Ok(()),
    };
    match segments.get(2..2 + wanted.len()).is_some_and(|found| *found == wanted[..]) {
        true => Ok(()),
        false => Err(format!("an output with the keys of {sum} is in `{key}`")),
    }
}

fn unpack(body: &[u8]) -> String {
    use std::io::Read;
    let mut text = String::new();
    if body.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(body).read_to_string(&mut text).unwrap();
    } else {
        text.push_str(std::str::from_utf8(body).unwrap());
    }
    text
}
