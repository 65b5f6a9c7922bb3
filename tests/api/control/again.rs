//! A stream that is deleted and made again under its name, over and over, by clients that do not wait for each other, while
//! others never stop to put records: each record is of the stream that it was put into.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::{
    Client, Ends, create, destination, kind, metrics, slow_destination, stop_and_drain, wait_folders,
};
use crate::cut::servers::{Gateway, Proxy, section};
use crate::host::{Host, SOON, configured, objects, program, wait_for};
use crate::http::{connect, receive, request};
use crate::kills::{draw, number};

mod check;

use check::check;

const NAME: &str = "web";
const PUTTERS: u64 = 6;
const MAKERS: u64 = 8;
/// How long a delete may take: it is not to wait for a destination.
const PROMPT: Duration = Duration::from_secs(10);
/// A call that is repeated for ever, also into other streams of the name.
const AGAIN: (&str, &str) = ("amz-sdk-invocation-id", "2f9f4b0e-7f0c-4a3c-9d0f-3d6f3a1c0009");

/// When a call began and when it was over.
#[derive(Debug, Clone, Copy)]
struct Span {
    began: Instant,
    over: Instant,
}

/// One stream of the name.
#[derive(Debug, Clone, Copy)]
struct Life {
    made: Span,
    ended: Option<Span>,
}

/// A put, and the id of its record, if it was acknowledged. Refused means that there was no stream.
#[derive(Debug)]
struct Put {
    name: String,
    span: Span,
    id: Option<String>,
    refused: bool,
}

impl Life {
    /// Whether something at that time may have been done to it.
    fn meets(&self, span: Span) -> bool {
        span.over >= self.made.began && self.ended.is_none_or(|ended| span.began <= ended.over)
    }
}

fn timed<T>(call: impl FnOnce() -> T) -> (T, Span) {
    let began = Instant::now();
    let told = call();
    (told, Span { began, over: Instant::now() })
}

/// Puts records until it is over, each once, or the same one with the same id.
fn put(api: SocketAddr, putter: u64, puts: &Mutex<Vec<Put>>, over: &AtomicBool) {
    let (mut client, mut state) = (Client::new(api), putter);
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let repeats = putter == 0;
        let name = if repeats { "again".to_owned() } else { format!("{putter}-{number}") };
        let data = BASE64_STANDARD.encode(format!("{name}\n"));
        let body = json!({ "DeliveryStreamName": NAME, "Record": { "Data": data } }).to_string();
        let more = if repeats { &[AGAIN][..] } else { &[] };
        let (answer, span) =
            timed(|| client.send("PutRecord", more, body.as_bytes()).expect("the host is there"));
        let refused = kind(&answer) == "ResourceNotFoundException";
        let known = refused || answer.status == 200 || answer.body.contains("Slow down.");
        assert!(known, "{answer:?}");
        let id = (answer.status == 200).then(|| answer.body.split('"').nth(3).unwrap().to_owned());
        puts.lock().unwrap().push(Put { name, span, id, refused });
        // Not all of them are always under way.
        if draw(&mut state).is_multiple_of(16) {
            std::thread::sleep(Duration::from_micros(draw(&mut state) % 4_000));
        }
    }
}

/// Has a stream live so many times, and others put into it. `sicken` may do something to the destination of each life once
/// the one before is gone.
fn live(
    host: &Host,
    lives: u64,
    destination: impl Fn(u64) -> Value,
    mut sicken: impl FnMut(u64),
) -> (Vec<Life>, Vec<Put>) {
    let (over, puts) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let mut all: Vec<Life> = Vec::new();
    std::thread::scope(|scope| {
        let _ends = Ends(&over);
        let (api, over, puts) = (host.api, &over, &puts);
        for putter in 0..PUTTERS {
            scope.spawn(move || put(api, putter, puts, over));
        }
        for life in 0..lives {
            let destination = destination(life);
            // It is asked for until the one before is gone, by several.
            let is_made = Arc::new(AtomicBool::new(false));
            let makers: Vec<_> = (0..MAKERS)
                .map(|_| {
                    let (destination, is_made) = (destination.clone(), Arc::clone(&is_made));
                    scope.spawn(move || make(api, &destination, &is_made))
                })
                .collect();
            if let Some(last) = all.last_mut() {
                let ((), ended) = timed(|| Client::of(host).delete(NAME));
                assert!(ended.over - ended.began < PROMPT, "the delete took {:?}", ended.over - ended.began);
                last.ended = Some(ended);
            }
            let made: Vec<Span> = makers.into_iter().filter_map(|maker| maker.join().unwrap()).collect();
            let [made] = made[..] else { panic!("life {life} was made {} times", made.len()) };
            all.push(Life { made, ended: None });
            sicken(life);
            Client::of(host).wait_active(NAME);
            let acknowledged = || {
                puts.lock()
                    .unwrap()
                    .iter()
                    .rev()
                    .filter(|put| put.id.is_some() && put.span.began > made.over)
                    .count() as u64
            };
            wait_for("records come", || acknowledged() > 10 * PUTTERS);
            check_metrics(host, puts, made);
        }
    });
    (all, puts.into_inner().unwrap())
}

/// Makes the stream as soon as its name is free, if nobody else has.
fn make(api: SocketAddr, destination: &Value, is_made: &AtomicBool) -> Option<Span> {
    let (mut client, until) = (Client::new(api), Instant::now() + SOON);
    loop {
        let (answer, span) = timed(|| client.call("CreateDeliveryStream", &create(NAME, destination)));
        if answer.status == 200 {
            is_made.store(true, Ordering::Relaxed);
            return Some(span);
        }
        assert_eq!(kind(&answer), "ResourceInUseException", "{answer:?}");
        assert!(Instant::now() < until, "the name is never free");
        if is_made.load(Ordering::Relaxed) {
            return None;
        }
    }
}

