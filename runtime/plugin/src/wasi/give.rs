//! The functions of WASI that have something to give, and the resources.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource, ResourceType, WasmList};

use super::Exit;
use crate::state::State;

type Store<'a> = StoreContextMut<'a, State>;
type Link<'a> = LinkerInstance<'a, State>;

/// The resources that these functions speak of. A stream's number is its descriptor.
pub(super) enum IoError {}
pub(super) enum Pollable {}
pub(super) enum InputStream {}
pub(super) enum OutputStream {}

/// A number of a pollable that is ready at once.
const READY: u32 = u32::MAX;
/// Bytes that one write may have, as `check-write` says.
const MAX_WRITE: u64 = 64 << 10;

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    Failed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

type Written = (Result<(), StreamError>,);
type Read = (Result<Vec<u8>, StreamError>,);

/// Links the resource `name`.
pub(super) fn resource(to: &mut Link<'_>, name: &str) -> wasmtime::Result<()> {
    let forget = |mut store: Store<'_>, _: u32| {
        store.data_mut().wasi.handles = store.data().wasi.handles.saturating_sub(1);
        Ok(())
    };
    match name {
        "error" => to.resource(name, ResourceType::host::<IoError>(), forget),
        "input-stream" => to.resource(name, ResourceType::host::<InputStream>(), forget),
        "output-stream" => to.resource(name, ResourceType::host::<OutputStream>(), forget),
        "pollable" => to.resource(name, ResourceType::host::<Pollable>(), move |mut store, timer| {
            store.data_mut().wasi.forget_timer(timer);
            forget(store, timer)
        }),
        // The others are told apart by their names; there is never one, but for the network that refuses.
        other => to.resource(name, ResourceType::host_dynamic(numbered(other)), forget),
    }
}

/// A number for the name of a resource.
pub(super) fn numbered(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn stream<T: 'static>(mut store: Store<'_>, number: u32) -> wasmtime::Result<(Resource<T>,)> {
    store.data_mut().wasi.hold()?;
    Ok((Resource::new_own(number),))
}

fn write(mut store: Store<'_>, stream: u32, bytes: &WasmList<u8>) -> Written {
    // Copied once, and no more of it than can be kept: a guest may show the same megabytes again and again.
    let bytes = bytes.as_le_slice(&store);
    let room = store.data().room_for_output(stream);
    let kept = bytes.get(..bytes.len().min(room)).unwrap_or_default().to_vec();
    let all = kept.len() == bytes.len();
    (if store.data_mut().output(stream, &kept, all) { Ok(()) } else { Err(StreamError::Closed) },)
}

