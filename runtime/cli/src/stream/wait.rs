//! Waiting until a stream is what it is to be.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Client;
use super::problem::Problem;
use super::progress::Progress;
use super::refusal::Refusal;
use super::text::{quoted, text};

/// How long a stream may take to be made, or to be gone.
const MOST: Duration = Duration::from_secs(300);
/// How long it waits between two looks, at first and at most.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// What the service says of a stream.
pub(super) async fn look(client: &Client, name: &str) -> Result<Value, Refusal> {
    let answer = client.call("DescribeDeliveryStream", &json!({ "DeliveryStreamName": name })).await?;
    let missing = || Refusal::senseless("the answer has no `DeliveryStreamDescription`");
    answer.get("DeliveryStreamDescription").cloned().ok_or_else(missing)
}

/// Waits until a stream is active.
pub(super) async fn until_active(client: &Client, name: &str) -> Result<(), Problem> {
    let mut watch = Watch::new(name);
    loop {
        let stream = look(client, name).await?;
        match text(&stream, "/DeliveryStreamStatus").as_deref() {
            Some("ACTIVE") => return Ok(()),
            Some("CREATING") => watch.go_on("CREATING").await?,
            other => return Err(failed(name, other, &stream)),
        }
    }
}

/// Waits until there is no such stream any more.
pub(super) async fn until_gone(client: &Client, name: &str) -> Result<(), Problem> {
    let mut watch = Watch::new(name);
    loop {
        let stream = match look(client, name).await {
            Err(refusal) if refusal.is("ResourceNotFoundException") => return Ok(()),
            looked => looked?,
        };
        match text(&stream, "/DeliveryStreamStatus").as_deref() {
            // An answer may be older than the deletion.
            Some(status @ ("DELETING" | "ACTIVE")) => watch.go_on(status).await?,
            other => return Err(failed(name, other, &stream)),
        }
    }
}

fn failed(name: &str, status: Option<&str>, stream: &Value) -> Problem {
    let why = ["/FailureDescription/Type", "/FailureDescription/Details"].map(|path| text(stream, path));
    let why: Vec<String> = why.into_iter().flatten().collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(": ")) };
    Problem::failed(format!("{} is {}{why}", quoted(name), status.unwrap_or("in no status")))
        .help(format!("remove it with `standpipe stream delete {name}`"))
}

/// Looks again and again, but not for ever.
struct Watch {
    name: String,
    began: Instant,
    wait: Duration,
    progress: Progress,
}

impl Watch {
    fn new(name: &str) -> Self {
        Self { name: quoted(name), began: Instant::now(), wait: FIRST, progress: Progress::new() }
    }

    async fn go_on(&mut self, status: &str) -> Result<(), Problem> {
        let passed = self.began.elapsed();
        let Self { name, .. } = self;
        if passed > MOST {
            let what = format!("{name} is {status} after {} s still", passed.as_secs());
            return Err(Problem::failed(what).help("see the log of the host"));
        }
        self.progress.show(|| format!("{name} is {status}, {} s", passed.as_secs()));
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST);
        Ok(())
    }
}
