use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde_json::json;

use super::client::Client;
use super::problem::Problem;
use super::text::{plain, quoted};
use super::wait::{look, until_gone};
use crate::args::stream::Delete;
use crate::show;

pub(super) async fn delete(client: &Client, args: &Delete) -> Result<ExitCode, Problem> {
    let name = &args.name;
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            let what = format!("deleting {} gives up the records that it has not delivered", quoted(name));
            return Err(Problem::wrong(what).help("add --yes if that is meant"));
        }
        // Who mistypes a name is told that first.
        look(client, name).await?;
        if !confirmed(name, client.place())? {
            return Err(Problem::failed("nothing was deleted"));
        }
    }
    client.call("DeleteDeliveryStream", &json!({ "DeliveryStreamName": name })).await?;
    until_gone(client, name).await?;
    show::line(&format!("{}: deleted", plain(name)));
    Ok(ExitCode::SUCCESS)
}

/// Asks whoever sits there.
fn confirmed(name: &str, host: &str) -> Result<bool, Problem> {
    let mut out = std::io::stderr();
    let asked = format!(
        "Delete {} at {host}? Records that it has not delivered are gone for good; objects stay. [y/N] ",
        quoted(name)
    );
    let _ = write!(out, "{asked}").and_then(|()| out.flush());
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Problem::failed(format!("read standard input: {error}")))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
