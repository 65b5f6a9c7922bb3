use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long a body may stand still, or an answer be awaited.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes a second of the slowest link: what is still under way when the last byte is handed over has so long.
const SLOWEST: u64 = 128 << 10;

/// How far a request is.
#[derive(Debug)]
pub(super) struct Progress {
    bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    began: Instant,
    last: Instant,
    whole: bool,
}

/// A request that stood still.
#[derive(Debug)]
pub(super) struct Stalled {
    pub(super) after: Duration,
    /// Whether its body was sent.
    pub(super) whole: bool,
}

impl Progress {
    /// Of a request with a body of so many bytes.
    pub(super) fn new(bytes: u64) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self { bytes, state: Mutex::new(State { began: now, last: now, whole: bytes == 0 }) })
    }

    /// A piece was handed over, or the last one.
    pub(super) fn moved(&self, whole: bool) {
        let mut state = self.state();
        (state.last, state.whole) = (Instant::now(), whole);
    }

    fn deadline(&self) -> Instant {
        let state = self.state();
        if !state.whole {
            return state.last + PATIENCE;
        }
        // Much of it may lie in buffers along the way, and leave them no faster than the rest did.
        let sending = state.last - state.began;
        state.last + PATIENCE + Duration::from_secs(self.bytes / SLOWEST) + 2 * sending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `work` as long as it moves.
    pub(super) async fn watch<T>(&self, work: impl Future<Output = T>) -> Result<T, Stalled> {
        let mut work = std::pin::pin!(work);
        loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = sleep_until(deadline) => if self.deadline() <= Instant::now() {
                    let state = self.state();
                    return Err(Stalled { after: state.began.elapsed(), whole: state.whole });
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_moves_goes_on_and_what_stands_still_is_given_up() {
        let began = Instant::now();
        let progress = Progress::new(1 << 20);
        let slow = async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_secs(14)).await;
                progress.moved(false);
            }
            std::future::pending::<()>().await;
        };
        let stalled = progress.watch(slow).await.unwrap_err();
        assert!(!stalled.whole);
        assert_eq!(began.elapsed().as_secs(), 155);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_what_the_slowest_link_needs() {
        let began = Instant::now();
        let progress = Progress::new(1 << 20);
        progress.moved(true);
        assert!(progress.watch(std::future::pending::<()>()).await.unwrap_err().whole);
        assert_eq!(began.elapsed().as_secs(), 23);
        assert_eq!(progress.watch(std::future::ready(7)).await.unwrap(), 7);
    }
}
