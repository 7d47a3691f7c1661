//! Test numbers: making, listing, taking back.

use crate::model::audit::AuditAction;
use crate::model::identifiers::TestNumberId;
use crate::model::phone_number::PhoneNumber;
use crate::model::test_number::{NewTestNumber, StoredTestNumber, phone_tag};
use crate::services::administration::{Act, Administration, AdministrationError, FoundBy};

/// Why a test number is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TestNumberRefusal {
    /// Its end is past, or more than 90 days ahead.
    #[error("the end of a test number is ahead, and at most 90 days")]
    End,
    /// There are 100 already.
    #[error("there are as many test numbers as there may be")]
    TooMany,
    /// It is the number of an account: whoever knows the code would open that.
    #[error("the number belongs to an account")]
    Taken,
}

impl Administration {
    /// Makes a test number, in place of any other of the same number.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::TestNumber`] and [`AdministrationError::Unavailable`];
    /// nothing is made then.
    pub async fn make_test_number(
        &self,
        act: &Act,
        new: NewTestNumber,
    ) -> Result<StoredTestNumber, AdministrationError> {
        let now = self.clock.now();
        let id = TestNumberId::generate(&*self.randomness, now);
        let phone = new.phone.clone();
        let made = StoredTestNumber::new(&*self.mac, id, act.operator.name(), new, now);
        let Ok(made) = made else {
            self.tell_refusal(act, None, "end").await;
            return Err(TestNumberRefusal::End.into());
        };
        if self.is_somebodys(&phone).await? {
            self.tell_refusal(act, None, "phone_taken").await;
            return Err(TestNumberRefusal::Taken.into());
        }
        let mut row = self
            .row(AuditAction::TestNumberMade, act)
            .with_subject(made.phone_masked.clone());
        row.reason = made.note.clone();
        self.test_numbers.put(&made, row).await?;
        Ok(made)
    }

    /// Whether a number is that of an account. One that is a test number already is
    /// nobody's: its account came by the code that everybody there knows.
    async fn is_somebodys(&self, phone: &PhoneNumber) -> Result<bool, AdministrationError> {
        let now = self.clock.now();
        let tag = phone_tag(&*self.mac, phone);
        let made = self.test_numbers.list(now).await?;
        if made.iter().any(|one| one.covers(&tag, now)) {
            return Ok(false);
        }
        let held = self.look_up(&FoundBy::Phone(phone.clone())).await?;
        Ok(held.is_some())
    }

    /// The test numbers that operators made and that work.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`].
    pub async fn test_numbers(
        &self,
        act: &Act,
    ) -> Result<Vec<StoredTestNumber>, AdministrationError> {
        let all = self.test_numbers.list(self.clock.now()).await?;
        self.tell_look(act, None, None).await?;
        Ok(all)
    }

    /// Takes a test number back.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::NotFound`] and [`AdministrationError::Unavailable`].
    pub async fn remove_test_number(
        &self,
        act: &Act,
        id: TestNumberId,
    ) -> Result<(), AdministrationError> {
        let row = self
            .row(AuditAction::TestNumberRemoved, act)
            .with_subject(id.to_string());
        if self.test_numbers.remove(id, row).await? {
            return Ok(());
        }
        self.tell_refusal(act, None, "not_found").await;
        Err(AdministrationError::NotFound)
    }
}
