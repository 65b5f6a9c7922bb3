use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Next, Pool, Task, Work};

/// Says each of its steps, and goes on as it is told.
struct Script {
    name: usize,
    steps: Vec<Next>,
    said: Sender<(usize, &'static str)>,
}

impl Work for Script {
    fn step(&mut self) -> Next {
        self.said.send((self.name, "step")).unwrap();
        if self.steps.is_empty() {
            panic!("as it should");
        }
        self.steps.remove(0)
    }

    fn defect(&mut self) {
        self.said.send((self.name, "defect")).unwrap();
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn tasks_take_turns() {
    let pool = Pool::new("test", 1).unwrap();
    let (said, heard) = channel();
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let first = pool.task();
    first.begin(Box::new(Gate(Arc::clone(&gate))));
    for name in 0..3 {
        let steps = vec![Next::Again, Next::Again, Next::Done];
        pool.task().begin(Box::new(Script { name, steps, said: said.clone() }));
    }
    drop(closed);
    let order: Vec<usize> = (0..9).map(|_| heard.recv_timeout(PATIENCE).unwrap().0).collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

/// Waits for a lock in its only step.
struct Gate(Arc<Mutex<()>>);

impl Work for Gate {
    fn step(&mut self) -> Next {
        drop(self.0.lock());
        Next::Done
    }

    fn defect(&mut self) {}
}

#[test]
fn a_task_waits_until_it_is_woken_or_its_time_has_come() {
    let pool = Pool::new("test", 2).unwrap();
    let (said, heard) = channel();
    let task = pool.task();
    task.wake();
    let wait = Duration::from_millis(30);
    let steps = vec![Next::Wait(None), Next::Wait(Some(wait)), Next::Wait(Some(PATIENCE * 100)), Next::Done];
    task.begin(Box::new(Script { name: 0, steps, said }));
    heard.recv_timeout(PATIENCE).unwrap();
    assert!(heard.recv_timeout(wait).is_err(), "nobody woke it");
    let began = Instant::now();
    task.wake();
    heard.recv_timeout(PATIENCE).unwrap();
    heard.recv_timeout(PATIENCE).unwrap();
    assert!(began.elapsed() >= wait);
    task.wake();
    heard.recv_timeout(PATIENCE).unwrap();
    task.wake();
    assert_eq!(heard.recv_timeout(PATIENCE), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn a_wake_during_a_step_is_another_step() {
    struct Self_(Task, Sender<()>, usize);
    impl Work for Self_ {
        fn step(&mut self) -> Next {
            self.1.send(()).unwrap();
            self.2 -= 1;
            if self.2 == 0 {
                return Next::Done;
            }
            self.0.wake();
            Next::Wait(None)
        }

        fn defect(&mut self) {}
    }
    let pool = Pool::new("test", 2).unwrap();
    let (said, heard) = channel();
    let task = pool.task();
    task.begin(Box::new(Self_(task.clone(), said, 5)));
    for _ in 0..5 {
        heard.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn no_wake_is_lost_among_many_threads() {
    struct Count(Arc<AtomicUsize>, Arc<AtomicUsize>, Sender<()>, usize);
    impl Work for Count {
        fn step(&mut self) -> Next {
            // All wakes so far are seen by this step or by one after it.
            self.1.store(self.0.load(Ordering::SeqCst), Ordering::SeqCst);
            if self.1.load(Ordering::SeqCst) == self.3 {
                self.2.send(()).unwrap();
                return Next::Done;
            }
            Next::Wait(None)
        }

        fn defect(&mut self) {}
    }
    let pool = Pool::new("test", 2).unwrap();
    for _ in 0..20 {
        let (wakes, seen) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (said, heard) = channel();
        let task = pool.task();
        task.begin(Box::new(Count(Arc::clone(&wakes), seen, said, 4_000)));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        wakes.fetch_add(1, Ordering::SeqCst);
                        task.wake();
                    }
                });
            }
        });
        heard.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn a_panic_ends_one_task_and_no_thread() {
    let pool = Pool::new("test", 1).unwrap();
    let (said, heard) = channel();
    pool.task().begin(Box::new(Script { name: 0, steps: Vec::new(), said: said.clone() }));
    pool.task().begin(Box::new(Script { name: 1, steps: vec![Next::Done], said }));
    let mut all: Vec<_> = (0..3).map(|_| heard.recv_timeout(PATIENCE).unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, [(0, "defect"), (0, "step"), (1, "step")]);
}
