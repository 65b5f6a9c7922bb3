//! Who repeats a request is told what the first try was told, and nothing is appended again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use standpipe_log::RequestId;
use tokio::sync::oneshot;

use crate::live::REMEMBERED_MS;

/// What a stream's answers may take in memory, at about [`ANSWER_BYTES`] each.
const MOST_BYTES: usize = 8 << 20;
const ANSWER_BYTES: usize = 128;

/// What was answered for an append: its records are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The lane that has them.
    pub lane: u32,
    /// When they arrived, in milliseconds since 1970.
    pub at_ms: u64,
    /// The position of the first.
    pub first: u64,
    /// How many.
    pub records: u64,
}

/// The requests of one stream: those of the last 15 minutes that were answered, and those under way.
#[derive(Debug, Default)]
pub struct Repeats {
    book: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    answers: HashMap<RequestId, Accepted>,
    /// Oldest first.
    order: BTreeSet<(u64, [u8; 16])>,
    under_way: HashMap<RequestId, Vec<oneshot::Sender<()>>>,
    /// Lanes in which something may be left of requests that failed, and these in the order in which they did.
    pinned: HashMap<RequestId, u32>,
    pins: VecDeque<RequestId>,
    forgotten: u64,
    /// And how many of these were returned.
    told: u64,
}

/// What to do about a request.
#[derive(Debug)]
pub enum Claim {
    /// It is new, or its first try failed: append it, then [`keep`](Ticket::keep) the answer.
    First(Ticket),
    /// It was answered.
    Answered(Accepted),
    /// It is under way: claim again when this says something, or is closed.
    UnderWay(oneshot::Receiver<()>),
}

/// The right to append a request. Dropped without an answer, it passes to whoever claims next.
#[derive(Debug)]
pub struct Ticket {
    book: Arc<Mutex<Book>>,
    id: RequestId,
    lane: Option<u32>,
}

impl Repeats {
    /// Asks for a request's turn.
    pub fn claim(&self, id: RequestId, now_ms: u64) -> Claim {
        let mut book = lock(&self.book);
        if let Some(answer) = book.answer(id, now_ms) {
            return Claim::Answered(answer);
        }
        if let Some(waiting) = book.under_way.get_mut(&id) {
            let (tell, told) = oneshot::channel();
            waiting.push(tell);
            return Claim::UnderWay(told);
        }
        book.under_way.insert(id, Vec::new());
        let lane = book.pinned.get(&id).copied();
        Claim::First(Ticket { book: Arc::clone(&self.book), id, lane })
    }

    /// Notes what was answered before this process, as recovery finds it.
    pub(crate) fn found(&self, id: RequestId, answer: Accepted) {
        lock(&self.book).insert(id, answer);
    }

    /// The answer, if there is one.
    pub(crate) fn answer(&self, id: RequestId, now_ms: u64) -> Option<Accepted> {
        lock(&self.book).answer(id, now_ms)
    }

    /// How many answers were forgotten before their time, to stay within 8 MiB.
    pub fn forgotten(&self) -> u64 {
        lock(&self.book).forgotten
    }
}

impl Ticket {
    /// The lane in which an earlier try may have left something.
    pub(crate) fn lane(&self) -> Option<u32> {
        self.lane
    }

    /// Notes that this try may leave something in a lane: whoever tries again has to go there.
    pub(crate) fn pin(&mut self, lane: u32) {
        self.lane = Some(lane);
        let book = &mut *lock(&self.book);
        if book.pinned.insert(self.id, lane).is_none() {
            book.pins.push_back(self.id);
        }
        while book.pins.len() > MOST_BYTES / ANSWER_BYTES {
            let oldest = book.pins.pop_front();
            oldest.map(|oldest| book.pinned.remove(&oldest));
        }
    }

    /// Remembers the answer and tells who waits for it. Returns how many answers were forgotten before their time since
    /// the last one was kept.
    pub fn keep(self, answer: Accepted) -> u64 {
        let mut book = lock(&self.book);
        book.insert(self.id, answer);
        let forgotten = book.forgotten;
        forgotten - std::mem::replace(&mut book.told, forgotten)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        for waiting in lock(&self.book).under_way.remove(&self.id).unwrap_or_default() {
            // Who does not wait any more need not be told.
            let _ = waiting.send(());
        }
    }
}

impl Book {
    /// On a quiet stream nothing comes to put an old answer out.
    fn answer(&self, id: RequestId, now_ms: u64) -> Option<Accepted> {
        let answer = self.answers.get(&id).copied();
        answer.filter(|answer| answer.at_ms.saturating_add(REMEMBERED_MS) >= now_ms)
    }

