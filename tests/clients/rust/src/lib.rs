//! The whole life of a stream, by the AWS SDK for Rust; every answer is checked.
#![allow(clippy::print_stdout, reason = "it says what it does")]

use anyhow::{Result, bail, ensure};
use aws_credential_types::Credentials;
use aws_sdk_firehose::config::{BehaviorVersion, Region};
use aws_sdk_firehose::{Client, Config};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

mod check;
mod describe;
mod life;

const ROLE: &str = "arn:aws:iam::000000000000:role/delivery";
const DESTINATION: &str = "destinationId-000000000001";

/// The id of a key, and its secret.
pub type Key<'a> = (&'a str, &'a str);

/// A stream, and whom to call about it.
#[derive(Debug)]
struct Stream<'a> {
    url: &'a str,
    key: Key<'a>,
    name: &'a str,
    client: Client,
    /// The steps that were begun.
    steps: usize,
}

/// `URL life NAME BUCKET FUNCTION SLOW` makes a stream that delivers to a bucket what a function makes of its records, uses
/// it and changes it; SLOW is a stream of the config that takes three records in a second. `URL delete NAME` ends it.
pub async fn call(key: Key<'_>, arguments: &[&str]) -> Result<()> {
    match *arguments {
        [url, "life", name, bucket, function, slow] => {
            Stream::new(url, key, name).life(bucket, function, slow).await
        }
        [url, "delete", name] => Stream::new(url, key, name).end().await,
        _ => bail!("usage: URL life NAME BUCKET FUNCTION SLOW | URL delete NAME"),
    }
}

impl<'a> Stream<'a> {
    fn new(url: &'a str, key: Key<'a>, name: &'a str) -> Self {
        Self { url, key, name, client: client(url, key), steps: 0 }
    }

    async fn life(mut self, bucket: &str, function: &str, slow: &str) -> Result<()> {
        self.create(bucket, function).await?;
        self.describe(bucket, function).await?;
        self.put().await?;
        self.throttle(slow).await?;
        self.update(bucket, function, slow).await?;
        self.tags().await?;
        self.step("list, by pages");
        let mut wanted = [self.name, slow];
        wanted.sort_unstable();
        check::equal("streams", self.names().await?, wanted)?;
        self.errors().await?;
        self.passed()
    }

    async fn end(mut self) -> Result<()> {
        self.delete().await?;
        ensure!(!self.names().await?.iter().any(|listed| listed == self.name), "it is listed");
        self.passed()
    }

    /// What follows is another step, so that a failure comes after its name.
    fn step(&mut self, name: &str) {
        self.steps += 1;
        println!("{}. {name}", self.steps);
    }

    fn passed(self) -> Result<()> {
        println!("passed: {} steps", self.steps);
        Ok(())
    }
}

fn client(url: &str, (id, secret): Key<'_>) -> Client {
    let http = aws_smithy_http_client::Builder::new();
    let http = http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(id, secret, None, None, "test"))
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .http_client(http);
    Client::from_conf(config.build())
}
