use std::time::Duration;

use standpipe_record::{Cause, Column, View};
use wasmtime::component::Func;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, WasmBacktrace};

use crate::contract::{
    BatchAnswer, BatchArgs, ColumnIn, EachAnswer, EachArgs, ErrorOut, InfoIn, InitAnswer, InitArgs,
    OutcomesOut, RecordsIn, RunAnswer,
};
use crate::limits::{FUEL_PER_MS, Metering};
use crate::state::{OutOfTime, State, on_tick};
use crate::text::{MAX_BACKTRACE, MAX_CODE, MAX_MESSAGE, escaped, message_and_stack, push_escaped};
use crate::wasi::{Exit, Missing, Moment, Stdio};
use crate::{Interface, LoadError, Plugin, StartError};
use crate::{command, each};

/// One running instance of a plugin, with its store.
pub(crate) struct Instance {
    store: Store<State>,
    transform: Func,
    interface: Interface,
    metering: Metering,
    time: Duration,
    /// Calls that it has answered.
    pub(crate) calls: u64,
    /// Fuel that the last call used.
    pub(crate) fuel: u64,
}

/// A call that came to nothing.
#[derive(Debug)]
pub(crate) struct CallError {
    pub(crate) cause: Cause,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) backtrace: String,
}

impl CallError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::InvalidAnswer,
            code: "invalid-answer".into(),
            message: message.into(),
            backtrace: String::new(),
        }
    }

    fn returned(error: &ErrorOut) -> Self {
        let (message, backtrace) = message_and_stack(&error.message);
        Self { cause: Cause::Returned, code: escaped(&error.code, MAX_CODE), message, backtrace }
    }
}

