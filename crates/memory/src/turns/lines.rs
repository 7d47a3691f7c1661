//! A line for each key; whoever is first in all of their lines has the turn.
//!
//! Everybody takes their places in all lines in one step, so each line has the order
//! of the arrivals, and whoever of all came first is first everywhere: lines that
//! overlap in whatever way never wait for each other in a ring.
//!
//! One lock for all lines, held for some hundred nanoseconds: a login costs a
//! thousand times as much.

use std::collections::hash_map::{Entry, OccupiedEntry};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::keys::Keys;
use crate::lock;

/// The lines that somebody stands in; no others are kept.
#[derive(Default)]
pub(super) struct Lines(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    arrivals: u64,
    lines: HashMap<u64, Line>,
}

/// One line. A first one without followers takes no memory of its own.
struct Line {
    first: u64,
    followers: VecDeque<(u64, Arc<Ahead>)>,
}

/// What somebody waits for.
struct Ahead {
    /// The lines in which somebody else is first; changed with the lock held.
    lines: AtomicUsize,
    none: Notify,
}

/// Places in lines; dropped, they are left.
pub(super) struct Standing {
    lines: Arc<Lines>,
    keys: Keys,
    arrival: u64,
    /// None if there was nobody.
    ahead: Option<Arc<Ahead>>,
}

impl Lines {
    /// Takes the last place in the line of each key.
    pub(super) fn stand(lines: &Arc<Self>, keys: Keys) -> Standing {
        let mut inner = lock(&lines.0);
        let arrival = inner.arrivals;
        inner.arrivals += 1;
        let others = |key| inner.lines.contains_key(&key);
        let ahead = keys.iter().filter(|key| others(*key)).count();
        let ahead = (ahead > 0).then(|| {
            Arc::new(Ahead {
                lines: AtomicUsize::new(ahead),
                none: Notify::new(),
            })
        });
        for key in keys.iter() {
            match (inner.lines.entry(key), &ahead) {
                (Entry::Occupied(mut line), Some(ahead)) => {
                    let follower = (arrival, Arc::clone(ahead));
                    line.get_mut().followers.push_back(follower);
                }
                (line, _) => drop(line.insert_entry(Line {
                    first: arrival,
                    followers: VecDeque::new(),
                })),
            }
        }
        Standing {
            lines: Arc::clone(lines),
            keys,
            arrival,
            ahead,
        }
    }

    /// How many lines there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        lock(&self.0).lines.len()
    }
}

impl Standing {
    /// True if nobody is ahead.
    pub(super) fn is_first(&self) -> bool {
        let ahead = self.ahead.as_ref();
        ahead.is_none_or(|ahead| ahead.lines.load(Ordering::Relaxed) == 0)
    }

    /// Which arrival it was.
    #[cfg(test)]
    pub(super) fn arrival(&self) -> u64 {
        self.arrival
    }

    /// Waits until nobody is ahead; once, and by one caller.
    pub(super) async fn first(&self) {
        if let Some(ahead) = &self.ahead {
            ahead.none.notified().await;
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let mut inner = lock(&self.lines.0);
        for key in self.keys.iter() {
            if let Entry::Occupied(line) = inner.lines.entry(key) {
                leave(line, self.arrival);
            }
        }
    }
}

/// Leaves a line from whatever place. A line without people goes.
fn leave(mut line: OccupiedEntry<'_, u64, Line>, arrival: u64) {
    if line.get().first != arrival {
        let followers = &mut line.get_mut().followers;
        followers.retain(|(follower, _)| *follower != arrival);
        return;
    }
    let Some((next, ahead)) = line.get_mut().followers.pop_front() else {
        line.remove();
        return;
    };
    line.get_mut().first = next;
    if ahead.lines.fetch_sub(1, Ordering::Relaxed) == 1 {
        ahead.none.notify_one();
    }
}
