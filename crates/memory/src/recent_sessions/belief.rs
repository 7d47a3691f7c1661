//! Which sessions were just seen not to be over.

use std::sync::Mutex;
use std::time::Duration;

use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::ports::session_notices::{SessionNotice, SessionNoticeListener};
use uuid::Uuid;

use crate::lock;
use crate::moment::{Moment, Stopwatch};
use crate::shelf::Shelf;

/// How long "not over" is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// How many parts the memory has at most, each under a lock of its own: callers
/// of different accounts hardly ever meet.
const MOST_SHARDS: usize = 64;
/// A part for fewer sessions than this is not worth a lock.
const SHARD_SIZE: usize = 1024;
/// How many counters of ends a part has. Accounts that share one only cost each
/// other an answer that was on its way at that moment.
const COUNTERS: usize = 64;

/// Which sessions were just seen not to be over. An account is in one shard, by
/// the random end of its id.
pub(super) struct Belief {
    clock: Stopwatch,
    shards: Vec<Mutex<Shard>>,
}

struct Shard {
    live: Shelf<(UserId, SessionId), ()>,
    /// Each counts up whenever sessions of its accounts may have ended: an answer
    /// that was asked for before is not believed.
    ends: [u64; COUNTERS],
    /// Counts up whenever anybody's sessions may have ended.
    ends_of_all: u64,
}

/// When, and in what state of knowledge, a question was asked.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    at: Moment,
    ends: u64,
}

impl Belief {
    pub(super) fn new(capacity: usize) -> Self {
        let count = (capacity / SHARD_SIZE).clamp(1, MOST_SHARDS);
        let shard = || Shard {
            live: Shelf::new(capacity / count),
            ends: [0; COUNTERS],
            ends_of_all: 0,
        };
        Self {
            clock: Stopwatch::start(),
            shards: (0..count).map(|_| Mutex::new(shard())).collect(),
        }
    }

    /// `None` if the session is believed to live; otherwise what to come back
    /// with when that was asked.
    pub(super) fn ask(&self, user: UserId, id: SessionId) -> Option<Asked> {
        let at = self.clock.now();
        let shard = lock(self.shard(user));
        let believed = shard.live.due(&(user, id)).is_some_and(|due| due > at);
        (!believed).then(|| Asked {
            at,
            ends: shard.ends_of(user),
        })
    }

    /// Believes that a session is not over, as was asked then.
    pub(super) fn believe(&self, user: UserId, id: SessionId, asked: Asked) {
        let now = self.clock.now();
        let mut shard = lock(self.shard(user));
        shard.live.clear_due(now);
        // Without room, or after an end, the next caller asks again.
        if shard.ends_of(user) == asked.ends {
            let due = asked.at.after(BELIEVED_FOR);
            drop(shard.live.put((user, id), (), due));
        }
    }

    /// Believes nothing of an account's sessions any more, at once for all
    /// callers.
    pub(super) fn forget(&self, user: UserId) {
        let mut shard = lock(self.shard(user));
        shard.ends[counter(user)] += 1;
        let lowest = (user, SessionId::from_uuid(Uuid::nil()));
        let highest = (user, SessionId::from_uuid(Uuid::max()));
        shard.live.remove_all(lowest..=highest);
    }

    /// Believes nothing any more.
    pub(super) fn forget_all(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.ends_of_all += 1;
            shard.live.clear();
        }
    }

    fn shard(&self, user: UserId) -> &Mutex<Shard> {
        &self.shards[random_end(user) % self.shards.len()]
    }
}

impl SessionNoticeListener for Belief {
    fn heard(&self, notice: &SessionNotice) {
        match notice {
            SessionNotice::Ended(users) => users.iter().for_each(|user| self.forget(*user)),
            SessionNotice::Missed => self.forget_all(),
        }
    }
}

impl Shard {
    /// Grows with every end that concerns the account.
    fn ends_of(&self, user: UserId) -> u64 {
        self.ends[counter(user)] + self.ends_of_all
    }
}

fn counter(user: UserId) -> usize {
    random_end(user) / MOST_SHARDS % COUNTERS
}

/// The last bits of a UUIDv7 are random.
fn random_end(user: UserId) -> usize {
    let [.., a, b] = *user.as_uuid().as_bytes();
    usize::from(u16::from_be_bytes([a, b]))
}