impl Instance {
    /// Makes an instance and calls its `init`, if it has one. A command has not run by then.
    pub(crate) fn start(plugin: &Plugin, moment: Moment) -> Result<Self, StartError> {
        let loaded = plugin.loaded();
        let (settings, compiled) = (&loaded.settings, &loaded.compiled);
        let metered =
            plugin.metered().map_err(|error| StartError::Instantiate { error: error.to_string() })?;
        let mut store = Store::new(&metered.engine, State::new(&settings.limits));
        store.limiter(|state| state);
        // What the host copies out of a guest in one call is bounded by what the guest may hold.
        store.set_hostcall_fuel(usize::try_from(settings.limits.memory).unwrap_or(usize::MAX));
        if settings.metering == Metering::Time {
            store.epoch_deadline_callback(on_tick);
        }
        let _running = metered.ticker.as_ref().map(|ticker| ticker.begin());
        let limit = settings.limits.init_time;
        begin_call(&mut store, settings.metering, limit, moment)
            .map_err(|error| StartError::Instantiate { error: format!("{error:#}") })?;
        let failed = |store: &mut Store<State>, error: wasmtime::Error| {
            let known = describe(store, &error, "init", false);
            match known.cause {
                Cause::TimedOut => StartError::Time { limit },
                Cause::Trap => {
                    StartError::Trap { error: known.message, output: store.data().effects.captured() }
                }
                _ => StartError::Instantiate { error: known.message },
            }
        };
        let instance = match compiled.pre.instantiate(&mut store) {
            Ok(instance) => instance,
            Err(error) if error.is::<PoolConcurrencyLimitError>() => {
                metered.crowd();
                return Err(StartError::Crowded);
            }
            Err(error) => return Err(failed(&mut store, error)),
        };
        let missing = |name: &str| StartError::Instantiate { error: format!("it has no function `{name}`") };
        let transform =
            instance.get_func(&mut store, compiled.transform).ok_or_else(|| missing("transform"))?;
        let mut time = settings.limits.time_per_record;
        match compiled.init {
            None => time += limit,
            Some(init) => {
                let init = instance.get_func(&mut store, init).ok_or_else(|| missing("init"))?;
                let init = init.typed::<InitArgs<'_>, InitAnswer>(&store).map_err(|error| {
                    StartError::Instantiate {
                        error: format!("`init` has another type than the contract's ({error:#})"),
                    }
                })?;
                let answer = init.call(&mut store, (settings.params.as_str(), plugin.context()));
                store.data_mut().end_call();
                match answer {
                    Ok((Ok(()),)) => {}
                    Ok((Err(error),)) => {
                        let error = CallError::returned(&error);
                        return Err(StartError::Init { code: error.code, message: error.message });
                    }
                    Err(error) => return Err(failed(&mut store, error)),
                }
            }
        }
        Ok(Self {
            store,
            transform,
            interface: compiled.interface,
            metering: settings.metering,
            time,
            calls: 0,
            fuel: 0,
        })
    }

    /// Checks that `transform` has the contract's type.
    pub(crate) fn check_types(&mut self, export: &str) -> Result<(), LoadError> {
        let checked = match self.interface {
            Interface::Batch => self.transform.typed::<BatchArgs<'_>, BatchAnswer>(&self.store).map(drop),
            Interface::Each => self.transform.typed::<EachArgs<'_>, EachAnswer>(&self.store).map(drop),
            Interface::Command => self.transform.typed::<(), RunAnswer>(&self.store).map(drop),
        };
        checked.map_err(|error| LoadError::WrongType { export: export.into(), error: format!("{error:#}") })
    }

    /// Gives the records of `input` to the plugin. An `each` plugin is given one record. The columns are
    /// those that it asked for, cut to these records.
    pub(crate) fn call(
        &mut self,
        input: View<'_>,
        columns: &[Column],
        moment: Moment,
        context: &str,
    ) -> Result<OutcomesOut, CallError> {
        begin_call(&mut self.store, self.metering, self.time, moment)
            .map_err(|error| CallError::invalid(format!("{error:#}")))?;
        // Only a record that fails alone on a fresh instance has its backtrace shown, and writing one is dear.
        let traced = self.calls == 0 && input.len() == 1;
        let answer = match self.interface {
            Interface::Batch => self.call_batch(input, columns),
            Interface::Each => self.call_each(input, columns),
            Interface::Command => self.run_command(input, moment, context),
        };
        self.calls += 1;
        self.store.data_mut().end_call();
        if self.metering == Metering::Fuel {
            self.fuel = fuel_for(self.time).saturating_sub(self.store.get_fuel().unwrap_or_default());
        }
        match answer {
            Ok(Ok(outcomes)) => Ok(outcomes),
            Ok(Err(error)) => Err(error),
            Err(error) => Err(describe(&mut self.store, &error, "transform", traced)),
        }
    }

    fn call_batch(
        &mut self,
        input: View<'_>,
        columns: &[Column],
    ) -> wasmtime::Result<Result<OutcomesOut, CallError>> {
        let base = input.base();
        let rebased: Vec<u32>;
        let ends = if base == 0 {
            input.ends()
        } else {
            rebased = input.ends().iter().map(|end| end - base).collect();
            &rebased
        };
        let columns: Vec<ColumnIn<'_>> = columns
            .iter()
            .map(|column| ColumnIn {
                name: column.name(),
                values: column.values(),
                ends: column.ends(),
                index: column.index(),
            })
            .collect();
        let records =
            RecordsIn { payload: input.payload(), ends, arrival_ms: input.arrival_ms(), columns: &columns };
        let transform = self.transform.typed::<BatchArgs<'_>, BatchAnswer>(&self.store)?;
        let (answer,) = transform.call(&mut self.store, (records,))?;
        Ok(answer.map_err(|error| CallError::returned(&error)))
    }

    fn call_each(
        &mut self,
        input: View<'_>,
        columns: &[Column],
    ) -> wasmtime::Result<Result<OutcomesOut, CallError>> {
        let columns: Vec<(&str, &[u8])> =
            columns.iter().filter_map(|column| Some((column.name(), column.get(0)?))).collect();
        let info =
            InfoIn { arrival_ms: input.arrival_ms().first().copied().unwrap_or_default(), columns: &columns };
        let transform = self.transform.typed::<EachArgs<'_>, EachAnswer>(&self.store)?;
        let (answer,) = transform.call(&mut self.store, (input.payload(), info))?;
        Ok(match answer {
            Ok(verdict) => each::outcomes(verdict),
            Err(error) => Err(CallError::returned(&error)),
        })
    }

    /// Runs a command over the records. That it ended by itself, with 0, is no error.
    fn run_command(
        &mut self,
        input: View<'_>,
        moment: Moment,
        context: &str,
    ) -> wasmtime::Result<Result<OutcomesOut, CallError>> {
        let event = command::event(input, context, moment.seed);
        self.store.data_mut().wasi.stdio = Some(Stdio::new(event));
        let run = self.transform.typed::<(), RunAnswer>(&self.store)?;
        match run.call(&mut self.store, ()) {
            Ok((Ok(()),)) => {}
            Ok((Err(()),)) => return Err(Exit(1).into()),
            Err(error) if matches!(error.downcast_ref(), Some(Exit(0))) => {}
            Err(error) => return Err(error),
        }
        let state = self.store.data_mut();
        if let Some(refused) = state.refused.take() {
            return Ok(Err(CallError::invalid(refused)));
        }
        let reply = state.wasi.stdio.take().map(|stdio| stdio.output).unwrap_or_default();
        Ok(command::outcomes(&reply, input.len()))
    }

    pub(crate) fn state(&mut self) -> &mut State {
        self.store.data_mut()
    }
}

