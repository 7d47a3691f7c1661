//! Test numbers: making, listing, taking back.

use crate::model::audit::AuditAction;
use crate::model::identifiers::TestNumberId;
use crate::model::test_number::{NewTestNumber, StoredTestNumber};
use crate::services::administration::{Act, Administration, AdministrationError};

/// Why a test number is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TestNumberRefusal {
    /// Its end is past, or more than 90 days ahead.
    #[error("the end of a test number is ahead, and at most 90 days")]
    End,
    /// There are 100 already.
    #[error("there are as many test numbers as there may be")]
    TooMany,
}

impl Administration {
    /// Makes a test number, in place of any other of the same number.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::TestNumber`] and [`AdministrationError::Unavailable`].
    pub async fn make_test_number(
        &self,
        act: &Act,
        new: NewTestNumber,
    ) -> Result<StoredTestNumber, AdministrationError> {
        let now = self.clock.now();
        let id = TestNumberId::generate(&*self.randomness, now);
        let made = StoredTestNumber::new(&*self.mac, id, act.operator.name(), new, now);
        let Ok(made) = made else {
            self.tell_refusal(act, None, "end").await;
            return Err(TestNumberRefusal::End.into());
        };
        let mut row = self
            .row(AuditAction::TestNumberMade, act)
            .with_subject(made.phone_masked.clone());
        row.reason = made.note.clone();
        self.test_numbers.put(&made, row).await?;
        Ok(made)
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
