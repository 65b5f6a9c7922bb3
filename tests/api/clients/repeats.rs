//! Whoever sends a request again, not knowing how the first try went, has the first answer, and one copy is kept.

use rustix::process::Signal;

use super::{WEB, put, wait_ready};
use crate::host::{Host, configured, drain};
use crate::wire::delivered;

const CALL: &str = "8d2ff6a0-6b0e-4a5b-9c3e-6f5b3f2f8a11";
const ONE: &str = r#"{"DeliveryStreamName":"web","Record":{"Data":"b25lCg=="}}"#;
const THREE: &str = r#"{"DeliveryStreamName":"web","Records":[{"Data":"MQo="},{"Data":""},{"Data":"Mwo="}]}"#;

#[test]
fn a_request_that_is_repeated_has_the_first_answer_and_is_kept_once_also_after_a_kill() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    let (one, three) = (put(&host, CALL, ONE), put(&host, CALL, THREE));
    assert_ne!(one, three, "another body is another request");
    assert_eq!((put(&host, CALL, ONE), put(&host, CALL, THREE)), (one.clone(), three.clone()));
    host.kill();
    let host = Host::start(folder.path());
    assert_eq!((put(&host, CALL, THREE), put(&host, CALL, ONE)), (three.clone(), one.clone()));
    // What nobody sent yet is none of these.
    assert_ne!(put(&host, "another", ONE), one);
    assert_eq!(host.stop().0, Some(0));
    let host = Host::start(folder.path());
    assert_eq!((put(&host, CALL, ONE), put(&host, CALL, THREE)), (one, three), "after a stop in order, too");
    host.signal(Signal::KILL);
    drop(host);
    drain(folder.path());
    assert_eq!(String::from_utf8(delivered(folder.path())).unwrap(), "one\n1\n3\none\n");
}

#[test]
fn a_request_to_another_stream_is_another_request_whatever_its_id() {
    let other = WEB.replace("web", "other").replace("\"logs\"", "\"others\"");
    let folder = configured(&(WEB.to_owned() + &other));
    let host = Host::start(folder.path());
    let one = put(&host, CALL, ONE);
    assert_ne!(put(&host, CALL, &ONE.replace("web", "other")), one);
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"one\n");
    let others = crate::host::objects(&folder.path().join("buckets/others"));
    assert_eq!(others.iter().map(|(_, bytes)| bytes.as_slice()).collect::<Vec<_>>(), [b"one\n"]);
}

#[test]
fn records_that_were_refused_once_are_refused_to_a_repeat_also_after_a_kill() {
    let folder = configured(&WEB.replace("lanes = 1", "lanes = 1\nrate = { records = 2 }"));
    let host = Host::start(folder.path());
    let answer = put(&host, CALL, THREE);
    let refused = r#"{"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."}"#;
    assert!(
        answer.starts_with("{\"FailedPutCount\":1,") && answer.ends_with(&format!("{refused}]}}")),
        "{answer}"
    );
    assert_eq!(put(&host, CALL, THREE), answer);
    host.kill();
    let host = Host::start(folder.path());
    wait_ready(&host);
    // There would be room for two more now.
    assert_eq!(put(&host, CALL, THREE), answer);
    // As the SDK sends what was refused: as a call of its own.
    let rest = r#"{"DeliveryStreamName":"web","Records":[{"Data":"Mwo="}]}"#;
    assert!(put(&host, "the rest", rest).starts_with("{\"FailedPutCount\":0,"));
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"1\n3\n");
}

#[test]
fn a_request_without_an_id_is_always_new() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "Firehose_20150804.PutRecord")];
    let send = || crate::http::send(host.api, "POST", "/", &headers, ONE.as_bytes());
    let (first, second) = (send(), send());
    assert_eq!((first.status, second.status), (200, 200));
    assert_ne!(first.body, second.body);
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"one\none\n");
}
