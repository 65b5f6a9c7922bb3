//! Many connections that do little.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{PROMPT, PUT, Scene, body_of, connect, metric, receive, request, send, wait_for};
use crate::host::{Host, program};
use crate::wire::folder;

/// How long a head may take, and a body of which nothing comes.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much later a connection may be closed, on a machine that has other things to do.
const GRACE: Duration = Duration::from_secs(3);

/// Connections that are written to, and looked at, without waiting.
struct Crowd(Vec<Member>);

struct Member {
    socket: TcpStream,
    began: Instant,
    ended: Option<Duration>,
    answer: Vec<u8>,
}

impl Crowd {
    fn connect(to: SocketAddr, count: usize) -> Self {
        let member = |_| {
            let socket = connect(to);
            socket.set_nonblocking(true).unwrap();
            Member { socket, began: Instant::now(), ended: None, answer: Vec::new() }
        };
        Self((0..count).map(member).collect())
    }

    /// Sends `bytes` on those of which `which` is true. They are few, so that they fit.
    fn say(&mut self, bytes: &[u8], which: impl Fn(usize) -> bool) {
        for (_, member) in self.0.iter_mut().enumerate().filter(|(number, _)| which(*number)) {
            if member.ended.is_none() {
                let _ = member.socket.write(bytes);
            }
        }
    }

    /// Notes what came, and who was closed. Says how many are open.
    fn look(&mut self) -> usize {
        let mut chunk = [0; 4096];
        for member in self.0.iter_mut().filter(|member| member.ended.is_none()) {
            match member.socket.read(&mut chunk) {
                Ok(0) => member.ended = Some(member.began.elapsed()),
                Ok(read) => member.answer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => member.ended = Some(member.began.elapsed()),
            }
        }
        self.0.iter().filter(|member| member.ended.is_none()).count()
    }

    /// When the first and the last of them were closed.
    fn ends(&self) -> (Duration, Duration) {
        let ends = || self.0.iter().map(|member| member.ended.unwrap_or(Duration::MAX));
        (ends().min().unwrap(), ends().max().unwrap())
    }
}

/// Lets this process have as many files as it may.
fn raise_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = maximum.unwrap_or(1 << 20);
    if current.is_some_and(|current| current < most) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }).unwrap();
    }
    most
}

#[test]
fn heads_and_bodies_that_come_slowly_are_cut_off_in_time() {
    raise_files();
    let scene = Scene::start("");
    let head = scene.bytes(PUT, &[("content-length", "4194304")], b"");
    let (slow, stalled) = scene.attacked("slow heads and bodies", 120, || {
        let mut slow = Crowd::connect(scene.api, 500);
        slow.say(&head[..head.len() / 2], |number| number % 2 == 0);
        let mut stalled = Crowd::connect(scene.api, 200);
        stalled.say(&[&head[..], &[b' '; 1024]].concat(), |_| true);
        let began = Instant::now();
        let mut rest = head.iter();
        let mut most_held = 0;
        while slow.look() + stalled.look() > 0 {
            assert!(began.elapsed() < PATIENCE * 3, "{} and {} are open", slow.look(), stalled.look());
            // The last byte is never sent.
            if let Some(byte) = rest.next().filter(|_| rest.len() > 0) {
                slow.say(&[*byte], |number| number % 2 == 1);
            }
            most_held = most_held.max(scene.metric("standpipe_request_memory_used_bytes"));
            thread::sleep(Duration::from_millis(100));
        }
        // A head, and the first piece of a body.
        assert!(most_held <= 202 * (32 << 10), "{most_held} bytes were held");
        println!("slow heads and bodies: {} KiB of the budget were held", most_held >> 10);
        (slow, stalled)
    });
    for (what, crowd) in [("heads", &slow), ("bodies", &stalled)] {
        let (first, last) = crowd.ends();
        println!("slow {what}: closed after {first:.1?} to {last:.1?}");
        assert!(first > PATIENCE - Duration::from_secs(1), "{what}: closed after {first:?}");
        assert!(last < PATIENCE + GRACE, "{what}: closed after {last:?}");
    }
    for member in &stalled.0 {
        let answer = String::from_utf8_lossy(&member.answer);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("RequestTimeoutException"), "{answer}");
    }
    drop((slow, stalled));
    scene.end([]);
}

