//! Components that cannot be loaded, and `init` that misbehaves: one sentence each, with what to do next.

use std::time::Duration;

use standpipe_plugin::{Chain, Host, Limits, LoadError, Metering, Plugin, Settings, StartError};
use standpipe_record::Outcomes;

use crate::guest::{Guest, component, encode, records, try_load};

fn quick() -> Limits {
    Limits { init_time: Duration::from_millis(20), memory: 8 << 20, ..Limits::default() }
}

fn load_bytes(bytes: &[u8]) -> String {
    Plugin::load(&Host::new(None), bytes, Settings::new("bad")).unwrap_err().to_string()
}

#[test]
fn an_endless_init_is_timed_out() {
    for metering in [Metering::Time, Metering::Fuel] {
        let error = try_load(&Guest { init: "(loop $l (br $l))", ..Guest::default() }, quick(), metering)
            .unwrap_err();
        assert!(matches!(error, LoadError::Start(StartError::Time { .. })), "{error}");
        assert_eq!(error.to_string(), "`init` took longer than 20 ms of CPU time");
    }
}

#[test]
fn a_trap_in_init_shows_what_it_logged() {
    let init = "(call $log (i32.const 2) (i32.const 1032) (i32.const 12)) unreachable";
    let error = try_load(&Guest { init, ..Guest::default() }, quick(), Metering::Time).unwrap_err();
    assert_eq!(error.to_string(), "`init` trapped: it aborted (`unreachable`) (it logged: message with)");
}

#[test]
fn an_error_from_init_is_passed_on() {
    let init = "(i32.store8 (i32.const 64) (i32.const 1))
        (i32.store offset=4 (i32.const 64) (i32.const 1024)) (i32.store offset=8 (i32.const 64) (i32.const 4))
        (i32.store offset=12 (i32.const 64) (i32.const 1032)) (i32.store offset=16 (i32.const 64) (i32.const 12))
        (return (i32.const 64))";
    let error = try_load(&Guest { init, ..Guest::default() }, quick(), Metering::Time).unwrap_err();
    assert_eq!(error.to_string(), "`init` failed with `code`: message with");
}

#[test]
fn a_memory_above_the_limit_never_starts() {
    let limits = Limits { memory: 128 << 10, ..quick() };
    let error = try_load(&Guest::default(), limits, Metering::Time).unwrap_err();
    assert!(error.to_string().contains("262144 bytes of memory; the limit is 131072"), "{error}");
}

#[test]
fn bytes_that_are_not_wasm() {
    assert!(load_bytes(b"#!/bin/sh").starts_with("it is not WebAssembly: give a component"));
    assert!(load_bytes(b"").starts_with("it is not WebAssembly"));
}

#[test]
fn a_core_module_is_no_component() {
    assert!(
        load_bytes(&wat::parse_str("(module)").unwrap()).starts_with("it is a core module, not a component")
    );
}

#[test]
fn a_component_cut_at_any_byte_is_refused() {
    let whole = component(&Guest::default());
    let host = Host::new(None);
    for cut in (0..whole.len()).step_by(97) {
        let error = Plugin::load(&host, &whole[..cut], Settings::new("cut")).unwrap_err();
        let text = error.to_string();
        // Cut between two sections it is whole, and lacks the export.
        assert!(
            ["damaged or truncated", "not WebAssembly", "exports neither", "cannot be compiled"]
                .iter()
                .any(|part| text.contains(part)),
            "{cut}: {text}"
        );
    }
}