/// What is counted is of this stream, and of none before it.
fn check_metrics(host: &Host, puts: &Mutex<Vec<Put>>, made: Span) {
    let text = metrics(host);
    let begin = format!("standpipe_put_records_total{{stream=\"{NAME}\",operation=\"PutRecord\"}} ");
    let counted: Option<usize> = text.lines().find_map(|line| line.strip_prefix(&begin)?.parse().ok());
    let counted = counted.unwrap_or_else(|| panic!("nothing is counted for the stream"));
    // Some are counted, and not told yet.
    let mut puts =
        puts.lock().unwrap().iter().filter(|put| put.id.is_some() && put.span.over >= made.began).count();
    puts += PUTTERS as usize;
    assert!((1..=puts).contains(&counted), "{counted} records are counted, and at most {puts} were put");
}

#[test]
fn what_is_put_while_a_stream_is_made_again_and_again_is_of_the_stream_that_it_was_put_into() {
    let lives = number("STANDPIPE_ROUNDS", 60);
    let folder = configured("");
    let host = Host::start(folder.path());
    let buckets = folder.path().join("buckets");
    fs::create_dir_all(&buckets).unwrap();
    let destinations = |life| {
        let bucket = format!("life-{life}");
        // Some hold all that they have, and some can never deliver it.
        if life % 4 == 2 && life + 1 < lives {
            fs::write(buckets.join(&bucket), "no folder").unwrap();
        }
        let make = if life % 3 == 1 { slow_destination } else { destination };
        make(&bucket, &format!("{life}/"))
    };
    let (all, puts) = live(&host, lives, destinations, |life| {
        // Most go before anything of them is delivered, and some of those that could have something delivered do not.
        let there = || !objects(&buckets.join(format!("life-{life}"))).is_empty();
        wait_for("something is delivered", || life % 12 != 3 || there());
    });
    wait_folders(folder.path(), &[NAME.to_owned()]);
    stop_and_drain_sick(host, folder.path(), &[]);
    check(&all, &puts, &buckets);
}

/// As others do it, but for what is told of deliveries that fail.
fn stop_and_drain_sick(host: Host, folder: &Path, secrets: &[(&str, &str)]) {
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let drained = program(folder).args(["run", "--drain"]).envs(secrets.iter().copied()).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
}

#[test]
fn a_destination_that_is_slow_or_gone_keeps_no_stream_from_going_and_mixes_nothing() {
    let Some(gateway) = Gateway::start() else { return };
    let Some(proxy) = Proxy::start(gateway.port()) else { return };
    let secrets = [("S3_KEY", "AKIATEST"), ("S3_SECRET", "secretsecret")];
    let config = format!(
        "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[s3]\npath_style = true\n{}\n",
        section(proxy.port)
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    let host = Host::start_as(program(folder.path()).arg("run").envs(secrets));
    let lives = 6;
    for life in 0..lives {
        fs::create_dir_all(gateway.bucket(&format!("life-{life}"))).unwrap();
    }
    let mut sick = false;
    let destination = |life| destination(&format!("life-{life}"), &format!("{life}/"));
    let (all, puts) = live(&host, lives, destination, |life| {
        if std::mem::take(&mut sick) {
            proxy.cure();
        }
        proxy.enable(true);
        match life {
            1 => proxy.toxic("latency", "downstream", "\"latency\":400"),
            2 => proxy.toxic("timeout", "downstream", "\"timeout\":0"),
            3 => proxy.enable(false),
            4 => proxy.toxic("bandwidth", "upstream", "\"rate\":1"),
            _ => {}
        }
        sick = matches!(life, 1 | 2 | 4);
    });
    wait_folders(folder.path(), &[NAME.to_owned()]);
    stop_and_drain_sick(host, folder.path(), &secrets);
    check(&all, &puts, gateway.bucket("life-0").parent().unwrap());
}

/// Who sends a body slowly has put nothing before all of it is there.
#[test]
fn a_put_of_which_the_end_comes_late_is_of_the_stream_that_is_there_by_then() {
    let folder = configured("");
    let host = Host::start(folder.path());
    let mut client = Client::of(&host);
    client.create(NAME, &destination("life-0", "0/"));
    let body = super::batch(NAME, &["late\n".to_owned()]).to_string();
    let headers = [super::JSON, ("x-amz-target", "Firehose_20150804.PutRecordBatch"), AGAIN];
    let all = request(host.api, "POST", "/", &headers, body.as_bytes());
    let (begin, end) = all.split_at(all.len() - 10);
    let mut sockets = [connect(host.api), connect(host.api)];
    for socket in &mut sockets {
        socket.write_all(begin).unwrap();
    }
    client.put(NAME, &["early\n".to_owned()]);
    client.delete(NAME);
    wait_for("it is gone", || client.describe(NAME).is_none());
    let [mut gone, mut made] = sockets;
    gone.write_all(end).unwrap();
    let answer = receive(&mut gone).unwrap();
    assert_eq!(kind(&answer), "ResourceNotFoundException", "{answer:?}");
    client.create(NAME, &destination("life-1", "1/"));
    made.write_all(end).unwrap();
    let answer = receive(&mut made).unwrap();
    assert!(answer.status == 200 && answer.body.contains("\"FailedPutCount\":0"), "{answer:?}");
    stop_and_drain(host, folder.path());
    let found = super::lines(&folder.path().join("buckets"));
    assert!(matches!(&found["late"][..], [place] if place.starts_with("life-1/1/")), "{found:?}");
}
