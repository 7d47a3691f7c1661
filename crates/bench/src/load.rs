//! Load: closed (N who ask again as soon as they are answered) and open (so many
//! a second, whether or not the last ones were answered).

mod measured;
mod pacer;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::meter::Meter;
pub use measured::{Failure, Measured};

/// The thread that asks; its processor time is the tool's own.
pub const THREAD: &str = "load";
/// How long answers are waited for when the time is over.
const DRAIN: Duration = Duration::from_secs(10);

/// One who asks the service again and again, over a connection of its own.
#[expect(async_fn_in_trait, reason = "visitors stay on the thread that asks")]
pub trait Visitor {
    /// Does it once.
    ///
    /// # Errors
    ///
    /// Whatever is not the answer that was hoped for.
    async fn visit(&mut self) -> Result<(), Failure>;
}

/// How visitors arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrivals {
    /// Each comes again as soon as it was answered.
    Closed,
    /// So many a second, however long answers take. What counts as the time of
    /// an answer begins when its visit was due, not when a connection was free
    /// for it (no coordinated omission).
    Open(f64),
}

/// How much, and how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// How visitors arrive.
    pub arrivals: Arrivals,
    /// Visitors at once, each over a connection of its own.
    pub connections: usize,
    /// What is not counted, before the rest.
    pub warm_up: Duration,
    /// What is counted.
    pub time: Duration,
}

/// Puts the load on, and answers what came back.
///
/// # Panics
///
/// If the machine gives no thread.
pub fn run<V: Visitor + 'static>(
    load: Load,
    meter: &Arc<Meter>,
    make: impl Fn(usize) -> V + Send + 'static,
) -> Measured {
    let meter = Arc::clone(meter);
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, drive(load, &meter, make))
    };
    let thread = thread::Builder::new().name(THREAD.to_owned()).spawn(work);
    thread.expect("a thread").join().expect("a load that ends")
}

/// What the visitors share.
struct Shared {
    book: RefCell<Measured>,
    begin: Instant,
    end: Instant,
}

async fn drive<V: Visitor + 'static>(
    load: Load,
    meter: &Meter,
    make: impl Fn(usize) -> V,
) -> Measured {
    let begin = Instant::now() + load.warm_up;
    let shared = Rc::new(Shared {
        book: RefCell::new(Measured::new(load.time)),
        begin,
        end: begin + load.time,
    });
    let arrivals = match load.arrivals {
        Arrivals::Closed => None,
        Arrivals::Open(rate) => Some(pacer::start(rate, load.warm_up + load.time)),
    };
    let arrivals = arrivals.map(|due| Rc::new(tokio::sync::Mutex::new(due)));
    let mut visitors = JoinSet::new();
    for number in 0..load.connections {
        let (visitor, shared) = (make(number), Rc::clone(&shared));
        match &arrivals {
            None => visitors.spawn_local(closed(visitor, shared)),
            Some(due) => visitors.spawn_local(open(visitor, shared, Rc::clone(due))),
        };
    }
    tokio::time::sleep_until(shared.begin.into()).await;
    let before = meter.read();
    tokio::time::sleep_until(shared.end.into()).await;
    let used = meter.read().since(&before);
    let all = async { while visitors.join_next().await.is_some() {} };
    let late = tokio::time::timeout(DRAIN, all).await.is_err();
    let unanswered = if late { visitors.len() } else { 0 };
    // Whoever still waits is let go of, and with them their part of the book.
    visitors.shutdown().await;
    let mut measured = shared.book.replace(Measured::new(load.time));
    measured.used = used;
    for _ in 0..unanswered {
        measured.fail(&Failure::Unanswered);
    }
    measured
}

async fn closed<V: Visitor>(mut visitor: V, shared: Rc<Shared>) {
    loop {
        let start = Instant::now();
        if start >= shared.end {
            return;
        }
        let outcome = visitor.visit().await;
        let now = Instant::now();
        if now >= shared.begin && now < shared.end {
            shared.book.borrow_mut().note(now - start, &outcome);
        }
        if outcome.is_err() {
            // A server that is gone must not be asked a million times a second.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn open<V: Visitor>(
    mut visitor: V,
    shared: Rc<Shared>,
    arrivals: Rc<tokio::sync::Mutex<pacer::Due>>,
) {
    loop {
        let due = arrivals.lock().await.recv().await;
        let Some(due) = due else { return };
        let outcome = visitor.visit().await;
        if due >= shared.begin && due < shared.end {
            shared.book.borrow_mut().note(due.elapsed(), &outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Answers at once, but for one visit that takes long.
    struct Stalling {
        visits: Rc<Cell<u32>>,
    }

    impl Visitor for Stalling {
        async fn visit(&mut self) -> Result<(), Failure> {
            self.visits.set(self.visits.get() + 1);
            if self.visits.get() == 20 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Ok(())
        }
    }

    fn measure(arrivals: Arrivals) -> Measured {
        let load = Load {
            arrivals,
            connections: 1,
            warm_up: Duration::ZERO,
            time: Duration::from_millis(600),
        };
        run(load, &Arc::new(Meter::default()), |_| Stalling {
            visits: Rc::default(),
        })
    }

    #[test]
    fn an_open_load_counts_the_wait_of_all_who_stood_behind_a_slow_one() {
        let measured = measure(Arrivals::Open(200.0));
        // 300 ms at 200 a second: some 60 stood behind it, and half of those
        // waited for more than half of it.
        assert!(measured.count() >= 100, "{}", measured.count());
        assert!(measured.at(90.0) > Duration::from_millis(50));
    }

    #[test]
    fn a_closed_load_sees_the_one_slow_visit_only() {
        let measured = measure(Arrivals::Closed);
        // At most six of so many can have taken a tenth of a second each.
        assert!(measured.count() > 600, "{}", measured.count());
        assert!(measured.at(99.0) < Duration::from_millis(100));
        assert!(measured.at(100.0) >= Duration::from_millis(250));
    }
}
