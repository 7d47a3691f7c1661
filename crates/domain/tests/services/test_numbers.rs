//! The test numbers that a process knows, as its store tells of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::identifiers::TestNumberId;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::test_number::{NewTestNumber, StoredTestNumber};
use menshen_domain::ports::test_number_store::{TestNumberStore, TestNumberStoreError};
use menshen_domain::services::test_numbers::TestNumbers;
use tokio::sync::Notify;

use crate::desk::Desk;
use crate::support::{epoch, mac, phone};

/// Answers the first question last, as it was when it was asked.
struct Late {
    asked: AtomicBool,
    answered: Notify,
    removed: StoredTestNumber,
}

#[async_trait]
impl TestNumberStore for Late {
    async fn list(
        &self,
        _now: DateTime<Utc>,
    ) -> Result<Vec<StoredTestNumber>, TestNumberStoreError> {
        if self.asked.swap(true, Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        self.answered.notified().await;
        Ok(vec![self.removed.clone()])
    }

    async fn put(
        &self,
        _number: &StoredTestNumber,
        _audit: AuditEvent,
    ) -> Result<(), TestNumberStoreError> {
        unreachable!("nothing is made here")
    }

    async fn remove(
        &self,
        _id: TestNumberId,
        _audit: AuditEvent,
    ) -> Result<bool, TestNumberStoreError> {
        unreachable!("nothing is removed here")
    }
}

fn made() -> StoredTestNumber {
    let new = NewTestNumber {
        phone: phone(1),
        code: SmsCode::parse("246810").expect("a code"),
        until: epoch() + TimeDelta::days(1),
        note: None,
    };
    let id = TestNumberId::from_uuid(uuid::Uuid::from_u128(1));
    StoredTestNumber::new(&*mac(), id, "ops.alice", new, epoch()).expect("a test number")
}

#[tokio::test]
async fn a_list_that_was_asked_for_earlier_brings_back_nothing_that_was_removed() {
    let store = Late {
        asked: AtomicBool::new(false),
        answered: Notify::new(),
        removed: made(),
    };
    let numbers = TestNumbers::new(Arc::new(Desk::default().sms), mac());
    let later = async {
        let reloaded = numbers.reload(&store, epoch()).await;
        store.answered.notify_one();
        reloaded
    };
    let (earlier, later) = tokio::join!(numbers.reload(&store, epoch()), later);
    assert!(earlier.is_ok() && later.is_ok());
    assert!(!numbers.covers(&phone(1), epoch()));
}
