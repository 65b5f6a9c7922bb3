use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::Cache;
use crate::compiled::Compiled;
use crate::limits::{MAX_COMPILE_TIME, Metering, STACK_BYTES};
use crate::ticker::Ticker;
use crate::{Limits, LoadError};

/// Live instances that one engine has room for. Room is address space; memory is used only by instances.
const INSTANCES: u32 = 1_000;
/// How long instances are given back at once after one found no room: longer than who holds one and waits may sleep.
const CROWDED: Duration = Duration::from_secs(20);
/// Bytes of an ended instance's memory that stay with the process for the next one.
const KEEP_RESIDENT: usize = 1 << 20;

/// The WebAssembly engines of a process, and where they keep compiled code. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Host(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cache: Option<Cache>,
    timed: OnceLock<Metered>,
    fuelled: OnceLock<Metered>,
}

/// An engine with one way of metering.
#[derive(Debug)]
pub(crate) struct Metered {
    pub(crate) engine: Engine,
    /// Moves the epoch; fuel needs none.
    pub(crate) ticker: Option<Ticker>,
    compiled: Mutex<BTreeMap<String, Weak<Compiled>>>,
    /// When an instance found no room.
    crowded: Mutex<Option<Instant>>,
}

impl Host {
    /// A host that keeps compiled code in `cache`, a folder of its own, or nowhere. Engines are made when
    /// the first plugin needs them.
    pub fn new(cache: Option<PathBuf>) -> Self {
        let cache = cache.and_then(Cache::open);
        Self(Arc::new(Inner { cache, timed: OnceLock::new(), fuelled: OnceLock::new() }))
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.0.cache.as_ref()
    }

    pub(crate) fn metered(&self, metering: Metering) -> Result<&Metered, LoadError> {
        let slot = match metering {
            Metering::Time => &self.0.timed,
            Metering::Fuel => &self.0.fuelled,
        };
        if let Some(made) = slot.get() {
            return Ok(made);
        }
        let made = Metered::new(metering)?;
        Ok(slot.get_or_init(|| made))
    }
}

impl Metered {
    fn new(metering: Metering) -> Result<Self, LoadError> {
        let pooled =
            Engine::new(config(metering).allocation_strategy(InstanceAllocationStrategy::Pooling(pool())));
        let engine = match pooled {
            Ok(engine) => engine,
            Err(error) => {
                // Where address space is limited, instances are made one by one: slower to start, no less safe.
                tracing::warn!(%error, "no address space for pooled instances; making them one by one");
                Engine::new(&config(metering))
                    .map_err(|error| LoadError::Engine { error: format!("{error:#}") })?
            }
        };
        let ticker = match metering {
            Metering::Time => {
                Some(Ticker::start(&engine).map_err(|error| LoadError::Engine { error: error.to_string() })?)
            }
            Metering::Fuel => None,
        };
        Ok(Self { engine, ticker, compiled: Mutex::default(), crowded: Mutex::default() })
    }

    /// Notes that an instance found no room.
    pub(crate) fn crowd(&self) {
        *self.crowded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether one found none a short while ago: then instances are given back after each step.
    pub(crate) fn is_crowded(&self) -> bool {
        let last = *self.crowded.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < CROWDED)
    }

    /// What was compiled for this engine, by the component's digest, for as long as a plugin uses it.
    pub(crate) fn compiled(&self) -> MutexGuard<'_, BTreeMap<String, Weak<Compiled>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn config(metering: Metering) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .wasm_component_model(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .max_wasm_stack(STACK_BYTES)
        .memory_guaranteed_dense_image_size(0);
    match metering {
        Metering::Time => config.epoch_interruption(true),
        Metering::Fuel => config.consume_fuel(true).cranelift_nan_canonicalization(true),
    };
    config
}

/// Sized for every language that was measured: a Python component has 38 core instances, SpiderMonkey a table
/// of 7,689 elements.
fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * 4)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * 3)
        .max_core_instances_per_component(64)
        .max_memories_per_component(8)
        .max_tables_per_component(16)
        .max_memory_size(4 << 30)
        .table_elements(usize::try_from(Limits::default().table_elements).unwrap_or(usize::MAX))
        .max_unused_warm_slots(4)
        // A bad record costs up to three instances. Their memory is put back by copying what was touched, where
        // the system can tell: unmapping it and faulting it in again takes three times as long.
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT / 16);
    pool
}

/// Runs `compile` under the time that compilation may take. Compilation cannot be interrupted: one that is too
/// slow is left to finish on its own and its result thrown away.
pub(crate) fn within_compile_time<T: Send + 'static>(
    compile: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    let (done, result) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("compile".into())
        .stack_size(16 << 20)
        .spawn(move || {
            let _ = done.send(compile());
        })
        .map_err(|error| LoadError::Engine { error: error.to_string() })?;
    match result.recv_timeout(MAX_COMPILE_TIME) {
        Ok(compiled) => compiled,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
            Err(LoadError::CompileTime { limit: MAX_COMPILE_TIME })
        }
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Err(LoadError::Compile {
            error: "the compiler panicked; please report it with the component".into(),
        }),
    }
}