    fn insert(&mut self, id: RequestId, answer: Accepted) {
        if let Some(before) = self.answers.insert(id, answer) {
            self.order.remove(&(before.at_ms, id.0));
        }
        // Recovery finds them lane by lane.
        self.order.insert((answer.at_ms, id.0));
        let newest = self.order.last().map_or(0, |(at, _)| *at);
        while let Some((at, oldest)) = self.order.first().copied() {
            let full = self.order.len() > MOST_BYTES / ANSWER_BYTES;
            if !full && at.saturating_add(REMEMBERED_MS) >= newest {
                break;
            }
            self.order.pop_first();
            self.answers.remove(&RequestId(oldest));
            self.forgotten += u64::from(full);
        }
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RequestId = RequestId([7; 16]);

    fn answer(at_ms: u64) -> Accepted {
        Accepted { lane: 1, at_ms, first: 10, records: 3 }
    }

    fn first(repeats: &Repeats, id: RequestId) -> Ticket {
        match repeats.claim(id, 0) {
            Claim::First(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    fn id(number: u64) -> RequestId {
        RequestId(u128::from(number).to_le_bytes())
    }

    #[test]
    fn a_repeat_has_the_first_answer() {
        let repeats = Repeats::default();
        first(&repeats, ID).keep(answer(5));
        assert!(matches!(repeats.claim(ID, 0), Claim::Answered(told) if told == answer(5)));
        assert!(matches!(repeats.claim(id(1), 0), Claim::First(_)));
    }

    #[test]
    fn who_repeats_while_the_first_try_is_under_way_waits_and_may_become_the_first() {
        let repeats = Repeats::default();
        let ticket = first(&repeats, ID);
        let Claim::UnderWay(mut told) = repeats.claim(ID, 0) else { panic!("it is under way") };
        assert!(told.try_recv().is_err());
        drop(ticket);
        told.try_recv().unwrap();
        let ticket = first(&repeats, ID);
        let Claim::UnderWay(mut told) = repeats.claim(ID, 0) else { panic!("it is under way") };
        ticket.keep(answer(5));
        told.try_recv().unwrap();
        assert!(matches!(repeats.claim(ID, 0), Claim::Answered(_)));
    }

    #[test]
    fn answers_are_kept_for_15_minutes_and_no_more_than_fit() {
        let repeats = Repeats::default();
        repeats.found(id(1), answer(1_000));
        repeats.found(id(2), answer(1_000 + REMEMBERED_MS));
        assert!(repeats.answer(id(1), 0).is_some());
        repeats.found(id(3), answer(1_001 + REMEMBERED_MS));
        assert_eq!((repeats.answer(id(1), 0), repeats.forgotten()), (None, 0));
        let most = (MOST_BYTES / ANSWER_BYTES) as u64;
        for number in 10..10 + most {
            repeats.found(id(number), answer(1_001 + REMEMBERED_MS));
        }
        assert_eq!((repeats.answer(id(2), 0), repeats.forgotten()), (None, 2));
        assert!(repeats.answer(id(9 + most), 0).is_some());
        let keep = |number| first(&repeats, id(number)).keep(answer(1_001 + REMEMBERED_MS));
        // All that nobody was told of yet.
        assert_eq!((keep(20 + most), keep(21 + most), repeats.forgotten()), (3, 1, 4));
    }

    #[test]
    fn an_answer_is_forgotten_after_15_minutes_although_nothing_else_comes() {
        let repeats = Repeats::default();
        first(&repeats, ID).keep(answer(1_000));
        assert!(matches!(repeats.claim(ID, 1_000 + REMEMBERED_MS), Claim::Answered(_)));
        assert!(matches!(repeats.claim(ID, 1_001 + REMEMBERED_MS), Claim::First(_)));
        assert_eq!(repeats.answer(ID, 1_001 + REMEMBERED_MS), None);
    }

    #[test]
    fn the_oldest_are_forgotten_in_whatever_order_they_are_found() {
        let (repeats, most) = (Repeats::default(), (MOST_BYTES / ANSWER_BYTES) as u64);
        // The newest half first, as of a lane that was recovered first.
        for number in (most / 2..most).chain(0..most / 2).chain([most]) {
            repeats.found(id(number), answer(number));
        }
        assert_eq!((repeats.answer(id(0), 0), repeats.forgotten()), (None, 1));
        assert!(repeats.answer(id(most / 2), 0).is_some() && repeats.answer(id(1), 0).is_some());
    }
}
