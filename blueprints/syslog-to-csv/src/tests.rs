#[test]
fn every_case_comes_out_as_its_files_say() {
    standpipe_logline::testing::run::<crate::Plugin>(env!("CARGO_MANIFEST_DIR"));
}
