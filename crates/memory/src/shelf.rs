//! A bounded map whose entries have a time at which they are due.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use crate::moment::Moment;

/// How many due entries one call clears away: more than one call adds, so that
/// nothing piles up, and few enough that no caller waits for a big clean-up.
pub(crate) const CLEARED_PER_CALL: usize = 16;

/// Every place is taken.
#[derive(Debug, thiserror::Error)]
#[error("no place is left in memory")]
pub(crate) struct Full;

struct Kept<V> {
    value: V,
    due: Moment,
}

/// A bounded map in which each entry is due at some moment.
///
/// Trees rather than hash tables: they never pause to rehash, and give memory
/// back. What it means to be due is the owner's business: [`Shelf::first_due`]
/// finds the entries, in order.
pub(crate) struct Shelf<K, V> {
    kept: BTreeMap<K, Kept<V>>,
    dues: BTreeSet<(Moment, K)>,
    capacity: usize,
}

impl<K: Ord + Copy, V> Shelf<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            kept: BTreeMap::new(),
            dues: BTreeSet::new(),
            capacity,
        }
    }

    /// How many more entries there is room for.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.kept.len())
    }

    /// The entry, due or not.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.kept.get(key).map(|kept| &kept.value)
    }

    /// The entry, due or not.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.kept.get_mut(key).map(|kept| &mut kept.value)
    }

    /// When the entry is due.
    pub(crate) fn due(&self, key: &K) -> Option<Moment> {
        self.kept.get(key).map(|kept| kept.due)
    }

    /// Puts an entry in, in the place of one with the same key.
    pub(crate) fn put(&mut self, key: K, value: V, due: Moment) -> Result<(), Full> {
        if self.room() == 0 && !self.kept.contains_key(&key) {
            return Err(Full);
        }
        if let Some(old) = self.kept.insert(key, Kept { value, due }) {
            self.dues.remove(&(old.due, key));
        }
        self.dues.insert((due, key));
        Ok(())
    }

    /// Makes an entry due at another moment.
    pub(crate) fn postpone(&mut self, key: &K, due: Moment) {
        if let Some(kept) = self.kept.get_mut(key) {
            self.dues.remove(&(kept.due, *key));
            kept.due = due;
            self.dues.insert((due, *key));
        }
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let kept = self.kept.remove(key)?;
        self.dues.remove(&(kept.due, *key));
        Some(kept.value)
    }

    /// Takes all entries of a range out.
    pub(crate) fn remove_all(&mut self, keys: impl RangeBounds<K>) {
        let found: Vec<K> = self.kept.range(keys).map(|(key, _)| *key).collect();
        for key in &found {
            self.remove(key);
        }
    }

    /// Takes everything out.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.dues.clear();
    }

    /// The entry that has been due the longest.
    pub(crate) fn first_due(&self, now: Moment) -> Option<K> {
        let (due, key) = self.dues.first()?;
        (*due <= now).then_some(*key)
    }

    /// Takes some of the entries out that are due.
    pub(crate) fn clear_due(&mut self, now: Moment) {
        for _ in 0..CLEARED_PER_CALL {
            let Some(key) = self.first_due(now) else {
                break;
            };
            self.remove(&key);
        }
    }
}
