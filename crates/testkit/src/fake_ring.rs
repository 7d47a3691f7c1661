//! A ring whose keys change while tests look.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use menshen_domain::ports::sealer::{SealError, SealUse, Sealer};

use crate::fake_keys::FakeSealer;

/// What a test does between reading a value and writing it anew.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// A fake [`Sealer`] of many keys, all uses together, that seals no value alike
/// twice. Anybody can open what it sealed.
#[derive(Default)]
pub struct FakeRing {
    /// Added to the first key, which is 1.
    begun: AtomicU32,
    sealed: AtomicU64,
    lost: Mutex<BTreeSet<u32>>,
    meanwhile: Mutex<Option<Meanwhile>>,
}

impl FakeRing {
    /// Lets the next key begin; answers its number.
    pub fn rotate(&self) -> u32 {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.active()
    }

    /// From now on nothing opens that was sealed with this key.
    pub fn lose(&self, key: u32) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.insert(key);
    }

    /// Finds that key again.
    pub fn find(&self, key: u32) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.remove(&key);
    }

    /// Does this once, when a value is sealed anew the next time.
    pub fn meanwhile(&self, act: impl FnOnce() + Send + 'static) {
        let mut meanwhile = self
            .meanwhile
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *meanwhile = Some(Box::new(act));
    }

    fn active(&self) -> u32 {
        1 + self.begun.load(Ordering::SeqCst)
    }
}

/// The number of the key, that of the value, and the box.
fn parts(sealed: &[u8]) -> Option<(u32, &[u8])> {
    let (key, rest) = sealed.split_first_chunk::<4>()?;
    let (_, sealed) = rest.split_first_chunk::<8>()?;
    Some((u32::from_be_bytes(*key), sealed))
}

impl Sealer for FakeRing {
    fn seal(&self, usage: SealUse, row: &[u8], clear: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.active().to_be_bytes();
        let number = self.sealed.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let sealed = FakeSealer.seal(usage, &[row, &key].concat(), clear)?;
        Ok([&key[..], &number, &sealed].concat())
    }

    fn key_of(&self, sealed: &[u8]) -> Option<u32> {
        parts(sealed).map(|(key, _)| key)
    }

    fn active_key(&self, _: SealUse) -> Result<u32, SealError> {
        Ok(self.active())
    }

    fn open(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (key, sealed) = parts(sealed).ok_or(SealError)?;
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.contains(&key) {
            return Err(SealError);
        }
        FakeSealer.open(usage, &[row, &key.to_be_bytes()].concat(), sealed)
    }

    fn reseal(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut meanwhile = self
            .meanwhile
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let act = meanwhile.take();
        drop(meanwhile);
        if let Some(act) = act {
            act();
        }
        self.seal(usage, row, &self.open(usage, row, sealed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_older_keys_open_until_the_key_is_lost() {
        let ring = FakeRing::default();
        let usage = SealUse::PhoneNumber;
        let seal = || ring.seal(usage, b"row", b"+8613800138000").unwrap();
        let open = |sealed: &[u8]| ring.open(usage, b"row", sealed);
        let (one, two) = (seal(), seal());
        assert_ne!(one, two);
        assert_eq!(ring.rotate(), 2);
        let anew = ring.reseal(usage, b"row", &one).unwrap();
        assert_eq!((ring.key_of(&one), ring.key_of(&anew)), (Some(1), Some(2)));
        ring.lose(1);
        assert_eq!((open(&one), open(&two)), (Err(SealError), Err(SealError)));
        assert_eq!(open(&anew).unwrap(), b"+8613800138000");
        ring.find(1);
        assert!(open(&one).is_ok());
    }
}
