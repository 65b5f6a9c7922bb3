//! The API over TLS, by a certificate in files that change while the host runs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::clients::curl;
use crate::host::{Host, configured, drain, program};
use crate::http::{connect, send};
use crate::python::{printed, python, script};
use crate::wire::delivered;

const CONFIG: &str = r#"
api.tls = { certificate = "cert.pem", key = "key.pem" }
[streams]
web = { lanes = 1, destination.s3 = { bucket = "logs" } }
"#;

/// Makes a certificate for this machine, with this serial number, and its key. False, said by name, without openssl.
fn make(folder: &Path, serial: &str) -> bool {
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]);
    command.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]);
    command.args(["-set_serial", &format!("0x{serial}"), "-keyout", "key.pem", "-out", "cert.pem"]);
    match command.current_dir(folder).output() {
        Ok(made) => assert!(made.status.success(), "{made:?}"),
        Err(error) => {
            println!("skipped: there is no openssl: {error}");
            return false;
        }
    }
    true
}

/// A folder with a config and a certificate. None without openssl.
fn folder() -> Option<tempfile::TempDir> {
    let folder = configured(CONFIG);
    make(folder.path(), FIRST).then_some(folder)
}

const FIRST: &str = "A1";
const SECOND: &str = "B2";

#[test]
fn a_new_certificate_is_for_new_connections_and_what_is_no_certificate_changes_nothing() {
    let (Some(python), Some(folder)) = (python(), folder()) else { return };
    let next = tempfile::tempdir().unwrap();
    assert!(make(next.path(), SECOND));
    let (trusted, replacement) = (folder.path().join("first.pem"), next.path().join("cert.pem"));
    fs::copy(folder.path().join("cert.pem"), &trusted).unwrap();
    let mut host = Host::start(folder.path());
    assert!(host.url().starts_with("https://"));
    // Whoever does not speak TLS gets no answer, and nobody else is troubled.
    let mut plain = connect(host.api);
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(crate::http::receive(&mut plain).is_none());
    let serial = |host: &Host, trusted: &Path| {
        printed(script(&python, "wire_tls.py", host).arg(trusted).stdin(Stdio::null())).trim_end().to_owned()
    };
    assert_eq!(serial(&host, &trusted), FIRST);

    let mut open = script(&python, "wire_tls.py", &host);
    let mut open = open.arg(&trusted).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut answers = BufReader::new(open.stdout.take().unwrap()).lines();
    let mut ask = open.stdin.take().unwrap();
    assert_eq!(answers.next().unwrap().unwrap(), FIRST);

    // The certificate without its key comes first; both together are good.
    fs::copy(&replacement, folder.path().join("cert.pem")).unwrap();
    host.says("the certificate stays as it was");
    assert_eq!(serial(&host, &trusted), FIRST);
    fs::copy(next.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
    host.says("the certificate was read again");
    assert_eq!(serial(&host, &replacement), SECOND);
    for broken in ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(folder.path().join("cert.pem"), broken).unwrap();
        host.says("the certificate stays as it was");
        assert_eq!(serial(&host, &replacement), SECOND);
    }
    fs::remove_file(folder.path().join("cert.pem")).unwrap();
    host.says("the certificate stays as it was");
    assert_eq!(serial(&host, &replacement), SECOND);

    writeln!(ask, "again").unwrap();
    assert_eq!(answers.next().unwrap().unwrap(), FIRST, "what was open goes on");
    drop(ask);
    assert!(open.wait().unwrap().success());
    assert_eq!(
        send(host.admin.unwrap(), "GET", "/health/live", &[], b"").status,
        200,
        "in the open, as before"
    );
    let (code, said) = host.stop();
    assert_eq!(code, Some(0));
    assert!(!said.contains("PRIVATE KEY"), "{said}");
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"by boto3\nby hand\n".repeat(8));
}

#[test]
fn http_2_is_agreed_on_in_the_handshake() {
    let (Some(curl), Some(folder)) = (curl(), folder()) else { return };
    let host = Host::start(folder.path());
    for (version, said) in [("--http2", "2 200"), ("--http1.1", "1.1 200")] {
        let mut command = Command::new(curl);
        command
            .args(["--silent", version, "--max-time", "60", "--cacert"])
            .arg(folder.path().join("cert.pem"));
        command.args(["--header", "content-type: application/octet-stream", "--data-binary", "x\n"]);
        command.args(["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}"]);
        assert_eq!(printed(command.arg(host.url() + "/streams/web/records")), said);
    }
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"x\nx\n");
}

#[test]
fn a_host_does_not_start_with_a_certificate_that_it_cannot_show() {
    let Some(folder) = folder() else { return };
    let other = tempfile::tempdir().unwrap();
    assert!(make(other.path(), SECOND));
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let good = (fs::read(&certificate).unwrap(), fs::read(&key).unwrap());
    let fails = |why: &str| {
        let output = program(folder.path()).arg("run").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{said}");
        let line = said.lines().find(|line| line.starts_with("error: TLS with `"));
        assert!(
            line.is_some_and(|line| line.contains("cert.pem` and `") && line.contains(why)),
            "{why}: {said}"
        );
        assert!(!said.contains("PRIVATE KEY"), "{said}");
        fs::write(&certificate, &good.0).unwrap();
        fs::write(&key, &good.1).unwrap();
    };
    fs::copy(other.path().join("key.pem"), &key).unwrap();
    fails("the key is not that of the certificate");
    fs::write(&key, "nothing").unwrap();
    fails("key.pem");
    fs::write(&key, &good.0).unwrap();
    fails("key.pem");
    fs::write(&certificate, "").unwrap();
    fails("has no certificate in PEM");
    fs::remove_file(&certificate).unwrap();
    fails("cert.pem");
    Host::start(folder.path()).kill();
}
