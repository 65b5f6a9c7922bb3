use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use standpipe_record::Kind;

use crate::failpoint::failpoint;
use crate::keeper::Keeper;
use crate::parcel::Cut;
use crate::progress::add;
use crate::run::{LOOK, kept, next_cut};
use crate::{Error, Plan, Stop};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Makes cuts durable as they come and delivers what was sealed, oldest first. Cuts go before deliveries, so a slow
/// sink stops no lane. Ends when no more cuts come and all is delivered, or at a stop with what is left on disk.
pub(crate) fn keep(
    mut keeper: Keeper,
    plan: &Plan,
    runtime: &tokio::runtime::Handle,
    stop: &Stop,
    cuts: &Receiver<Cut>,
) -> Result<(), Error> {
    let mut pause = FIRST_PAUSE;
    let mut next_try = Instant::now();
    let mut more = true;
    loop {
        let waits = keeper.undelivered().is_some();
        if !more && !waits {
            return Ok(());
        }
        let wait = if waits { next_try.saturating_duration_since(Instant::now()).min(LOOK) } else { LOOK };
        if more {
            match next_cut(cuts, wait) {
                Some(Some(cut)) => {
                    keeper.commit(cut, plan).map_err(|source| kept(plan, source))?;
                    continue;
                }
                Some(None) => {}
                None => more = false,
            }
        } else {
            std::thread::sleep(wait);
        }
        if stop.is_overdue() && waits {
            tracing::warn!(stream = %plan.name, records = keeper.waiting(), "stopped before all was delivered; the rest is kept for the next run");
            return Ok(());
        }
        let Some(about) = keeper.undelivered().filter(|_| Instant::now() >= next_try).cloned() else {
            continue;
        };
        let object = keeper.object(&about, plan).map_err(|source| kept(plan, source))?;
        match runtime.block_on(plan.sink.deliver(&Arc::new(object))) {
            Ok(_) => {
                failpoint("link.after");
                keeper.delivered(&about).map_err(|source| kept(plan, source))?;
                add(&plan.progress.objects, 1);
                add(&plan.progress.bytes, usize::try_from(about.bytes).unwrap_or(usize::MAX));
                tracing::debug!(key = %about.key, records = about.records, "delivered");
                pause = FIRST_PAUSE;
            }
            Err(error) if error.kind() == Kind::Retry => {
                if stop.is_asked() {
                    tracing::warn!(stream = %plan.name, %error, records = keeper.waiting(), "not delivered; it is kept for the next run");
                    return Ok(());
                }
                tracing::warn!(stream = %plan.name, %error, "delivery failed, will retry");
                // Full jitter, so that streams that failed together do not come back together.
                let part =
                    u32::try_from(RandomState::new().build_hasher().finish() % 1_000).unwrap_or_default();
                next_try = Instant::now() + pause * part / 1_000;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(source) => {
                return Err(Error::Sink { stream: plan.name.clone(), source, records: keeper.waiting() });
            }
        }
    }
}
