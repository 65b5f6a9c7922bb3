use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use standpipe_sink::testing::Memory;

use super::transform::Fate;
use super::world::FILE;

/// Whether every record is where its last run put it, once, and every accepted one is somewhere.
pub(super) fn check(
    sink: &Memory,
    fates: &HashMap<u64, Fate>,
    accepted: &[u64],
    requests: u64,
    files: [u64; 2],
) -> Result<(), String> {
    let mut outputs: BTreeMap<u64, Vec<(u64, u32)>> = BTreeMap::new();
    let mut failed: HashMap<u64, u32> = HashMap::new();
    for object in sink.objects() {
        let text = unpack(&object.body);
        for line in text.lines() {
            if object.key.starts_with("failed/") {
                let error: serde_json::Value = serde_json::from_str(line).unwrap();
                let raw = error["rawData"].as_str().unwrap();
                let raw = base64::engine::general_purpose::STANDARD.decode(raw).unwrap();
                let number = String::from_utf8(raw).unwrap().trim_end_matches('.').parse().unwrap();
                *failed.entry(number).or_default() += 1;
            } else {
                let mut parts = line.split(' ').map(|part| part.parse::<u64>().unwrap());
                let mut part = || parts.next().unwrap();
                let number = part();
                let run = part();
                outputs.entry(number).or_default().push((run, u32::try_from(part()).unwrap()));
            }
        }
    }
    let lines = files.into_iter().zip(1..).flat_map(|(lines, file)| file * FILE..file * FILE + lines);
    for number in (0..requests).chain(lines) {
        let out = outputs.get(&number).cloned().unwrap_or_default();
        let times = failed.get(&number).copied().unwrap_or_default();
        let good = match fates.get(&number) {
            None => out.is_empty() && times == 0 && !accepted.contains(&number),
            Some(Fate::Dropped) => out.is_empty() && times == 0,
            Some(Fate::Failed) => out.is_empty() && times == 1,
            Some(Fate::Emitted(parts, run)) => {
                times == 0 && out == (0..*parts).map(|part| (*run, part)).collect::<Vec<_>>()
            }
        };
        // A record that nobody was answered for may be there or not, but never half or twice.
        let unanswered = !accepted.contains(&number) && out.is_empty() && times == 0;
        if !good && !unanswered {
            let fate = fates.get(&number);
            return Err(format!("record {number}: last run {fate:?}, outputs {out:?}, failed {times} times"));
        }
    }
    Ok(())
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
