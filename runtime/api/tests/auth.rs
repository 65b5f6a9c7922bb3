//! Signatures as botocore makes them, and what becomes of altered ones.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use standpipe_api::auth::{Denied, MOST_SKEW, Request, Secret, verify};

#[derive(Deserialize, Clone)]
struct Signed {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn golden() -> Vec<Signed> {
    serde_json::from_str(include_str!("golden/signed.json")).unwrap()
}

/// What comes with the key of the case `a session`.
const TOKEN: &str = "FwoGZXIvYXdzEXAMPLE==";

/// 2026-11-26T00:15:00Z.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_652_100)
}

fn check_at(signed: &Signed, at: SystemTime, secret: &str) -> Result<String, Denied> {
    let headers: Vec<(&str, &str)> =
        signed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let Signed { method, target, body, .. } = signed;
    let body_sha256 = format!("{:x}", Sha256::digest(body));
    let request = Request { method, target, headers: &headers, body_sha256: &body_sha256 };
    let session_token = (signed.name == "a session").then_some(TOKEN);
    let known = |key: &str| (key == "AKIDEXAMPLE").then_some(Secret { key: secret, session_token });
    verify(&request, "firehose", at, known).map(str::to_owned)
}

fn check(signed: &Signed) -> Result<String, Denied> {
    check_at(signed, now(), SECRET)
}

fn header<'a>(signed: &'a mut Signed, name: &str) -> &'a mut String {
    &mut signed.headers.iter_mut().find(|(found, _)| found == name).unwrap().1
}

#[test]
fn what_botocore_signs_is_known() {
    for signed in golden() {
        assert_eq!(check(&signed).as_deref(), Ok("AKIDEXAMPLE"), "{}", signed.name);
    }
}

#[test]
fn anything_else_than_what_was_signed_is_a_mismatch() {
    for good in golden() {
        let mut changes: Vec<Signed> = Vec::new();
        changes.push(Signed { body: good.body.clone() + " ", ..good.clone() });
        changes.push(Signed { method: "PUT".into(), ..good.clone() });
        changes.push(Signed { target: good.target.clone() + "x", ..good.clone() });
        // Each header that is covered, changed and left out.
        let covered = good.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone();
        let covered = covered.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap().to_owned();
        for name in covered.split(';').filter(|name| *name != "x-amz-date") {
            let mut changed = good.clone();
            header(&mut changed, name).push('1');
            changes.push(changed);
            let headers = good.headers.iter().filter(|(held, _)| held != name).cloned().collect();
            changes.push(Signed { headers, ..good.clone() });
        }
        for changed in changes {
            let sent = |signed: &Signed| {
                signed.headers.iter().find(|(name, _)| name == "x-amz-security-token").cloned()
            };
            // A token that is not the key's makes it another key.
            let want = if sent(&changed) == sent(&good) { Denied::Mismatch } else { Denied::UnknownKey };
            assert_eq!(check(&changed), Err(want), "{}: {:?}", good.name, changed.headers);
        }
        assert_eq!(check_at(&good, now(), "another"), Err(Denied::Mismatch));
    }
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    let good = golden().remove(0);
    for (at, want) in [
        (now() + MOST_SKEW, true),
        (now() - MOST_SKEW, true),
        (now() + MOST_SKEW + Duration::from_secs(1), false),
        (now() - MOST_SKEW - Duration::from_secs(1), false),
    ] {
        assert_eq!(check_at(&good, at, SECRET).is_ok(), want);
    }
    let late = check_at(&good, now() + Duration::from_secs(3_600), SECRET).unwrap_err();
    assert_eq!(late.code(), "InvalidSignatureException");
    assert_eq!(late.to_string(), "Signature expired: 20261126T001500Z is now earlier than 20261126T011000Z");
}

#[test]
fn headers_that_are_no_signature_are_told_apart() {
    let good = golden().remove(0);
    let with = |authorization: &str| {
        let mut changed = good.clone();
        *header(&mut changed, "authorization") = authorization.to_owned();
        check(&changed).unwrap_err()
    };
    let whole = good.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone();
    for cut in 0..whole.len() {
        // Whatever is cut off: no panic, and nobody is known.
        let _ = with(whole.get(..cut).unwrap());
    }
    assert!(matches!(with(""), Denied::Incomplete(_)));
    assert!(matches!(with("Basic YTpi"), Denied::Incomplete(_)));
    assert!(matches!(with(&whole.replace("x-amz-date;", "")), Denied::Incomplete(_)));
    assert!(matches!(with(&whole.replace("host;", "")), Denied::Incomplete(_)));
    assert_eq!(with(&whole.replace("AKIDEXAMPLE", "AKIDNOBODY")), Denied::UnknownKey);
    assert_eq!(with(&whole.replace("/firehose/", "/s3/")), Denied::Mismatch);
    assert_eq!(with(&whole.replace("20261126/", "20261125/")), Denied::Mismatch);
    let mut missing = good.clone();
    missing.headers.retain(|(name, _)| name != "authorization");
    assert_eq!(check(&missing), Err(Denied::Missing));
    assert_eq!(Denied::Missing.code(), "MissingAuthenticationTokenException");
    // A host that has more in it would move the path.
    for host in ["127.0.0.1:4573/#", "127.0.0.1:4573?", "a@127.0.0.1:4573", "127.0.0.1:4573 "] {
        let mut moved = good.clone();
        *header(&mut moved, "host") = host.to_owned();
        assert_eq!(check(&moved), Err(Denied::Mismatch), "{host}");
    }
    let mut added = good.clone();
    added.headers.push(("x-amz-added".into(), "1".into()));
    assert!(matches!(check(&added), Err(Denied::Incomplete(_))));
    let mut presigned = good.clone();
    presigned.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00".into();
    assert!(matches!(check(&presigned), Err(Denied::Incomplete(_))));
}