#[test]
fn a_component_without_the_export() {
    let empty = wat::parse_str("(component)").unwrap();
    assert!(load_bytes(&empty).contains("exports neither"), "{}", load_bytes(&empty));
    let other =
        wat::parse_str(r#"(component (instance $i) (export "acme:cli/run@0.2.0" (instance $i)))"#).unwrap();
    assert!(load_bytes(&other).contains("it exports `acme:cli/run@0.2.0`"), "{}", load_bytes(&other));
}

#[test]
fn a_component_of_a_later_version() {
    let later = wat::parse_str(
        r#"(component (instance $i) (export "standpipe:transform/batch@0.9.0" (instance $i)))"#,
    );
    let text = load_bytes(&later.unwrap());
    assert!(
        text.contains("`standpipe:transform/batch@0.9.0`; this host knows version 0.1.0: run a newer"),
        "{text}"
    );
}

#[test]
fn an_import_outside_the_contract() {
    let asks = wat::parse_str(
        r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance (export "handle" (func)))))"#,
    );
    let text = load_bytes(&asks.unwrap());
    assert!(
        text.starts_with("it imports `wasi:http/outgoing-handler@0.2.0`, which is not granted"),
        "{text}"
    );
}

#[test]
fn functions_of_another_type() {
    let wrong = wat::parse_str(
        r#"(component
            (core module $m (func (export "f")))
            (core instance $c (instantiate $m))
            (func $f (canon lift (core func $c "f")))
            (instance $i (export "init" (func $f)) (export "transform" (func $f)))
            (export "standpipe:transform/batch@0.1.0" (instance $i)))"#,
    );
    let text = load_bytes(&wrong.unwrap());
    assert!(text.contains("another type than the contract's"), "{text}");
}

#[test]
fn two_sections_are_one_too_many() {
    let section = r#"(@custom "standpipe:plugin" "{\"name\":\"twice\"}")"#;
    let fields = format!("{section} {section}");
    let error =
        try_load(&Guest { fields: &fields, ..Guest::default() }, quick(), Metering::Time).unwrap_err();
    assert!(matches!(error, LoadError::TwoSections), "{error}");
}

#[test]
fn a_section_that_is_no_json() {
    let fields = r#"(@custom "standpipe:plugin" "name=x")"#;
    let error = try_load(&Guest { fields, ..Guest::default() }, quick(), Metering::Time).unwrap_err();
    assert!(error.to_string().starts_with("its `standpipe:plugin` section cannot be read"), "{error}");
}

#[test]
fn an_each_plugin_is_loaded_too() {
    let each = "standpipe:transform/each@0.1.0";
    let module = format!(
        r#"(module (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "{each}#init") (param i32 i32 i32 i32) (result i32) (i32.const 64))
            (func (export "{each}#transform") (param i32 i32 i64 i32 i32) (result i32)
              (i32.store8 offset=4 (i32.const 64) (i32.const 1)) (i32.const 64)))"#
    );
    let plugin =
        Plugin::load(&Host::new(None), &encode(&module, "each-plugin"), Settings::new("each")).unwrap();
    let mut chain = Chain::new([plugin]);
    let mut out = Outcomes::default();
    chain.run(&records(100, &[]), &mut out).unwrap();
    assert_eq!(out.dropped, (0..100).collect::<Vec<_>>());
}

#[test]
fn the_same_plugin_in_another_context_is_told_so_and_shares_the_rest() {
    // Fails with its context as the message if that begins with an `X`.
    let init = "(if (i32.eq (i32.load8_u (local.get 2)) (i32.const 88)) (then
        (i32.store8 (i32.const 64) (i32.const 1))
        (i32.store offset=4 (i32.const 64) (i32.const 1024)) (i32.store offset=8 (i32.const 64) (i32.const 4))
        (i32.store offset=12 (i32.const 64) (local.get 2)) (i32.store offset=16 (i32.const 64) (local.get 3))
        (return (i32.const 64))))";
    let plugin = try_load(&Guest { init, ..Guest::default() }, quick(), Metering::Time).unwrap();
    let run = |plugin| Chain::new([plugin]).run(&records(1, &[]), &mut Outcomes::default());
    assert!(run(plugin.clone()).is_ok());
    let error = run(plugin.in_context("X is here")).unwrap_err();
    assert_eq!(error.to_string(), "`init` failed with `code`: X is here");
    assert!(run(plugin.in_context("here")).is_ok());
}
