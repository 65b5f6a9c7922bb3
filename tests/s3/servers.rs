//! An S3 server and a sick network in front of it, started on free ports and ended with the test.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to be ready on a busy machine.
const READY: Duration = Duration::from_secs(30);

/// A tool that `tests/servers` built. None, said by name, where it is missing; in CI that is an error.
fn tool(name: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("STANDPIPE_CACHE").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/standpipe"));
    let path = cache.or_else(home)?.join("bin").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{name} is missing: run tests/servers");
    println!("skipped: {name} is missing; tests/servers builds it");
    None
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// versitygw with a bucket `records`, whose objects are files below [`bucket`](Self::bucket).
pub(crate) struct Gateway {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Gateway {
    pub(crate) fn start() -> Option<Self> {
        let program = tool("versitygw")?;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("data/records")).unwrap();
        let mut gateway = Self { program, folder, port: free_port(), child: None };
        gateway.run(&[]);
        Some(gateway)
    }

    pub(crate) fn run(&mut self, flags: &[&str]) {
        let child = Command::new(&self.program)
            .args(["--port", &format!("127.0.0.1:{}", self.port), "--access", "AKIATEST"])
            .args(["--secret", "secretsecret", "--health", "/health", "--quiet"])
            .args(flags)
            .arg("posix")
            .arg(self.folder.path().join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let until = Instant::now() + READY;
        while !http(self.port, "GET", "/health", "").is_some_and(|answer| answer.contains(" 200 ")) {
            assert!(Instant::now() < until, "versitygw does not answer");
            std::thread::yield_now();
        }
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn bucket(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The keys of `[s3]` for a server at `port`.
pub(crate) fn section(port: u16) -> String {
    format!(
        "endpoint = \"http://127.0.0.1:{port}\"\naccess_key_id = \"env:S3_KEY\"\n\
         secret_access_key = \"env:S3_SECRET\""
    )
}

/// Toxiproxy in front of a server.
pub(crate) struct Proxy {
    child: Child,
    api: u16,
    pub(crate) port: u16,
}

impl Proxy {
    pub(crate) fn start(upstream: u16) -> Option<Self> {
        let (api, port) = (free_port(), free_port());
        let child = Command::new(tool("toxiproxy-server")?)
            .args(["-host", "127.0.0.1", "-port", &api.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let proxy = Self { child, api, port };
        let until = Instant::now() + READY;
        while http(api, "GET", "/version", "").is_none() {
            assert!(Instant::now() < until, "toxiproxy does not answer");
            std::thread::yield_now();
        }
        let body =
            format!(r#"{{"name":"s3","listen":"127.0.0.1:{port}","upstream":"127.0.0.1:{upstream}"}}"#);
        proxy.post("/proxies", &body);
        Some(proxy)
    }

    /// Makes the network sick; see Toxiproxy's own names.
    pub(crate) fn toxic(&self, kind: &str, stream: &str, attributes: &str) {
        let body =
            format!(r#"{{"name":"sick","type":"{kind}","stream":"{stream}","attributes":{{{attributes}}}}}"#);
        self.post("/proxies/s3/toxics", &body);
    }

    pub(crate) fn cure(&self) {
        let answer = http(self.api, "DELETE", "/proxies/s3/toxics/sick", "").unwrap_or_default();
        assert!(answer.contains(" 204 "), "{answer}");
    }

    /// Refuses connections, or takes them again.
    pub(crate) fn enable(&self, enabled: bool) {
        self.post("/proxies/s3", &format!(r#"{{"enabled":{enabled}}}"#));
    }

    fn post(&self, path: &str, body: &str) {
        let answer = http(self.api, "POST", path, body).unwrap_or_default();
        assert!(answer.contains(" 200 ") || answer.contains(" 201 "), "{path}: {answer}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request, and the whole answer if one came.
fn http(port: u16, method: &str, path: &str, body: &str) -> Option<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    Some(answer)
}
