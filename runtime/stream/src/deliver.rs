use std::time::{Duration, Instant};

use standpipe_record::Kind;

use crate::parcel::Sealed;
use crate::progress::add;
use crate::{Error, Plan, Stop};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Delivers a sealed parcel. What may pass is tried again until the stop's deadline; what waiting cannot mend
/// is an error.
pub(crate) fn deliver(
    plan: &Plan,
    runtime: &tokio::runtime::Handle,
    stop: &Stop,
    sealed: &Sealed,
    random: &mut dyn FnMut() -> u64,
) -> Result<(), Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        match runtime.block_on(plan.sink.deliver(&sealed.object)) {
            Ok(_) => {
                add(&plan.progress.objects, 1);
                add(&plan.progress.bytes, sealed.object.body.len());
                tracing::debug!(key = %sealed.object.key, records = sealed.records, "delivered");
                return Ok(());
            }
            Err(error) if error.kind() == Kind::Retry => {
                tracing::warn!(stream = %plan.name, %error, "delivery failed, will retry");
                // Full jitter, so that streams that failed together do not come back together.
                let part = u32::try_from(random() % 1_000).unwrap_or_default();
                let until = Instant::now() + pause * part / 1_000;
                while Instant::now() < until {
                    if stop.is_overdue() {
                        return Err(Error::Stopped { stream: plan.name.clone(), records: sealed.records });
                    }
                    std::thread::sleep(until.saturating_duration_since(Instant::now()).min(FIRST_PAUSE));
                }
                if stop.is_overdue() {
                    return Err(Error::Stopped { stream: plan.name.clone(), records: sealed.records });
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(source) => {
                return Err(Error::Sink { stream: plan.name.clone(), source, records: sealed.records });
            }
        }
    }
}
