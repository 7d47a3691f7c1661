//! Which numbers have fixed codes: those of the settings, and those that operators
//! made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};

use crate::model::phone_number::PhoneNumber;
use crate::model::policy::SmsPolicy;
use crate::model::sms_code::SmsCode;
use crate::model::test_number::{StoredTestNumber, phone_tag};
use crate::ports::mac::Mac;
use crate::ports::test_number_store::{TestNumberStore, TestNumberStoreError};

/// The test numbers, known without asking a store.
///
/// What operators make is taken over by [`reload`](Self::reload), which every
/// replica calls every few seconds. A number whose end has come works no more,
/// whether or not the store answers.
pub struct TestNumbers {
    /// Those of the settings.
    pub policy: Arc<SmsPolicy>,
    /// Compares what operators made.
    pub mac: Arc<dyn Mac>,
    made: RwLock<Known>,
    asked: AtomicU64,
}

/// What operators made, as of the so-manieth time that the store was asked.
struct Known {
    asked: u64,
    made: Arc<[StoredTestNumber]>,
}

impl TestNumbers {
    /// Begins with those of the settings alone.
    #[must_use]
    pub fn new(policy: Arc<SmsPolicy>, mac: Arc<dyn Mac>) -> Self {
        Self {
            policy,
            mac,
            made: RwLock::new(Known {
                asked: 0,
                made: Arc::new([]),
            }),
            asked: AtomicU64::new(0),
        }
    }

    /// Takes over what operators made, on whichever replica. What is known stays
    /// where the store does not answer.
    ///
    /// # Errors
    ///
    /// [`TestNumberStoreError`].
    pub async fn reload(
        &self,
        store: &dyn TestNumberStore,
        now: DateTime<Utc>,
    ) -> Result<(), TestNumberStoreError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let made = store.list(now).await?.into();
        let mut known = self.made.write().unwrap_or_else(PoisonError::into_inner);
        // Who asked earlier and heard later brings back nothing that was removed
        // meanwhile.
        if known.asked < asked {
            *known = Known { asked, made };
        }
        Ok(())
    }

    /// Whether messages to this number are not sent.
    #[must_use]
    pub fn covers(&self, phone: &PhoneNumber, now: DateTime<Utc>) -> bool {
        self.policy.test_number(phone, now).is_some() || self.made_for(phone, now).is_some()
    }

    /// Whether `code` is the number's fixed code, compared in constant time;
    /// nothing if it has none. What an operator made goes before the settings.
    #[must_use]
    pub fn opens(&self, phone: &PhoneNumber, code: SmsCode, now: DateTime<Utc>) -> Option<bool> {
        if let Some(made) = self.made_for(phone, now) {
            return Some(made.opens_with(&*self.mac, phone, code));
        }
        let fixed = self.policy.test_number(phone, now)?;
        Some(fixed.code.matches(&code))
    }

    fn made_for(&self, phone: &PhoneNumber, now: DateTime<Utc>) -> Option<StoredTestNumber> {
        let known = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let made = Arc::clone(&known.made);
        drop(known);
        if made.is_empty() {
            return None;
        }
        let tag = phone_tag(&*self.mac, phone);
        made.iter().find(|one| one.covers(&tag, now)).cloned()
    }
}
