//! The WASI 0.2 that plugins see: a world with nothing in it, and the same at every run.
//!
//! JavaScript, Python and Go bring these imports along. There are no files, arguments or variables; sockets are there
//! and refuse. The clock is the newest arrival of the call's records plus a microsecond a look, so it never stands still
//! and never goes back; who sleeps finds it moved on at once. Random numbers follow from a seed of the call. What is
//! written to standard output and standard error goes into the plugin's log, line by line; a WASI command has its
//! reply on standard output.
//!
//! Functions that have something to give are in [`give`]; all others of the interfaces below are answered by their
//! type, see [`refuse`]. An import outside of them is refused when the plugin is loaded.

mod command;
mod give;
mod refuse;

use wasmtime::Engine;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker};

pub(crate) use command::Stdio;

use crate::contract::HOST;
use crate::state::State;

/// The interfaces that a plugin may import, without their version, which is any of 0.2.
const INTERFACES: [(&str, &str); 27] = [
    ("wasi:cli/environment", "empty"),
    ("wasi:cli/exit", "ends the instance; fails the record"),
    ("wasi:cli/stdin", "empty; a command's event"),
    ("wasi:cli/stdout", "the plugin's log; a command's reply"),
    ("wasi:cli/stderr", "the plugin's log"),
    ("wasi:cli/terminal-input", "none"),
    ("wasi:cli/terminal-output", "none"),
    ("wasi:cli/terminal-stdin", "none"),
    ("wasi:cli/terminal-stdout", "none"),
    ("wasi:cli/terminal-stderr", "none"),
    ("wasi:clocks/monotonic-clock", "the newest arrival, and a microsecond a look"),
    ("wasi:clocks/wall-clock", "the newest arrival, and a microsecond a look"),
    ("wasi:filesystem/preopens", "no files"),
    ("wasi:filesystem/types", "no files"),
    ("wasi:io/error", "streams of the interfaces here"),
    ("wasi:io/poll", "ready at once; sleeping moves the clock"),
    ("wasi:io/streams", "streams of the interfaces here"),
    ("wasi:random/insecure", "numbers from a seed of the call"),
    ("wasi:random/insecure-seed", "numbers from a seed of the call"),
    ("wasi:random/random", "numbers from a seed of the call"),
    ("wasi:sockets/instance-network", "refuses"),
    ("wasi:sockets/ip-name-lookup", "refuses"),
    ("wasi:sockets/network", "refuses"),
    ("wasi:sockets/tcp", "refuses"),
    ("wasi:sockets/tcp-create-socket", "refuses"),
    ("wasi:sockets/udp", "refuses"),
    ("wasi:sockets/udp-create-socket", "refuses"),
];

/// What the import of the interface `import`, with its version, allows a plugin. None if it is not granted.
pub fn allowed(import: &str) -> Option<&'static str> {
    if import == HOST {
        return Some("lines in the plugin's log, counters");
    }
    let (name, version) = import.split_once('@')?;
    if !version.starts_with("0.2.") {
        return None;
    }
    INTERFACES.iter().find(|(known, _)| *known == name).map(|(_, allows)| *allows)
}