#[test]
fn strangers_who_send_slowly_take_no_memory_from_others() {
    let keys = "keys.one = { access_key_id = \"env:ID\", secret_access_key = \"env:SECRET\" }";
    let folder = folder(keys);
    let mut command = program(folder.path());
    let mut host = Host::start_as(command.arg("run").env("ID", "AKIATEST").env("SECRET", "secretsecret"));
    let head = request(host.api, "POST", "/", &[super::KIND, PUT, ("content-length", "4194304")], b"");
    let mut strangers = Crowd::connect(host.api, 500);
    strangers.say(&[&head[..], &[b' '; 1024]].concat(), |_| true);
    let (began, admin) = (Instant::now(), host.admin.unwrap());
    let (mut most, mut most_held) = (0, 0);
    while strangers.look() > 0 {
        assert!(began.elapsed() < PATIENCE, "{} are open", strangers.look());
        let put = Instant::now();
        let known = [("authorization", "Bearer secretsecret"), ("content-type", "text/plain")];
        assert_eq!(send(host.api, "POST", "/streams/web/records", &known, b"calm").status, 200);
        assert!(put.elapsed() < PROMPT, "{:?}", put.elapsed());
        most = most.max(metric(admin, "standpipe_connections"));
        most_held = most_held.max(metric(admin, "standpipe_request_memory_used_bytes"));
        thread::sleep(Duration::from_millis(50));
    }
    println!("strangers: {most} at a time held {most_held} bytes, closed after {:.1?}", strangers.ends().1);
    assert!(most >= 500 && most_held < 10 * (16 << 10), "{most_held} bytes were held");
    for member in &strangers.0 {
        let answer = String::from_utf8_lossy(&member.answer);
        assert!(answer.contains(" 403 ") && answer.contains("MissingAuthenticationToken"), "{answer}");
    }
    assert!(host.is_running());
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn five_thousand_idle_connections_are_carried() {
    // Both ends, and what else is open here.
    let room = usize::try_from(raise_files().saturating_sub(1_500)).unwrap();
    let scene = Scene::start("");
    let before = scene.memory("VmRSS");
    scene.attacked("idle connections", 250, || {
        let began = Instant::now();
        let mut idle = Crowd::connect(scene.api, room.min(5_000));
        let count = idle.0.len() as u64;
        let took = began.elapsed();
        wait_for("they are accepted", || scene.metric("standpipe_connections") >= count);
        let each = scene.memory("VmRSS").saturating_sub(before) / count;
        println!("idle connections: {count} in {took:.1?}, {each} KiB each");
        assert!(each < 40, "{each} KiB each");
        assert_eq!(idle.look(), idle.0.len(), "none of them is closed");
        // Half of them also had an answer.
        let request = scene.bytes(("x-amz-target", "Firehose_20150804.ListDeliveryStreams"), &[], b"{}");
        idle.say(&request, |number| number % 2 == 0);
        wait_for("they are answered", || {
            idle.look();
            idle.0.iter().filter(|member| !member.answer.is_empty()).count() == idle.0.len().div_ceil(2)
        });
        let each = scene.memory("VmRSS").saturating_sub(before) / count;
        println!("idle connections: {each} KiB each after every other one had an answer");
        assert_eq!(idle.look(), idle.0.len(), "none of them is closed");
    });
    scene.end([]);
}

#[test]
fn idle_connections_make_room_for_another_one() {
    for most in [1, 4, 64] {
        let scene = Scene::start(&format!("[api]\nmax_connections = {most}"));
        // Once for connections that never sent anything, and once for those that had an answer.
        for had_answer in [false, true] {
            let mut idle = Crowd::connect(scene.api, most);
            if had_answer {
                idle.say(&scene.bytes(("x-amz-target", "x"), &[], b"{}"), |_| true);
            }
            wait_for("they are accepted", || scene.metric("standpipe_connections") == most as u64);
            let began = Instant::now();
            let mut other = connect(scene.api);
            let number = scene.calm.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            other.write_all(&scene.bytes(PUT, &[], &body_of(&format!("calm {number}\n")))).unwrap();
            assert_eq!(receive(&mut other).unwrap().status, 200);
            let took = began.elapsed();
            println!(
                "{most} idle connections, answered {had_answer}: the next one had its answer after {took:.1?}"
            );
            assert!(took < Duration::from_secs(5), "{took:?}");
        }
        scene.end([]);
    }
}
