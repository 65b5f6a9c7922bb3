//! The client as a program.

use anyhow::Result;

#[tokio::main]
async fn main() -> Result<()> {
    let (id, secret) = (std::env::var("AWS_ACCESS_KEY_ID")?, std::env::var("AWS_SECRET_ACCESS_KEY")?);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    standpipe_client_rust::call((&id, &secret), &arguments).await
}
