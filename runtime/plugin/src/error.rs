use std::time::Duration;

use standpipe_record::Kind;

/// Why a plugin cannot be loaded. Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It is larger than [`MAX_COMPONENT_BYTES`](crate::MAX_COMPONENT_BYTES).
    #[error("the component has {bytes} bytes; the limit is {limit}: build it with optimisation and stripped")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It does not begin as WebAssembly does.
    #[error("it is not WebAssembly: give a component, or a core module that carries the contract")]
    NotWasm,
    /// It begins as WebAssembly and cannot be read to its end.
    #[error("it is a damaged or truncated component: copy or build it again ({error})")]
    Malformed {
        /// What the parser said.
        error: String,
    },
    /// It is a core module.
    #[error(
        "it is a core module, not a component: build it against the contract in `wit/`, or make it a component"
    )]
    CoreModule,
    /// It imports something that a plugin may not have.
    #[error(
        "it imports `{import}`, which is not granted; a plugin may import `standpipe:transform/host@0.1.0` and what \
         `wit/README.md` names of WASI 0.2: build it without that"
    )]
    ForbiddenImport {
        /// The import's name.
        import: String,
    },
    /// It exports neither interface.
    #[error("it exports neither `standpipe:transform/batch@0.1.0` nor `standpipe:transform/each@0.1.0`{}: build it with an SDK or against `wit/`", if .exports.is_empty() { String::from("; it exports nothing") } else { format!("; it exports {}", .exports) })]
    NoExport {
        /// What it does export.
        exports: String,
    },
    /// It exports an interface of a version that this host does not know.
    #[error(
        "it exports `{export}`; this host knows version {known}: run a newer standpipe or build the plugin with an older SDK"
    )]
    TooNew {
        /// The export.
        export: String,
        /// The versions known here.
        known: String,
    },
    /// It exports an interface with functions of another shape.
    #[error(
        "its export `{export}` has another type than the contract's: build it against `wit/` of this version ({error})"
    )]
    WrongType {
        /// The export.
        export: String,
        /// What differs.
        error: String,
    },
    /// It imports an interface of the contract or of WASI with functions of another shape.
    #[error(
        "it wants something else of an interface than this host has: build it with the SDK of this version ({error})"
    )]
    WrongImport {
        /// What differs.
        error: String,
    },
    /// Its params do not fit.
    #[error("{reason}")]
    Params {
        /// Where, and why.
        reason: String,
    },
    /// It has two `standpipe:plugin` sections.
    #[error("it has two `standpipe:plugin` sections: link one plugin into one component")]
    TwoSections,
    /// Its `standpipe:plugin` section cannot be read.
    #[error("its `standpipe:plugin` section cannot be read: {reason}")]
    Section {
        /// Why.
        reason: String,
    },
    /// The compiler refused it.
    #[error("it cannot be compiled: {error}")]
    Compile {
        /// What the compiler said.
        error: String,
    },
    /// The compiler was not done in time.
    #[error("compiling it took longer than {} s: make it smaller", .limit.as_secs())]
    CompileTime {
        /// The limit.
        limit: Duration,
    },
    /// An instance cannot be made, or its `init` failed.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The engine itself cannot be made.
    #[error("the WebAssembly engine cannot be started: {error}")]
    Engine {
        /// What it said.
        error: String,
    },
}

impl LoadError {
    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Engine { .. } => Kind::Bug,
            _ => Kind::Invalid,
        }
    }
}

/// Why an instance cannot be started. The records that wait for it are held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// As many instances live as there is room for. Those that nobody uses are given back: try again soon.
    #[error("as many instances of plugins are in use as there is room for; it waits for one of them")]
    Crowded,
    /// It asks for more than its limits.
    #[error("an instance cannot be made: {error}")]
    Instantiate {
        /// What the engine said.
        error: String,
    },
    /// Its `init` answered an error.
    #[error("`init` failed with `{code}`: {message}")]
    Init {
        /// The plugin's code.
        code: String,
        /// The plugin's message.
        message: String,
    },
    /// Its `init` trapped.
    #[error("`init` trapped: {error}{}", if .output.is_empty() { String::new() } else { format!(" (it logged: {})", .output.trim_end()) })]
    Trap {
        /// The trap.
        error: String,
        /// What it logged before.
        output: String,
    },
    /// Its `init` did not end in time.
    #[error("`init` took longer than {} ms of CPU time", .limit.as_millis())]
    Time {
        /// The limit.
        limit: Duration,
    },
}
