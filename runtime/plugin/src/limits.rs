use std::time::Duration;

/// What a plugin may use. Every limit is on by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory of an instance.
    pub memory: u64,
    /// CPU time for a record, and for a whole call. By the wall clock at most ten times as long.
    pub time_per_record: Duration,
    /// CPU time for instantiation and `init`.
    pub init_time: Duration,
    /// Bytes of output that one record may yield.
    pub output_per_record: u64,
    /// Outputs that one record may yield.
    pub outputs_per_record: u32,
    /// Elements of all tables of an instance.
    pub table_elements: u32,
    /// Bytes of log that are kept of one call.
    pub log_bytes: u32,
    /// Names of counters.
    pub metrics: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 128 << 20,
            time_per_record: Duration::from_millis(100),
            init_time: Duration::from_secs(5),
            output_per_record: 6 << 20,
            outputs_per_record: 10_000,
            table_elements: 100_000,
            log_bytes: 64 << 10,
            metrics: 64,
        }
    }
}

/// How a stream has its plugins called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// The most payload bytes of a call of several records; [`MAX_CALL_BYTES`] at the most.
    pub bytes: usize,
    /// How often a record is run again, each time on a fresh instance, once it has failed as the first on one. What a
    /// plugin answers is final, and so is a failure that it returns.
    pub retries: u32,
}

impl Default for Calls {
    fn default() -> Self {
        Self { bytes: MAX_CALL_BYTES, retries: 0 }
    }
}

/// How a plugin's time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Metering {
    /// By the thread's CPU time, looked at about every millisecond. Costs little.
    #[default]
    Time,
    /// By executed instructions, so that a run can be repeated exactly. [`FUEL_PER_MS`] stand for a
    /// millisecond. NaNs are canonical.
    Fuel,
}

/// Units of fuel that count as one millisecond under [`Metering::Fuel`]: an instruction a nanosecond.
pub const FUEL_PER_MS: u64 = 1_000_000;

/// Largest component that is loaded, in bytes.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;
/// How long compilation may take, by the wall clock: some twenty times what Python's engine takes on an idle machine.
pub const MAX_COMPILE_TIME: Duration = Duration::from_secs(180);
/// Bytes of WebAssembly stack, the same for every plugin: it is set for the engine.
pub const STACK_BYTES: usize = 512 << 10;
/// The most records that one call is given.
pub const MAX_CALL_RECORDS: usize = 4_096;
/// The most payload bytes that one call of several records is given.
pub const MAX_CALL_BYTES: usize = 1 << 20;
