//! One object of 1 GiB into an S3 server, in parts: `tests/bench/s3` runs it beside boto3.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may end with a panic, and prints its figure"
)]

use std::sync::Arc;
use std::time::Instant;

use standpipe_sink::testing::object;
use standpipe_sink::{Keys, S3, S3Settings, Sink};

fn main() {
    let Ok(endpoint) = std::env::var("S3_ENDPOINT") else {
        println!("left out: S3_ENDPOINT names no server; tests/bench/s3 starts one");
        return;
    };
    let keys = || Ok(Keys { id: "AKIATEST".into(), secret: "secretsecret".into(), session_token: None });
    let settings = S3Settings {
        endpoint: Some(endpoint),
        region: None,
        path_style: true,
        profile: None,
        keys: Some(Arc::new(keys)),
        multipart_above: 16 << 20,
        part_size: 8 << 20,
    };
    // Nothing that a file system could leave out.
    let mut state = 1u64;
    let body: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_le_bytes()
    })
    .take(1 << 27)
    .flatten()
    .collect();
    let object = Arc::new(object("records", "standpipe", "1", body));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sink = S3::new(settings);
    let began = Instant::now();
    let delivered = runtime.block_on(sink.deliver(&object, &())).unwrap();
    println!(
        "standpipe: {:.0} MB/s, {delivered:?}",
        object.body.len() as f64 / 1e6 / began.elapsed().as_secs_f64()
    );
}
