use proptest::prelude::*;
use standpipe_record::Cause;

use super::*;

/// What a made-up plugin does with a record.
#[derive(Debug, Clone)]
enum Fate {
    Out(Vec<u8>),
    Drop,
    Fail,
}

fn fates(most: usize) -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 1..4).prop_map(Fate::Out),
        1 => Just(Fate::Drop),
        1 => Just(Fate::Fail),
    ];
    prop::collection::vec(fate, most)
}

fn failure(index: u32) -> Failure {
    Failure {
        index,
        cause: Cause::Returned,
        code: "made-up".into(),
        message: String::new(),
        plugin: None,
        captured: String::new(),
        backtrace: String::new(),
        attempts: 1,
    }
}

/// The outcomes of `records` records whose fates are those of `fates`, in turn. An output is one byte.
fn outcomes(records: usize, fates: &[Fate]) -> Outcomes {
    let mut out = Outcomes::default();
    for (index, fate) in (0u32..).zip(fates.iter().cycle().take(records)) {
        match fate {
            Fate::Out(bytes) => {
                for byte in bytes {
                    out.outputs.push(&[*byte], u64::from(index)).unwrap();
                    out.origins.push(index);
                }
            }
            Fate::Drop => out.dropped.push(index),
            Fate::Fail => out.failed.push(failure(index)),
        }
    }
    out
}

proptest! {
    /// Two plugins joined do with each source record what a reading of the contract, record by record, says.
    #[test]
    fn joining_keeps_records_whole(count in 1usize..12, first in fates(5), second in fates(7)) {
        let mut before = outcomes(count, &first);
        let mut out = outcomes(before.outputs.len(), &second);
        let (given, next) = (before.clone(), out.clone());
        join(&mut before, &mut out);

        for record in 0..u32::try_from(count).unwrap() {
            let mine: Vec<u32> = (0u32..).zip(&given.origins).filter(|(_, origin)| **origin == record).map(|(n, _)| n).collect();
            let failed = given.failed.iter().any(|failure| failure.index == record)
                || next.failed.iter().any(|failure| mine.contains(&failure.index));
            let outputs: Vec<&[u8]> = next.outputs.iter().zip(&next.origins).filter(|(_, origin)| mine.contains(origin)).map(|(bytes, _)| bytes).collect();
            let got: Vec<&[u8]> = out.outputs.iter().zip(&out.origins).filter(|(_, origin)| **origin == record).map(|(bytes, _)| bytes).collect();
            let fails = out.failed.iter().filter(|failure| failure.index == record).count();
            let drops = out.dropped.iter().filter(|dropped| **dropped == record).count();
            if failed {
                prop_assert_eq!((got.len(), fails, drops), (0, 1, 0));
            } else if outputs.is_empty() {
                prop_assert_eq!((got.len(), fails, drops), (0, 0, 1));
            } else {
                prop_assert_eq!((got, fails, drops), (outputs, 0, 0));
            }
        }
        prop_assert!(out.origins.is_sorted());
        prop_assert!(out.dropped.is_sorted());
        prop_assert_eq!(out.outputs.len(), out.origins.len());
    }
}