/// Links the function `name` of `interface`, if it is one of these.
#[rustfmt::skip]
pub(super) fn function(to: &mut Link<'_>, interface: &str, name: &str) -> wasmtime::Result<bool> {
    match (interface, name) {
        ("wasi:cli/stdin", "get-stdin") => to.func_wrap(name, |s: Store<'_>, ()| stream::<InputStream>(s, 0)),
        ("wasi:cli/stdout", "get-stdout") => to.func_wrap(name, |s: Store<'_>, ()| stream::<OutputStream>(s, 1)),
        ("wasi:cli/stderr", "get-stderr") => to.func_wrap(name, |s: Store<'_>, ()| stream::<OutputStream>(s, 2)),
        ("wasi:cli/exit", "exit") => to.func_wrap(name, |_: Store<'_>, (status,): (Result<(), ()>,)| {
            Err::<(), _>(Exit(u8::from(status.is_err())).into())
        }),
        ("wasi:cli/exit", "exit-with-code") => {
            to.func_wrap(name, |_: Store<'_>, (code,): (u8,)| Err::<(), _>(Exit(code).into()))
        }
        ("wasi:clocks/wall-clock", "now") => to.func_wrap(name, |mut s: Store<'_>, ()| {
            let now = s.data_mut().wasi.now();
            let nanoseconds = u32::try_from(now % 1_000_000_000).unwrap_or_default();
            Ok((Datetime { seconds: now / 1_000_000_000, nanoseconds },))
        }),
        ("wasi:clocks/wall-clock", "resolution") => {
            to.func_wrap(name, |_: Store<'_>, ()| Ok((Datetime { seconds: 0, nanoseconds: 1 },)))
        }
        ("wasi:clocks/monotonic-clock", "now") => {
            to.func_wrap(name, |mut s: Store<'_>, ()| Ok((s.data_mut().wasi.now(),)))
        }
        ("wasi:clocks/monotonic-clock", "resolution") => to.func_wrap(name, |_: Store<'_>, ()| Ok((1u64,))),
        ("wasi:clocks/monotonic-clock", "subscribe-instant") => {
            to.func_wrap(name, |mut s: Store<'_>, (until,): (u64,)| {
                Ok((Resource::<Pollable>::new_own(s.data_mut().wasi.begin_timer(until)?),))
            })
        }
        ("wasi:clocks/monotonic-clock", "subscribe-duration") => {
            to.func_wrap(name, |mut s: Store<'_>, (time,): (u64,)| {
                let wasi = &mut s.data_mut().wasi;
                let until = wasi.now().saturating_add(time);
                Ok((Resource::<Pollable>::new_own(wasi.begin_timer(until)?),))
            })
        }
        ("wasi:random/random", "get-random-bytes") | ("wasi:random/insecure", "get-insecure-random-bytes") => {
            to.func_wrap(name, |mut s: Store<'_>, (len,): (u64,)| Ok((s.data_mut().random_bytes(len)?,)))
        }
        ("wasi:random/random", "get-random-u64") | ("wasi:random/insecure", "get-insecure-random-u64") => {
            to.func_wrap(name, |mut s: Store<'_>, ()| Ok((s.data_mut().wasi.next_random(),)))
        }
        ("wasi:random/insecure-seed", "insecure-seed") => to.func_wrap(name, |mut s: Store<'_>, ()| {
            let wasi = &mut s.data_mut().wasi;
            Ok(((wasi.next_random(), wasi.next_random()),))
        }),
        ("wasi:io/error", "[method]error.to-debug-string") => {
            to.func_wrap(name, |_: Store<'_>, (_,): (Resource<IoError>,)| Ok(("it is refused".to_owned(),)))
        }
        ("wasi:io/poll", "[method]pollable.ready") => {
            to.func_wrap(name, |mut s: Store<'_>, (one,): (Resource<Pollable>,)| {
                Ok((s.data_mut().wasi.is_due(one.rep()),))
            })
        }
        ("wasi:io/poll", "[method]pollable.block") => {
            to.func_wrap(name, |mut s: Store<'_>, (one,): (Resource<Pollable>,)| {
                s.data_mut().wasi.wait(one.rep());
                Ok(())
            })
        }
        ("wasi:io/poll", "poll") => to.func_wrap(name, |mut s: Store<'_>, (all,): (Vec<Resource<Pollable>>,)| {
            let wasi = &mut s.data_mut().wasi;
            // What is not over yet is waited for only when nothing else is due, and then the first to be over.
            if let Some(until) = all.iter().map(|one| wasi.until(one.rep())).min() {
                wasi.move_to(until);
            }
            let due = (0u32..).zip(&all).filter(|(_, one)| wasi.is_due(one.rep())).map(|(number, _)| number);
            Ok((due.collect::<Vec<u32>>(),))
        }),
        ("wasi:io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => {
            to.func_wrap(name, |mut s: Store<'_>, (_, len): (Resource<InputStream>, u64)| -> wasmtime::Result<Read> {
                Ok((s.data_mut().input(len).ok_or(StreamError::Closed),))
            })
        }
        ("wasi:io/streams", "[method]input-stream.skip" | "[method]input-stream.blocking-skip") => {
            to.func_wrap(name, |mut s: Store<'_>, (_, len): (Resource<InputStream>, u64)| {
                let skipped = s.data_mut().input(len).map(|bytes| bytes.len() as u64);
                Ok((skipped.ok_or(StreamError::Closed),))
            })
        }
        ("wasi:io/streams", "[method]input-stream.subscribe") => {
            to.func_wrap(name, |s: Store<'_>, (_,): (Resource<InputStream>,)| stream::<Pollable>(s, READY))
        }
        ("wasi:io/streams", "[method]output-stream.subscribe") => {
            to.func_wrap(name, |s: Store<'_>, (_,): (Resource<OutputStream>,)| stream::<Pollable>(s, READY))
        }
        ("wasi:io/streams", "[method]output-stream.check-write") => {
            to.func_wrap(name, |_: Store<'_>, (_,): (Resource<OutputStream>,)| {
                Ok((Ok::<u64, StreamError>(MAX_WRITE),))
            })
        }
        ("wasi:io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => {
            to.func_wrap(name, |s: Store<'_>, (stream, bytes): (Resource<OutputStream>, WasmList<u8>)| {
                Ok(write(s, stream.rep(), &bytes))
            })
        }
        ("wasi:io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => {
            to.func_wrap(name, |_: Store<'_>, (_,): (Resource<OutputStream>,)| -> wasmtime::Result<Written> { Ok((Ok(()),)) })
        }
        _ => return Ok(false),
    }?;
    Ok(true)
}
