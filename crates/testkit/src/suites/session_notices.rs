//! What every `SessionNotices` must do.
//!
//! A notice may be lost while a replica connects, so a clause first makes sure
//! that both hear each other.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::session_notices::{
    SessionNotice, SessionNoticeListener, SessionNotices,
};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// How long the slowest adapter may take on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes one named test of each clause. The expression gives [`Replicas`];
/// it is evaluated once per test, and may await.
#[macro_export]
macro_rules! session_notices {
    ($replicas:expr) => {
        $crate::clauses! {
            $crate::suites::session_notices, $replicas,
            what_one_announces_the_other_hears,
            every_listener_hears,
            of_many_at_once_none_is_missed_in_silence,
        }
    };
}

/// Two replicas of one deployment.
pub struct Replicas {
    /// One of them.
    pub one: Arc<dyn SessionNotices>,
    /// The other one.
    pub two: Arc<dyn SessionNotices>,
}

/// A listener that remembers what it heard.
#[derive(Default)]
pub struct Ear(Mutex<Vec<SessionNotice>>);

impl SessionNoticeListener for Ear {
    fn heard(&self, notice: &SessionNotice) {
        self.notices().push(notice.clone());
    }
}

impl Ear {
    /// What was heard so far.
    pub fn notices(&self) -> MutexGuard<'_, Vec<SessionNotice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if it was heard that this account's sessions may have ended.
    #[must_use]
    pub fn heard_of(&self, user: UserId) -> bool {
        self.notices()
            .iter()
            .any(|notice| matches!(notice, SessionNotice::Ended(users) if users.contains(&user)))
    }
}

/// An account by number.
#[must_use]
pub fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

/// A listener that hears what `from` announces, and what `at` does.
pub async fn listening(at: &Arc<dyn SessionNotices>, from: &Arc<dyn SessionNotices>) -> Arc<Ear> {
    let ear = Arc::new(Ear::default());
    at.subscribe(Arc::clone(&ear) as _);
    hears(&ear, from, user(u128::MAX)).await;
    ear
}

/// Announces until it is heard; that must be soon.
pub async fn hears(ear: &Ear, from: &Arc<dyn SessionNotices>, of: UserId) {
    let since = Instant::now();
    while !ear.heard_of(of) {
        assert!(since.elapsed() < PATIENCE, "nothing is heard");
        from.announce(&[of]);
        sleep(Duration::from_millis(20)).await;
    }
}

async fn until(ear: &Ear, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(
            since.elapsed() < PATIENCE,
            "not heard in time: {:?}",
            ear.notices()
        );
        sleep(Duration::from_millis(5)).await;
    }
}

/// In both directions.
pub async fn what_one_announces_the_other_hears(replicas: Replicas) {
    let Replicas { one, two } = replicas;
    let (at_one, at_two) = (listening(&one, &two).await, listening(&two, &one).await);
    one.announce(&[user(1), user(2)]);
    two.announce(&[user(3)]);
    until(&at_two, || {
        at_two.heard_of(user(1)) && at_two.heard_of(user(2))
    })
    .await;
    until(&at_one, || at_one.heard_of(user(3))).await;
    assert!(!at_one.heard_of(user(4)) && !at_two.heard_of(user(4)));
}

/// Also of one replica.
pub async fn every_listener_hears(replicas: Replicas) {
    let Replicas { one, two } = replicas;
    let (first, second) = (listening(&two, &one).await, listening(&two, &one).await);
    one.announce(&[user(1)]);
    until(&first, || {
        first.heard_of(user(1)) && second.heard_of(user(1))
    })
    .await;
}

/// Ten thousand at once: each is heard of, or it is heard that some were missed.
pub async fn of_many_at_once_none_is_missed_in_silence(replicas: Replicas) {
    let Replicas { one, two } = replicas;
    let ear = listening(&two, &one).await;
    ear.notices().clear();
    for n in 0..10_000 {
        one.announce(&[user(n)]);
    }
    let all_or_missed = || {
        let notices = ear.notices();
        let mut heard = BTreeSet::new();
        for notice in notices.iter() {
            match notice {
                SessionNotice::Ended(users) => heard.extend(users.iter().copied()),
                SessionNotice::Missed => return true,
            }
        }
        (0..10_000).all(|n| heard.contains(&user(n)))
    };
    until(&ear, all_or_missed).await;
}
