//! A client of a host's Firehose API, for whoever has no other.

mod client;
mod create;
mod credentials;
mod delete;
mod describe;
mod failure;
mod host;
mod input;
mod list;
mod problem;
mod progress;
mod put;
mod refusal;
mod request;
mod sign;
mod tags;
mod text;
mod trust;
mod update;
mod wait;

use std::process::ExitCode;

use anyhow::Context;
use client::Client;
use host::Host;
use problem::Problem;

use crate::args::Stream;
use crate::args::stream::StreamCommand;
use crate::show;

/// Calls the API of a host.
pub(crate) fn stream(args: &Stream) -> anyhow::Result<ExitCode> {
    // The worker minds the connections while the main thread reads lines.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("start the runtime")?;
    Ok(match runtime.block_on(called(args)) {
        Ok(code) => code,
        Err(problem) => {
            let told = problem.to_string();
            if !told.is_empty() {
                show::line(&told);
            }
            problem.code()
        }
    })
}

async fn called(args: &Stream) -> Result<ExitCode, Problem> {
    let host = Host::find(&args.host).await?;
    let client = Client::new(&host)?;
    match &args.command {
        StreamCommand::List(list) => list::list(&client, list).await,
        StreamCommand::Describe(describe) => describe::describe(&client, describe).await,
        StreamCommand::Create(create) => create::create(&client, &host, create).await,
        StreamCommand::Update(update) => update::update(&client, &host, update).await,
        StreamCommand::Put(put) => put::put(&client, put).await,
        StreamCommand::Delete(delete) => delete::delete(&client, delete).await,
        StreamCommand::Tags(tags) => tags::tags(&client, tags).await,
    }
}
