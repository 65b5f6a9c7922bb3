//! Small guests in WAT. The base answers every record with itself; a record that begins with `X` is hostile.

use standpipe_plugin::{Host, Limits, LoadError, Metering, Plugin, Settings};
use standpipe_record::{Batch, Outcomes};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// What a hostile guest does. All of it is WAT.
#[derive(Clone, Copy, Default)]
pub(crate) struct Guest<'a> {
    /// Module fields beside the base's.
    pub(crate) fields: &'a str,
    /// Runs in `init`; may `return` a pointer to its own answer.
    pub(crate) init: &'a str,
    /// Runs for each record that begins with `X`; its number is `$i`.
    pub(crate) record: &'a str,
    /// Runs after the answer was written to `$ret`, when there was such a record; the last one is `$x`.
    pub(crate) answer: &'a str,
}

const WIT: &str = include_str!("../../../../wit/transform.wit");

/// The answer lies at 64; the layout of `result<outcomes, error>` is the canonical ABI's: tag at 0, then pairs of
/// pointer and length: payload 4, ends 12, origins 20, columns 28, dropped 36, failed 44. An error has its code
/// at 4 and its message at 12.
fn wat(guest: &Guest<'_>) -> String {
    let Guest { fields, init, record, answer } = guest;
    let batch = "standpipe:transform/batch@0.1.0";
    format!(
        r#"(module
  (import "standpipe:transform/host@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "standpipe:transform/host@0.1.0" "count" (func $count (param i32 i32 i64)))
  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 4096))
  (data (i32.const 1024) "code\00\00\00\00message with \1b[31m control\ncharacters and bad \ff\fe bytes")
  {fields}
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.const 32))))
    (local.get $at))
  (func (export "{batch}#init") (param i32 i32 i32 i32) (result i32)
    {init}
    (i32.store8 (i32.const 64) (i32.const 0))
    (i32.const 64))
  (func (export "{batch}#transform") (param $payload i32) (param $len i32) (param $ends i32) (param $n i32)
        (param $arrival i32) (param $na i32) (param $columns i32) (param $nc i32) (result i32)
    (local $i i32) (local $start i32) (local $origins i32) (local $x i32) (local $ret i32) (local $j i32)
    (local.set $ret (i32.const 64))
    (local.set $x (i32.const -1))
    (local.set $origins (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $origins) (i32.mul (local.get $n) (i32.const 4))))
    (block $fits
      (br_if $fits (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.const 32))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      (i32.store (i32.add (local.get $origins) (i32.mul (local.get $i) (i32.const 4))) (local.get $i))
      (if (i32.eq (i32.load8_u (i32.add (local.get $payload) (local.get $start))) (i32.const 88))
        (then (local.set $x (local.get $i))
          {record}))
      (local.set $start (i32.load (i32.add (local.get $ends) (i32.mul (local.get $i) (i32.const 4)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (i32.store8 (local.get $ret) (i32.const 0))
    (i32.store offset=4 (local.get $ret) (local.get $payload))
    (i32.store offset=8 (local.get $ret) (local.get $len))
    (i32.store offset=12 (local.get $ret) (local.get $ends))
    (i32.store offset=16 (local.get $ret) (local.get $n))
    (i32.store offset=20 (local.get $ret) (local.get $origins))
    (i32.store offset=24 (local.get $ret) (local.get $n))
    (i64.store offset=28 (local.get $ret) (i64.const 0))
    (i64.store offset=36 (local.get $ret) (i64.const 0))
    (i64.store offset=44 (local.get $ret) (i64.const 0))
    (if (i32.ge_s (local.get $x) (i32.const 0)) (then {answer}))
    (global.set $heap (i32.const 4096))
    (local.get $ret))
)"#
    )
}

pub(crate) fn encode(module: &str, world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(module).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("transform.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

pub(crate) fn component(guest: &Guest<'_>) -> Vec<u8> {
    encode(&wat(guest), "batch-plugin")
}

pub(crate) fn host() -> Host {
    Host::new(None)
}

pub(crate) fn settings(limits: Limits) -> Settings {
    Settings { limits, ..Settings::new("hostile") }
}

pub(crate) fn load(host: &Host, guest: &Guest<'_>, limits: Limits) -> Plugin {
    Plugin::load(host, &component(guest), settings(limits)).unwrap()
}

pub(crate) fn try_load(guest: &Guest<'_>, limits: Limits, metering: Metering) -> Result<Plugin, LoadError> {
    Plugin::load(&host(), &component(guest), Settings { metering, ..settings(limits) })
}

/// `n` records `r0`, `r1`, …, of which those in `hostile` begin with `X`.
pub(crate) fn records(n: usize, hostile: &[usize]) -> Batch {
    let mut batch = Batch::new();
    for number in 0..n {
        let mark = if hostile.contains(&number) { 'X' } else { 'r' };
        batch.push(format!("{mark}{number}").as_bytes(), 1_000 + number as u64).unwrap();
    }
    batch
}

/// Every record but the failed ones has itself as its output, in order.
pub(crate) fn assert_others_delivered(input: &Batch, out: &Outcomes) {
    let failed: Vec<u32> = out.failed.iter().map(|failure| failure.index).collect();
    let want: Vec<u32> = (0..u32::try_from(input.len()).unwrap()).filter(|n| !failed.contains(n)).collect();
    assert_eq!(out.origins, want);
    assert!(out.dropped.is_empty());
    for (output, origin) in out.outputs.iter().zip(&out.origins) {
        assert_eq!(output, input.get(*origin as usize).unwrap());
    }
    let arrivals: Vec<u64> = want.iter().map(|n| input.arrival_ms()[*n as usize]).collect();
    assert_eq!(out.outputs.arrival_ms(), arrivals);
}
