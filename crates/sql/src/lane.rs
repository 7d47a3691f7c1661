//! Connections of PostgreSQL for single statements.
//!
//! The driver's pool asks each connection that comes back for a sign of life, in a
//! task of its own: a round trip for each statement. The lane keeps connections
//! that have just carried out a statement, and hands them to whoever is next. One
//! whose statement failed, or whose caller went away, goes back to the pool, which
//! looks at it.
//!
//! A connection wakes the worker that made it, so each worker has connections of its
//! own, and borrows of others only when it would have to wait.
//!
//! Part of the pool's connections are never of the lane: transactions, which hold
//! a connection for long, take them from the pool.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgPool, PgQueryResult, PgRow, Postgres};
use sqlx::query::Query;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::connect::{TRUSTED, ask_for_life};
use crate::failure::Failure;
use crate::health::Health;

/// How long a connection is kept before the pool may replace it by a new one.
const KEPT: Duration = Duration::from_mins(10);

/// A statement with its values. The text is one of a few, so that each connection
/// knows them all after a while.
pub(crate) type Filled = Query<'static, Postgres, PgArguments>;

/// The values of one column, for an array of them.
pub(crate) fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Connections for single statements.
pub(crate) struct Lane {
    pool: PgPool,
    health: Arc<Health>,
    shares: Vec<Share>,
    /// False where the pool has one connection only.
    keeps: bool,
}

/// The connections of a worker.
struct Share {
    places: Semaphore,
    idle: Mutex<Vec<Kept>>,
}

/// A connection of the lane.
struct Kept {
    connection: PoolConnection<Postgres>,
    taken_at: Instant,
    used_at: Instant,
}

impl Lane {
    /// A lane of two thirds of the pool's connections.
    pub(crate) fn of(pool: PgPool, health: Arc<Health>) -> Self {
        let limit = usize::try_from(pool.options().get_max_connections()).unwrap_or(1);
        let others = (limit / 3).max(1);
        let ours = limit.saturating_sub(others).max(1);
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let shares = workers.min(ours);
        let share = |number| Share {
            places: Semaphore::new((ours + number) / shares),
            idle: Mutex::default(),
        };
        Self {
            shares: (0..shares).map(share).collect(),
            keeps: limit > others,
            pool,
            health,
        }
    }

    /// Asks a statement that answers rows.
    pub(crate) async fn rows(&self, statement: Filled) -> Result<Vec<PgRow>, Failure> {
        let mut place = self.take().await?;
        let rows = statement.fetch_all(&mut *place.kept.connection).await?;
        place.give_back();
        Ok(rows)
    }

    /// Runs a statement, and answers how many rows it touched.
    pub(crate) async fn run(&self, statement: Filled) -> Result<u64, Failure> {
        let mut place = self.take().await?;
        let done: PgQueryResult = statement.execute(&mut *place.kept.connection).await?;
        place.give_back();
        Ok(done.rows_affected())
    }

    /// Connections that wait for work here.
    pub(crate) fn idle(&self) -> usize {
        let shares = self.shares.iter();
        shares.map(|share| share.waiting().len()).sum()
    }

    /// Gives all connections back to the pool, and keeps none from now on.
    pub(crate) fn close(&self) {
        for share in &self.shares {
            share.places.close();
            share.waiting().clear();
        }
    }

    async fn take(&self) -> Result<Place<'_>, Failure> {
        let (share, permit) = self.place().await?;
        let kept = if let Some(kept) = self.kept(share).await {
            kept
        } else {
            let connection = self.pool.acquire().await?;
            let now = Instant::now();
            Kept {
                connection,
                taken_at: now,
                used_at: now,
            }
        };
        Ok(Place {
            lane: self,
            share,
            kept,
            _permit: permit,
        })
    }

    /// A place in the share of this worker; in another one if this one is full and
    /// that one is not.
    async fn place(&self) -> Result<(&Share, SemaphorePermit<'_>), Failure> {
        let count = self.shares.len();
        let own = WORKER.with(|number| *number) % count;
        for step in 0..count {
            let share = &self.shares[(own + step) % count];
            if let Ok(permit) = share.places.try_acquire() {
                return Ok((share, permit));
            }
        }
        let share = &self.shares[own];
        let permit = timeout(
            self.pool.options().get_acquire_timeout(),
            share.places.acquire(),
        )
        .await;
        let permit = permit
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        Ok((share, permit))
    }

    /// A connection that waits in a share and can be trusted.
    async fn kept(&self, share: &Share) -> Option<Kept> {
        let mut kept = share.waiting().pop()?;
        // What is dropped here goes back to the pool, which closes it if need be.
        let age = kept.taken_at.elapsed();
        if self.health.is_discredited(age) || age > KEPT {
            return None;
        }
        if kept.used_at.elapsed() > TRUSTED {
            let alive = ask_for_life(&mut kept.connection, &self.health).await;
            alive.ok()?;
        }
        Some(kept)
    }
}

impl Share {
    fn waiting(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Each change of the list is whole, so a panic leaves nothing half-done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// The number of this worker, in the order of their first statements.
    static WORKER: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// A connection in use. Dropped without [`Self::give_back`], it goes to the pool.
struct Place<'a> {
    lane: &'a Lane,
    share: &'a Share,
    kept: Kept,
    _permit: SemaphorePermit<'a>,
}

impl Place<'_> {
    /// The statement is over, and the connection is as good as before.
    fn give_back(mut self) {
        self.kept.used_at = Instant::now();
        let mut waiting = self.share.waiting();
        // Asked with the list in hand: whoever closes empties it afterwards.
        if self.lane.keeps && !self.share.places.is_closed() {
            waiting.push(self.kept);
        }
        // The permit is dropped last: whoever gets it finds the connection.
    }
}
