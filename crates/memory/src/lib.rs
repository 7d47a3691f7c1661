//! The ephemeral ports of Menshen in process: for a single process without Redis.
//!
//! - [`code_store::MemoryCodeStore`], [`rate_limiter::MemoryRateLimiter`] and
//!   [`replay_ledger::MemoryReplayLedger`] keep everything in memory. Each method
//!   is one atomic step under one lock that is never held across an await. Lives
//!   are measured with a monotonic clock. Memory is bounded: a store that is full
//!   of live entries refuses, and forgets nobody.
//! - [`recent_sessions::RecentSessions`] spares any session store the question
//!   whether a session is over that it answered less than a second ago.
//! - [`session_notices::MemorySessionNotices`] carries word of ended sessions within
//!   one process.
//! - [`local_limits::LocalLimits`] counts in process while a shared limiter is away,
//!   where that is better than refusing.
//! - [`turns::MemoryTurns`] lets the logins of one person come one after the other,
//!   within a process, whatever the stores are.

pub mod code_store;
pub mod local_limits;
pub mod rate_limiter;
pub mod recent_sessions;
pub mod replay_ledger;
pub mod session_notices;
pub mod turns;

mod fingerprint;
mod limit_log;
mod moment;
mod outstanding;
mod shelf;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic elsewhere: nothing that is done under our locks
/// panics half-way, so what is inside is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