fn fuel_for(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).saturating_mul(FUEL_PER_MS / 1_000)
}

fn begin_call(
    store: &mut Store<State>,
    metering: Metering,
    time: Duration,
    moment: Moment,
) -> wasmtime::Result<()> {
    store.data_mut().begin_call(time, moment);
    match metering {
        Metering::Time => store.set_epoch_deadline(1),
        Metering::Fuel => store.set_fuel(fuel_for(time))?,
    }
    Ok(())
}

/// Turns what wasmtime says into a cause, a code and a sentence.
fn describe(store: &mut Store<State>, error: &wasmtime::Error, what: &str, traced: bool) -> CallError {
    let backtrace = error.downcast_ref::<WasmBacktrace>().filter(|_| traced);
    let backtrace = backtrace.map(format_backtrace).unwrap_or_default();
    let trap = error.downcast_ref::<Trap>().copied();
    if error.downcast_ref::<OutOfTime>().is_some() || matches!(trap, Some(Trap::OutOfFuel | Trap::Interrupt))
    {
        return CallError {
            cause: Cause::TimedOut,
            code: "time-limit".into(),
            message: format!(
                "`{what}` did not end within its time limit; raise `time_per_record` or make it faster"
            ),
            backtrace,
        };
    }
    if let Some(exit) = error.downcast_ref::<Exit>() {
        return CallError { cause: Cause::Trap, code: "exit".into(), message: exit.to_string(), backtrace };
    }
    if let Some(Missing(message)) = error.downcast_ref() {
        return CallError {
            cause: Cause::Trap,
            code: "trap".into(),
            message: escaped(message, MAX_MESSAGE),
            backtrace,
        };
    }
    match trap {
        Some(trap) => {
            let mut message = match trap {
                Trap::StackOverflow => "its stack is exhausted".to_owned(),
                Trap::UnreachableCodeReached => "it aborted (`unreachable`)".to_owned(),
                other => other.to_string(),
            };
            if let Some(refused) = store.data_mut().refused.take() {
                message.push_str("; before that, ");
                message.push_str(&refused);
            }
            CallError { cause: Cause::Trap, code: "trap".into(), message, backtrace }
        }
        // No trap: the host could not take over what the guest gave, or refused to grow it at its start.
        None => {
            let mut message = escaped(&format!("{:#}", error.root_cause()), MAX_MESSAGE);
            if let Some(refused) = store.data_mut().refused.take() {
                message.push_str("; ");
                message.push_str(&refused);
            }
            CallError { backtrace, ..CallError::invalid(message) }
        }
    }
}

/// The frames as wasmtime prints them, a line each, bounded and without control characters.
fn format_backtrace(trace: &WasmBacktrace) -> String {
    let mut out = String::new();
    for line in trace.to_string().lines().filter(|line| !line.starts_with("error while executing")) {
        push_escaped(&mut out, line.trim(), MAX_BACKTRACE);
        if out.len() >= MAX_BACKTRACE {
            break;
        }
        out.push('\n');
    }
    out
}
