//! One stream put together: it keeps what its source gives in a durable log, runs its plugins, gathers their
//! outputs into parcels, and has each parcel delivered under its key, exactly once.
//!
//! ```text
//! intake (keep pool, or a pipe's own thread): source ─► log of a lane, fsync
//! turn (turn pool): log ─► plugins ─► parcels (destination, error output) ─► cut
//! keep (keep pool): cut ─► files, fsync ─► entry, fsync ─► log.release, sink with retry ─► note, fsync ─► unlink
//! ```
//!
//! A stream has lanes. Each has a turn and a keep while there is something in it, and is a number when not: threads
//! and open files belong to work, not to streams. `slot` is where the three meet.
//!
//! # On disk
//!
//! Below the state folder: `lock`, `id`, `figures.json` (see `figures`), and for each stream `streams/NAME/incarnation` and `lane-N/` with `log/`
//! (see `standpipe_log`), `journal/` (see its module) and `parcels/` (a file a sealed parcel). One that the API made has
//! a `definition`, too; of one of the config nothing is there before its first record.
//!
//! # Invariants
//!
//! - A record is accepted when its frame is fsynced. From then on it ends in exactly one of: an object of the
//!   destination, one of the error output, dropped by a plugin, or it is still here.
//! - An entry settles every record before its position: it lies in a sealed file, in a carry, or was dropped. It
//!   never runs again. A record behind the newest entry has left no trace and runs again.
//! - Nothing is delivered, unlinked or released before the entry or note that says so is durable.
//! - An object's key is fixed by its entry. A delivery that is repeated after a crash finds its own object.
//! - What fails on the disk costs only memory: the lane is recovered from its last entry.
//! - A file is read into one lane at a time. A lane that is not filled any more runs until it is empty.
//! - Open parcels of all streams share one number of bytes. Passing it seals nothing: it carries and frees.
//!
//! # What it refuses
//!
//! A state folder that another host has locked, and one that holds records of a stream that is gone from the
//! config. A file that its journal names and that is not there, or is not what was written.

mod active;
mod budget;
mod definitions;
mod deliver;
mod entry;
mod error;
mod figures;
mod home;
mod inspect;
mod intake;
mod journal;
mod keep;
mod keeper;
mod lane;
mod live;
mod metrics;
mod parcel;
mod parcels;
mod pipe;
mod places;
mod plan;
mod pool;
mod put;
mod record_id;
mod repeats;
mod retry;
#[cfg(test)]
mod sim;
mod slot;
mod state;
mod stop;
mod stream;
mod streams;
mod turn;
mod window;
mod workers;

pub use budget::Budget;
pub use definitions::MAX_DEFINITION_BYTES;
pub use entry::{Answer, Carry, Counts, Entry, Group, Role, SealedFile};
pub use error::Error;
pub use figures::Kept;
pub use home::Home;
pub use inspect::{
    Depth, Flaw, FoundRecord, Inspection, JournalReport, LaneReport, LogReport, RecordFate, StreamReport,
};
pub use journal::JournalError;
pub use keeper::KeepError;
pub use metrics::{
    Amount, BackupReading, DeliveryReading, Figures, HostReading, Level, Metrics, PluginReading, PutKind,
    PutReading, Reading, StreamMetrics, Times, Totals, Trouble,
};
pub use plan::{LoadFailure, Plan, Planner, load_plugin, plan, sink};
pub use standpipe_log::RequestId;

pub use put::PutError;
pub use record_id::{RECORD_ID_LEN, RecordIds, RecordPlace};
pub use repeats::{Accepted, Claim, Repeats, Ticket};
pub use retry::{Retried, retry};
pub use state::{State, StateError, random};
pub use stop::Stop;
pub use stream::Stream;
pub use streams::{ChangeError, Changes, Health, Put, Streams};
pub use workers::Workers;
