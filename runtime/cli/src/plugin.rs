//! Everything between an author and a plugin: its folder, its compiler, its cases, its figures.

mod bench;
mod build;
mod case;
mod diff;
mod embedded;
mod folder;
mod inspect;
mod language;
mod list;
mod loaded;
mod new;
mod paint;
mod process;
mod schema;
mod test;
mod tools;
mod watch;

use std::fmt;
use std::process::ExitCode;

use crate::args::{Plugin, PluginCommand};
use crate::check::WRONG;
use crate::pipe::is_broken_pipe;
use crate::show;

pub(crate) fn plugin(args: &Plugin) -> anyhow::Result<ExitCode> {
    let done = match &args.command {
        PluginCommand::New(new) => new::new(new),
        PluginCommand::Build(build) => build::build(build),
        PluginCommand::Test(test) => test::test(test),
        PluginCommand::Bench(bench) => bench::bench(bench),
        PluginCommand::Inspect(inspect) => inspect::inspect(inspect),
        PluginCommand::List(list) => list::list(list),
    };
    match done {
        Err(error) if error.is::<Wrong>() => {
            show::error(&error);
            Ok(ExitCode::from(WRONG))
        }
        // Whoever reads has had enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        done => done,
    }
}

/// What was asked for cannot be done as it was said: a name, a flag, a file that is not what it should be.
#[derive(Debug)]
struct Wrong(String);

impl Wrong {
    /// As the error of a command.
    fn error(message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self(message.into()))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}
