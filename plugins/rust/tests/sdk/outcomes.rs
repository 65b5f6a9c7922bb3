//! What becomes of records, whatever a plugin does on the way.

use proptest::prelude::*;
use standpipe_sdk::testing::{self, Input, Output};
use standpipe_sdk::{Failure, Outputs, Record, Verdict};

/// Every byte of a record is something to do: see the match.
#[standpipe_sdk::plugin(columns("key"))]
fn script(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    for (step, byte) in record.payload().iter().enumerate() {
        match byte {
            b'e' => {
                out.emit(step.to_string());
            }
            b'w' => {
                out.emit_with(|output| {
                    output.extend(step.to_string().as_bytes());
                    Ok(())
                })?;
            }
            b'x' => {
                let taken_back = out.emit_with(|output| {
                    output.extend(b"half of it");
                    Err(Failure::new("x", "not this one"))
                });
                assert_eq!(taken_back.unwrap_err().code(), "x");
            }
            b'k' => out.set("key", format!("key {}", step % 3))?,
            b'r' => out.set("route", "set")?,
            b'd' => return Ok(Verdict::Dropped),
            _ => return Err(Failure::new("failed", format!("at {step}"))),
        }
    }
    Ok(out.verdict())
}

#[derive(Debug, PartialEq)]
enum Fate {
    Emitted(Vec<Emitted>),
    Dropped,
    Failed(String),
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Emitted {
    payload: String,
    key: Option<String>,
    route: Option<String>,
}

/// What the script means, without a batch around it. `before` is an output of which nothing is set.
fn expected(script: &str, before: &Emitted) -> Fate {
    let mut outputs: Vec<Emitted> = Vec::new();
    for (step, byte) in script.bytes().enumerate() {
        match byte {
            b'e' | b'w' => outputs.push(Emitted { payload: step.to_string(), ..before.clone() }),
            b'x' => {}
            b'k' | b'r' => match outputs.last_mut() {
                Some(output) if byte == b'k' => output.key = Some(format!("key {}", step % 3)),
                Some(output) => output.route = Some("set".into()),
                None => return Fate::Failed("no-output".into()),
            },
            b'd' => return Fate::Dropped,
            _ => return Fate::Failed("failed".into()),
        }
    }
    if outputs.is_empty() { Fate::Dropped } else { Fate::Emitted(outputs) }
}

fn emitted(output: &Output) -> Emitted {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let column = |name| output.columns.get(name).map(|value| text(value));
    Emitted { payload: text(&output.payload), key: column("key"), route: column("route") }
}

proptest! {
    #[test]
    fn a_record_is_whole_whatever_its_neighbours_do(
        records in prop::collection::vec(("[ewxkr]{0,4}[ewxkrdf]{0,2}", prop::option::of("key [0-3]")), 1..12),
    ) {
        let inputs: Vec<Input> = records.iter().map(|(script, key)| {
            let input = Input::new(script).column("route", "inherited");
            match key {
                Some(key) => input.column("key", key),
                None => input,
            }
        }).collect();
        let outcomes = testing::run_inputs::<Plugin>("{}", &inputs);
        prop_assert!(outcomes.outputs.is_sorted_by_key(|output| output.origin));

        // `key` is asked for and inherited output by output. `route` is not: it is inherited unless an output of
        // the batch sets it, one that was not withdrawn.
        let unset = Emitted::default();
        let sets_route = |(script, _): &(String, _)| match expected(script, &unset) {
            Fate::Emitted(outputs) => outputs.iter().any(|output| output.route.is_some()),
            Fate::Dropped | Fate::Failed(_) => false,
        };
        let route = if records.iter().any(sets_route) { None } else { Some("inherited".to_owned()) };

        for (number, (script, key)) in (0u32..).zip(&records) {
            let own = outcomes.outputs.iter().filter(|output| output.origin == number);
            let outputs: Vec<_> = own.map(emitted).collect();
            let failed: Vec<_> = outcomes.failed.iter().filter(|failed| failed.index == number).collect();
            let dropped = outcomes.dropped.iter().filter(|&&dropped| dropped == number).count();
            let fate = match (outputs.is_empty(), dropped, failed.as_slice()) {
                (false, 0, []) => Fate::Emitted(outputs),
                (true, 1, []) => Fate::Dropped,
                (true, 0, [failed]) => Fate::Failed(failed.failure.code().to_owned()),
                other => panic!("record {number} is in no or in several places: {other:?}"),
            };
            let before = Emitted { key: key.clone(), route: route.clone(), ..Emitted::default() };
            prop_assert_eq!(fate, expected(script, &before));
        }
    }

    #[test]
    fn a_batch_that_does_not_fit_together_is_refused(
        payload in prop::collection::vec(any::<u8>(), 0..8),
        ends in prop::collection::vec(0u32..10, 0..5),
        times in 0usize..5,
    ) {
        let mut runner = standpipe_sdk::native::Runner::<Plugin>::new("{}").unwrap();
        let fits = times == ends.len() && ends.is_sorted() && ends.iter().all(|&end| end as usize <= payload.len());
        let result = runner.run(&payload, &ends, &vec![0; times]);
        prop_assert_eq!(result.is_ok(), fits);
        if let Err(failure) = result {
            prop_assert_eq!(failure.code(), "bad-batch");
        }
    }
}

#[test]
fn buffers_are_enough_when_outputs_grow_and_shrink() {
    let mut runner = standpipe_sdk::native::Runner::<Plugin>::new("{}").unwrap();
    for outputs in [0, 4096, 1, 300] {
        let payload = "e".repeat(outputs);
        let ends = [u32::try_from(outputs).unwrap()];
        let native = runner.run(payload.as_bytes(), &ends, &[0]).unwrap();
        assert_eq!(native.outcomes.ends.len(), outputs);
        assert_eq!(native.outcomes.dropped.len(), usize::from(outputs == 0));
    }
}