/// Links what `component` imports of this world.
pub(crate) fn link(
    linker: &mut Linker<State>,
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<()> {
    for (name, item) in component.component_type().imports(engine) {
        if let ComponentItem::ComponentInstance(instance) = item.ty
            && name != HOST
            && allowed(name).is_some()
        {
            link_instance(linker, engine, name, &instance)?;
        }
    }
    Ok(())
}

fn link_instance(
    linker: &mut Linker<State>,
    engine: &Engine,
    import: &str,
    instance: &ComponentInstance,
) -> wasmtime::Result<()> {
    let (interface, _) = import.split_once('@').unwrap_or((import, ""));
    let mut to = linker.instance(import)?;
    for (name, item) in instance.exports(engine) {
        match item.ty {
            // A type that is used from another interface appears here again and is the same one.
            ComponentItem::Resource(_) => give::resource(&mut to, name)?,
            ComponentItem::ComponentFunc(_) => {
                let given = give::function(&mut to, interface, name)?;
                if !given {
                    refuse::function(&mut to, interface, name)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// When, where and among which records a call runs: what its clock and its random numbers follow from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The newest arrival of its records, in milliseconds since 1970.
    pub(crate) arrival_ms: u64,
    /// The seed of its random numbers.
    pub(crate) seed: u64,
}

/// Nanoseconds by which a look moves the clock.
const LOOK_NS: u64 = 1_000;
/// Handles that a plugin may hold at a time.
const MAX_HANDLES: u32 = 4_096;
/// Bytes after which a line ends, whether there is a newline or not.
const MAX_LINE: usize = 8 << 10;

/// What an instance has of this world.
#[derive(Debug, Default)]
pub(crate) struct Wasi {
    now_ns: u64,
    random: u64,
    /// Where the clock has to be for each timer to be over; free places are `None`.
    timers: Vec<Option<u64>>,
    handles: u32,
    /// Lines that have no end yet, of standard output and standard error.
    lines: [Vec<u8>; 2],
    /// What a command reads and writes.
    pub(crate) stdio: Option<Stdio>,
}

/// A guest ended itself.
#[derive(Debug, thiserror::Error)]
#[error("it ended itself with exit code {0}")]
pub(crate) struct Exit(pub(crate) u8);

/// A guest wanted something that is not in its world.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Missing(pub(crate) String);

impl Wasi {
    /// Turns to the next call.
    pub(crate) fn begin_call(&mut self, moment: Moment) {
        self.now_ns = self.now_ns.max(moment.arrival_ms.saturating_mul(1_000_000));
        self.random = moment.seed;
    }

    /// Nanoseconds since 1970.
    fn now(&mut self) -> u64 {
        self.now_ns = self.now_ns.saturating_add(LOOK_NS);
        self.now_ns
    }

    /// The next number of SplitMix64 (Steele, Lea and Flood, 2014).
    pub(crate) fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.random)
    }

    /// Counts a handle that is given out.
    fn hold(&mut self) -> wasmtime::Result<()> {
        self.handles += 1;
        if self.handles > MAX_HANDLES {
            return Err(Missing(format!("it holds more than {MAX_HANDLES} handles of WASI")).into());
        }
        Ok(())
    }

    /// Begins a timer that is over when the clock is at `until_ns`, and gives its number.
    fn begin_timer(&mut self, until_ns: u64) -> wasmtime::Result<u32> {
        self.hold()?;
        let free = self.timers.iter().position(Option::is_none).unwrap_or_else(|| {
            self.timers.push(None);
            self.timers.len() - 1
        });
        if let Some(timer) = self.timers.get_mut(free) {
            *timer = Some(until_ns);
        }
        u32::try_from(free).map_err(wasmtime::Error::new)
    }

    /// Moves the clock to the end of a timer.
    fn wait(&mut self, timer: u32) {
        self.move_to(self.until(timer));
    }

    /// Where the clock is when a timer is over; 0 for what is no timer and ready at once.
    fn until(&self, timer: u32) -> u64 {
        self.timers.get(timer as usize).copied().flatten().unwrap_or_default()
    }

    fn move_to(&mut self, until_ns: u64) {
        self.now_ns = self.now_ns.max(until_ns);
    }

    /// Whether a timer is over. A look, so that who asks again and again sees the end of it.
    fn is_due(&mut self, timer: u32) -> bool {
        self.now() >= self.until(timer)
    }

    fn forget_timer(&mut self, timer: u32) {
        if let Some(timer) = self.timers.get_mut(timer as usize) {
            *timer = None;
        }
    }

    /// Adds bytes of standard output (0) or standard error (1), and gives the lines that are complete.
    pub(crate) fn written(&mut self, stream: usize, mut bytes: &[u8]) -> Vec<String> {
        let Some(line) = self.lines.get_mut(stream) else { return Vec::new() };
        let mut complete = Vec::new();
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let (head, rest) = bytes.split_at(end);
            line.extend_from_slice(head.get(..head.len().min(MAX_LINE)).unwrap_or_default());
            complete.push(taken(line));
            bytes = rest.get(1..).unwrap_or_default();
        }
        line.extend_from_slice(bytes.get(..bytes.len().min(MAX_LINE)).unwrap_or_default());
        if line.len() >= MAX_LINE {
            complete.push(taken(line));
        }
        complete
    }

    /// The line of a stream that has no end yet, if there is one.
    pub(crate) fn rest(&mut self, stream: usize) -> Option<String> {
        self.lines.get_mut(stream).filter(|line| !line.is_empty()).map(taken)
    }
}

fn taken(line: &mut Vec<u8>) -> String {
    let text = String::from_utf8_lossy(line).into_owned();
    line.clear();
    text
}

/// SplitMix64's last step: every bit of `x` decides on every bit of the result.
pub(crate) fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_timers_the_first_is_over_first() {
        let mut wasi = Wasi::default();
        wasi.begin_call(Moment { arrival_ms: 1, seed: 0 });
        let now = wasi.now();
        let (long, short) =
            (wasi.begin_timer(now + 1_000_000_000).unwrap(), wasi.begin_timer(now + 5_000_000).unwrap());
        wasi.move_to(wasi.until(long).min(wasi.until(short)));
        assert!(wasi.is_due(short) && !wasi.is_due(long));
        wasi.wait(long);
        assert!(wasi.is_due(long));
        assert_eq!(wasi.until(u32::MAX), 0, "what is no timer is ready");
    }

    #[test]
    fn lines_are_bounded_and_kept_until_their_end() {
        let mut wasi = Wasi::default();
        assert_eq!(wasi.written(0, b"one\ntwo"), ["one"]);
        assert_eq!(wasi.written(1, b"other\n"), ["other"]);
        assert_eq!(wasi.rest(0).unwrap(), "two");
        assert_eq!(wasi.rest(0), None);
        assert_eq!(wasi.written(0, &[b'x'; 1 << 20]).len(), 1);
        assert!(wasi.lines[0].len() <= MAX_LINE);
    }

    #[test]
    fn handles_are_bounded() {
        let mut wasi = Wasi::default();
        assert!((0..MAX_HANDLES).all(|_| wasi.begin_timer(0).is_ok()));
        assert!(wasi.begin_timer(0).is_err());
    }
}
