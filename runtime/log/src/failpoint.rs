//! Named places where a test can end the process as a kill would: `STANDPIPE_FAILPOINT=NAME:COUNT` aborts it the
//! COUNT-th time that it comes by. Unset, a place costs one load.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

struct Armed {
    name: String,
    left: AtomicU64,
}

static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
    let wanted = std::env::var("STANDPIPE_FAILPOINT").ok()?;
    let (name, count) = wanted.rsplit_once(':')?;
    Some(Armed { name: name.to_owned(), left: AtomicU64::new(count.parse().ok()?) })
});

/// Ends the process if it is to end here.
pub fn failpoint(name: &str) {
    if let Some(armed) = &*ARMED
        && armed.name == name
        && armed.left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}
