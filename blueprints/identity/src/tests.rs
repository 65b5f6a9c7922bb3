use standpipe_sdk::testing;

#[test]
fn every_case_comes_out_as_its_files_say() {
    standpipe_logline::testing::run::<crate::Plugin>(env!("CARGO_MANIFEST_DIR"));
}

#[test]
fn every_byte_comes_out_as_it_went_in() {
    let records: Vec<Vec<u8>> = (0..=255u8).map(|byte| vec![byte; usize::from(byte)]).collect();
    let outcomes = testing::run::<crate::Plugin>("{}", &records);
    let outputs: Vec<_> = outcomes.outputs.into_iter().map(|output| output.payload).collect();
    assert_eq!(outputs, records);
}

#[test]
fn params_are_refused() {
    assert_eq!(testing::init::<crate::Plugin>(r#"{"a":1}"#).unwrap_err().code(), "bad-params");
}
