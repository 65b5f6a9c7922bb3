//! The contract of `wit/transform.wit` as wasmtime sees it. Field order and names are those of the WIT.

use wasmtime::component::{ComponentType, Lift, Lower};

/// The package and version that this host speaks.
pub(crate) const PACKAGE: &str = "standpipe:transform/";
/// The versions of the exported interfaces that this host can run, oldest first.
pub(crate) const VERSIONS: [&str; 1] = ["0.1.0"];
/// What a WASI command exports, of any 0.2.
pub(crate) const RUN: &str = "wasi:cli/run@0.2.";
/// The interface of the contract that a plugin may import.
pub(crate) const HOST: &str = "standpipe:transform/host@0.1.0";

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct ColumnIn<'a> {
    pub(crate) name: &'a str,
    pub(crate) values: &'a [u8],
    pub(crate) ends: &'a [u32],
    pub(crate) index: &'a [u32],
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct RecordsIn<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) ends: &'a [u32],
    #[component(name = "arrival-ms")]
    pub(crate) arrival_ms: &'a [u64],
    pub(crate) columns: &'a [ColumnIn<'a>],
}

#[derive(ComponentType, Lift, Debug, Clone)]
#[component(record)]
pub(crate) struct ColumnOut {
    pub(crate) name: String,
    pub(crate) values: Vec<u8>,
    pub(crate) ends: Vec<u32>,
    pub(crate) index: Vec<u32>,
}

#[derive(ComponentType, Lift, Debug, Clone)]
#[component(record)]
pub(crate) struct FailureOut {
    pub(crate) index: u32,
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(ComponentType, Lift, Debug, Clone, Default)]
#[component(record)]
pub(crate) struct OutcomesOut {
    pub(crate) payload: Vec<u8>,
    pub(crate) ends: Vec<u32>,
    pub(crate) origins: Vec<u32>,
    pub(crate) columns: Vec<ColumnOut>,
    pub(crate) dropped: Vec<u32>,
    pub(crate) failed: Vec<FailureOut>,
}

#[derive(ComponentType, Lift, Debug, Clone)]
#[component(record)]
pub(crate) struct ErrorOut {
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct InfoIn<'a> {
    #[component(name = "arrival-ms")]
    pub(crate) arrival_ms: u64,
    pub(crate) columns: &'a [(&'a str, &'a [u8])],
}

#[derive(ComponentType, Lift, Debug, Clone)]
#[component(record)]
pub(crate) struct OutputOut {
    pub(crate) payload: Vec<u8>,
    pub(crate) columns: Vec<(String, Vec<u8>)>,
}

#[derive(ComponentType, Lift, Debug, Clone)]
#[component(variant)]
pub(crate) enum VerdictOut {
    #[component(name = "ok")]
    Ok(Vec<OutputOut>),
    #[component(name = "dropped")]
    Dropped,
    #[component(name = "failed")]
    Failed(ErrorOut),
}

pub(crate) type InitArgs<'a> = (&'a str, &'a str);
pub(crate) type InitAnswer = (Result<(), ErrorOut>,);
pub(crate) type BatchArgs<'a> = (RecordsIn<'a>,);
pub(crate) type BatchAnswer = (Result<OutcomesOut, ErrorOut>,);
pub(crate) type EachArgs<'a> = (&'a [u8], InfoIn<'a>);
pub(crate) type EachAnswer = (Result<VerdictOut, ErrorOut>,);
/// What `wasi:cli/run` answers.
pub(crate) type RunAnswer = (Result<(), ()>,);
