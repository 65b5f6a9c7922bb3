//! Health and metrics, as those see them who watch a host.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::{Host, configured, wait_for};
use crate::http::{Answer, send};

const CONFIG: &str = r#"
[streams]
web = { lanes = 1, destination.s3 = { bucket = "logs", buffering = { interval = "1s" } } }
slow = { rate = { records = 2 }, destination.discard = {} }
"#;

fn get(admin: SocketAddr, path: &str) -> Answer {
    send(admin, "GET", path, &[], b"")
}

fn ready(admin: SocketAddr) -> (u16, Value) {
    let answer = get(admin, "/health/ready");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn put(host: &Host, operation: &str, body: &str) -> Answer {
    let target = format!("Firehose_20150804.{operation}");
    let headers = [("content-type", "application/json"), ("x-amz-target", target.as_str())];
    send(host.api, "POST", "/", &headers, body.as_bytes())
}

#[test]
fn a_host_is_alive_and_ready_and_says_so_to_this_machine_alone() {
    let folder = configured(CONFIG);
    let host = Host::start(folder.path());
    let admin = host.admin.unwrap();
    wait_for("it is ready", || ready(admin).0 == 200);
    let running = json!({ "state": "running", "trouble": null });
    assert_eq!(ready(admin).1, json!({ "ready": true, "streams": { "web": running, "slow": running } }));
    let live = get(admin, "/health/live");
    assert_eq!((live.status, live.body.as_str()), (200, "ok\n"));
    assert_eq!(send(admin, "GET", "/health/live", &[("host", "localhost:1")], b"").status, 200);

    for path in ["/health/live", "/health/ready", "/metrics"] {
        for name in ["rebind.example", "10.1.2.3", "127.0.0.1.rebind.example", ""] {
            assert_eq!(send(admin, "GET", path, &[("host", name)], b"").status, 403, "{path} {name}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            assert_eq!(send(admin, method, path, &[], b"").status, 405, "{method} {path}");
        }
    }
    for path in ["/", "/health", "/metrics/", "/health/live/../ready"] {
        assert_eq!(get(admin, path).status, 404, "{path}");
    }
    // Each port has its own.
    assert_eq!(get(host.api, "/metrics").status, 404);
    assert_eq!(get(host.api, "/health/live").status, 404);
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_host_is_not_ready_while_one_of_its_streams_has_failed_and_the_others_go_on() {
    let lines = "lines = { source.file = { path = \"lines\" }, destination.s3 = { bucket = \"lines\" } }\n";
    let folder = configured(&(CONFIG.to_owned() + lines));
    // It can be opened, and not read.
    fs::create_dir(folder.path().join("lines")).unwrap();
    let mut host = Host::start(folder.path());
    let admin = host.admin.unwrap();
    host.says("error: ");
    wait_for("it is not ready", || ready(admin).0 == 503);
    let (_, told) = ready(admin);
    assert_eq!((&told["ready"], &told["streams"]["lines"]["state"]), (&json!(false), &json!("failed")));
    wait_for("another runs", || ready(admin).1["streams"]["web"]["state"] == "running");
    assert_eq!(get(admin, "/health/live").status, 200);
    assert!(get(admin, "/metrics").body.contains("standpipe_stream_up{stream=\"lines\"} 0\n"));
    let answer = put(&host, "PutRecord", r#"{"DeliveryStreamName":"web","Record":{"Data":"eA=="}}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(host.stop().0, Some(1), "a stream failed");
}

#[test]
fn metrics_count_what_was_put_refused_and_delivered() {
    let folder = configured(CONFIG);
    let host = Host::start(folder.path());
    let admin = host.admin.unwrap();
    let two = r#""Records":[{"Data":"eHg="},{"Data":"eXl5"}]}"#;
    let one = r#""Record":{"Data":"eA=="}}"#;
    for (status, operation, stream, rest) in [
        (200, "PutRecord", "web", one),
        (200, "PutRecordBatch", "web", two),
        (200, "PutRecordBatch", "web", two),
        (400, "PutRecord", "web", "\"Record\":{}}"),
        (200, "PutRecordBatch", "slow", &two.replace("]}", ",{\"Data\":\"eg==\"}]}")),
    ] {
        let answer = put(&host, operation, &format!("{{\"DeliveryStreamName\":\"{stream}\",{rest}"));
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let lines = send(
        host.api,
        "POST",
        "/streams/web/records",
        &[("content-type", "application/jsonl")],
        b"1\n2\n3\n",
    );
    assert_eq!(lines.status, 200);

    let has = |line: &str| get(admin, "/metrics").body.lines().any(|found| found == line);
    wait_for("it is delivered", || has("standpipe_delivered_bytes_total{stream=\"web\"} 17"));
    let answer = get(admin, "/metrics");
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{answer:?}");
    for (name, labels, value) in [
        ("put_requests_total", "web\",operation=\"PutRecord\"", 1),
        ("put_requests_total", "web\",operation=\"PutRecordBatch\"", 2),
        ("put_requests_total", "web\",operation=\"Records\"", 1),
        ("put_requests_total", "slow\",operation=\"PutRecordBatch\"", 1),
        ("put_records_total", "web\",operation=\"PutRecordBatch\"", 4),
        ("put_records_total", "web\",operation=\"Records\"", 3),
        ("put_records_total", "slow\",operation=\"PutRecordBatch\"", 2),
        ("put_bytes_total", "web\",operation=\"PutRecord\"", 1),
        ("put_bytes_total", "web\",operation=\"PutRecordBatch\"", 10),
        ("put_bytes_total", "web\",operation=\"Records\"", 6),
        ("put_duration_seconds_count", "web\",operation=\"PutRecordBatch\"", 2),
        ("throttled_records_total", "web\"", 0),
        ("throttled_records_total", "slow\"", 1),
        ("read_records_total", "web\"", 8),
        ("read_bytes_total", "web\"", 17),
        ("output_records_total", "web\"", 8),
        ("delivered_records_total", "web\"", 8),
        ("failed_records_total", "web\"", 0),
        ("stream_up", "web\"", 1),
        ("sealed_files", "web\"", 0),
    ] {
        let line = format!("standpipe_{name}{{stream=\"{labels}}} {value}");
        assert!(has(&line), "there is no `{line}` in {}", answer.body);
    }
    assert!(has("standpipe_refused_requests_total 0") && has("standpipe_request_memory_used_bytes 0"));
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_connection_that_ended_is_counted_no_more() {
    let folder = configured(CONFIG);
    let host = Host::start(folder.path());
    let admin = host.admin.unwrap();
    let open = || {
        let text = get(admin, "/metrics").body;
        let line = text.lines().find(|line| line.starts_with("standpipe_connections ")).unwrap().to_owned();
        line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok()).unwrap()
    };
    assert_eq!(open(), 0);
    let sockets: Vec<_> = (0..3).map(|_| crate::http::connect(host.api)).collect();
    wait_for("three are open", || open() == 3);
    drop(sockets);
    wait_for("none is open", || open() == 0);
    // Whoever says nothing does not keep it from its end.
    let _silent = crate::http::connect(host.api);
    wait_for("one is open", || open() == 1);
    let began = std::time::Instant::now();
    assert_eq!(host.stop().0, Some(0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
