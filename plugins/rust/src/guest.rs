//! The wasm side: the exports of the contract, the host's functions, and where an instance is kept.

use std::cell::RefCell;

pub use bindings::exports::standpipe::transform::batch;
use bindings::standpipe::transform::host as import;

use crate::instance::{Instance, Outcomes};
use crate::record::Batch;
use crate::{Column, Failure, Level, Transform, host};

/// The level of a panic in the log.
const ERROR: u8 = 4;

#[allow(missing_docs, reason = "generated from the contract, which documents it")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "batch-plugin",
        pub_export_macro: true,
        default_bindings_module: "::standpipe_sdk::__private::bindings",
    });
}

/// Passes a line to the host.
pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Trace => 0,
        Level::Debug => 1,
        Level::Info => 2,
        Level::Warn => 3,
        Level::Error => ERROR,
    };
    import::log(level, message);
}

/// Tells the host which record the lines that follow belong to.
pub(crate) fn at(record: u32) {
    import::at(record);
}

/// Where the exports keep their instance between calls.
#[derive(Debug)]
pub struct Slot<P>(RefCell<Option<Instance<P>>>);

impl<P: Transform> Slot<P> {
    /// A slot without an instance.
    pub const fn empty() -> Self {
        Self(RefCell::new(None))
    }

    /// The export `init`.
    pub fn init(&self, params: &str) -> Result<(), batch::Error> {
        // A panic ends in a trap without a word; the line before it is what a person will look for.
        std::panic::set_hook(Box::new(|panic| import::log(ERROR, &panic.to_string())));
        let instance = Instance::new(params).map_err(error)?;
        self.0.replace(Some(instance));
        Ok(())
    }

    /// The export `transform`.
    pub fn transform(&self, records: batch::Records) -> Result<batch::Outcomes, batch::Error> {
        let mut slot = self.0.borrow_mut();
        let Some(instance) = slot.as_mut() else {
            return Err(error(Failure::new("not-initialised", "`transform` was called before `init`")));
        };
        let columns: Vec<Column> = records.columns.into_iter().map(column).collect();
        let outcomes = instance.transform(&Batch {
            payload: &records.payload,
            ends: &records.ends,
            arrival_ms: &records.arrival_ms,
            columns: &columns,
        });
        for (metric, sum) in host::take().counts {
            import::count(metric, sum);
        }
        outcomes.map(answer).map_err(error)
    }
}

fn answer(outcomes: Outcomes) -> batch::Outcomes {
    let Outcomes { payload, ends, origins, columns, dropped, failed } = outcomes;
    let failed = failed.into_iter().map(|failed| {
        let (code, message) = failed.failure.into_parts();
        batch::Failure { index: failed.index, code, message }
    });
    let columns = columns.into_iter().map(|Column { name, values, ends, index }| batch::Column {
        name,
        values,
        ends,
        index,
    });
    batch::Outcomes { payload, ends, origins, columns: columns.collect(), dropped, failed: failed.collect() }
}

fn column(column: batch::Column) -> Column {
    let batch::Column { name, values, ends, index } = column;
    Column { name, values, ends, index }
}

fn error(failure: Failure) -> batch::Error {
    let (code, message) = failure.into_parts();
    batch::Error { code, message }
}

/// Writes the exports and the `standpipe:plugin` section of a plugin.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ident) => {
        const _: () = {
            ::std::thread_local! {
                static SLOT: $crate::__private::Slot<$plugin> = const { $crate::__private::Slot::empty() };
            }

            struct Exports;

            impl $crate::__private::batch::Guest for Exports {
                fn init(params: String, _context: String) -> Result<(), $crate::__private::batch::Error> {
                    SLOT.with(|slot| slot.init(&params))
                }

                fn transform(
                    records: $crate::__private::batch::Records,
                ) -> Result<$crate::__private::batch::Outcomes, $crate::__private::batch::Error> {
                    SLOT.with(|slot| slot.transform(records))
                }
            }

    $crate::__private::bindings::export!(Exports with_types_in $crate::__private::bindings);

            const LEN: usize = <$plugin as $crate::Transform>::MANIFEST.json_len();
            #[used]
            #[unsafe(link_section = "standpipe:plugin")]
            static SECTION: [u8; LEN] = <$plugin as $crate::Transform>::MANIFEST.json();
        };
    };
}
