//! The places of a message, also after the limiter has forgotten the past.

use chrono::{DateTime, Utc};

use crate::model::limits::{LimitKey, Limits};
use crate::model::phone_number::PhoneNumber;
use crate::ports::BoxError;
use crate::ports::rate_limiter::{Admission, MessagePlaces, RateLimiter, Remembered};
use crate::ports::send_records::SendRecords;

/// How often the limiter may forget while it is told.
const MAX_ROUNDS: usize = 4;

/// Where the places are taken, and where the past is known from.
pub(super) struct SendBudget<'a> {
    pub(super) limiter: &'a dyn RateLimiter,
    pub(super) records: &'a dyn SendRecords,
    pub(super) limits: &'a Limits,
    pub(super) now: DateTime<Utc>,
}

impl SendBudget<'_> {
    /// Takes the places of a message. A limiter that remembers nothing is told first what
    /// the deployment has sent, and then, number by number as they ask, what each got: a
    /// restart or a lost shared store is no way to spend a day twice.
    ///
    /// # Errors
    ///
    /// Those of the ports. The past is unknown then, and nothing may be sent.
    pub(super) async fn reserve(
        &self,
        phone: &PhoneNumber,
        places: &MessagePlaces,
    ) -> Result<Admission, BoxError> {
        let has_a_past = self.limits.budget_since(self.now).is_some() || places.person.is_some();
        if !has_a_past && places.scopes.is_empty() {
            return Ok(self.limiter.reserve(&places.windows).await?);
        }
        for _ in 0..MAX_ROUNDS {
            match self.limiter.reserve_recalled(places).await? {
                Remembered::Known(admission) => return Ok(admission),
                Remembered::Nothing => self.recall().await?,
                Remembered::NotThePerson => self.recall_person(phone).await?,
            }
        }
        Err("the limiter does not remember what it is told".into())
    }

    async fn recall(&self) -> Result<(), BoxError> {
        let sent = match self.limits.budget_since(self.now) {
            Some(since) => self.records.sent_since(since).await?,
            None => Vec::new(),
        };
        let uses = self.limits.past_uses(&sent, self.now);
        if self.limiter.recall(&uses).await? {
            let messages: u64 = uses.iter().map(|past| u64::from(past.times)).sum();
            tracing::info!(messages, "the daily SMS budget was rebuilt from the record");
        }
        Ok(())
    }

    async fn recall_person(&self, phone: &PhoneNumber) -> Result<(), BoxError> {
        let sent = match self.limits.person_since(self.now) {
            Some(since) => {
                let most = self.limits.person_room();
                self.records.sent_to(phone, since, most).await?
            }
            None => Vec::new(),
        };
        let uses = self.limits.past_of(phone, &sent, self.now);
        let person = LimitKey::SmsPhone(phone.clone());
        self.limiter.recall_person(&person, &uses).await?;
        Ok(())
    }
}
