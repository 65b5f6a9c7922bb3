//! The `standpipe` program: `pipe`, `run`, `reload`, `retry`, `check`, `status`, `stream`, `log` and `plugin`, and
//! everything that a person sees of them.

mod args;
mod check;
mod control;
mod log;
mod pipe;
mod plugin;
mod reload;
mod report;
mod retry;
mod run;
mod show;
mod status;
mod stream;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command, Plugin, PluginCommand};

/// What is logged. A plugin that is measured says the same over and over, and what is wrong with a call is told anyway.
fn usual_log(command: &Command) -> &'static str {
    match command {
        Command::Plugin(Plugin { command: PluginCommand::Bench(_) }) => "info,aws_config=error,plugin=off",
        Command::Stream(_) => "info,aws_config=error,aws_smithy_http_client=error",
        _ => "info,aws_config=error",
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    show::start_log(args.log_format, usual_log(&args.command));
    let done = match &args.command {
        Command::Pipe(pipe) => pipe::pipe(pipe),
        Command::Run(run) => run::run(run),
        Command::Reload(reload) => reload::reload(reload),
        Command::Retry(retry) => retry::retry(retry),
        Command::Check(check) => check::check(check),
        Command::Status(status) => status::status(status),
        Command::Stream(stream) => stream::stream(stream),
        Command::Log(log) => log::log(log),
        Command::Plugin(plugin) => plugin::plugin(plugin),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            show::error(&error);
            ExitCode::from(1)
        }
    }
}
