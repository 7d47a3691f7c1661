//! Limits of a process of its own, for as long as the shared ones are away.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::limits::{LimitKey, PastUse, Window};
use menshen_domain::model::spend::SpendScope;
use menshen_domain::ports::rate_limiter::{
    Admission, MessagePlaces, RateLimiter, RateLimiterError, Remembered, Reservation,
};

use crate::rate_limiter::MemoryRateLimiter;

/// A shared limiter, and one in process for acts that go on without it:
/// [`LimitKey::counts_without_the_shared_store`]. All others are refused with it.
///
/// What was counted here meanwhile is not told to the shared one afterwards.
pub struct LocalLimits {
    shared: Arc<dyn RateLimiter>,
    local: MemoryRateLimiter,
}

impl LocalLimits {
    /// Counts with `shared` while it answers.
    #[must_use]
    pub fn beside(shared: Arc<dyn RateLimiter>) -> Self {
        Self {
            shared,
            local: MemoryRateLimiter::default(),
        }
    }
}

/// True if the act of these windows goes on with the limits of the process.
fn goes_on(windows: &[Window]) -> bool {
    let mut keys = windows.iter().map(|window| &window.key);
    keys.all(LimitKey::counts_without_the_shared_store)
}

/// True if the shared limiter is away; one that is full still counts.
fn away<T>(answer: &Result<T, RateLimiterError>) -> bool {
    matches!(answer, Err(RateLimiterError::Unavailable(_)))
}

#[async_trait]
impl RateLimiter for LocalLimits {
    async fn reserve(&self, windows: &[Window]) -> Result<Admission, RateLimiterError> {
        match self.shared.reserve(windows).await {
            answer if away(&answer) && goes_on(windows) => self.local.reserve(windows).await,
            answer => answer,
        }
    }

    async fn wait(&self, windows: &[Window]) -> Result<Option<Duration>, RateLimiterError> {
        match self.shared.wait(windows).await {
            answer if away(&answer) && goes_on(windows) => self.local.wait(windows).await,
            answer => answer,
        }
    }

    async fn release(&self, reservation: &Reservation) -> Result<(), RateLimiterError> {
        // Whichever of the two does not know it does nothing.
        self.local.release(reservation).await?;
        match self.shared.release(reservation).await {
            answer if away(&answer) && goes_on(&reservation.windows) => Ok(()),
            answer => answer,
        }
    }

    async fn pardon(
        &self,
        reservation: &Reservation,
        keys: &[LimitKey],
        proven: &[SpendScope],
    ) -> Result<(), RateLimiterError> {
        self.local.pardon(reservation, keys, &[]).await?;
        self.shared.pardon(reservation, keys, proven).await
    }

    /// Only the shared one weighs messages.
    async fn unprove(&self, proven: &[SpendScope]) -> Result<(), RateLimiterError> {
        self.shared.unprove(proven).await
    }

    /// The process was told nothing of the past.
    async fn reserve_recalled(
        &self,
        places: &MessagePlaces,
    ) -> Result<Remembered, RateLimiterError> {
        self.shared.reserve_recalled(places).await
    }

    async fn recall(&self, uses: &[PastUse]) -> Result<bool, RateLimiterError> {
        self.shared.recall(uses).await
    }

    async fn recall_person(
        &self,
        person: &LimitKey,
        uses: &[PastUse],
    ) -> Result<bool, RateLimiterError> {
        self.shared.recall_person(person, uses).await
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use menshen_domain::model::limits::LimitRule;
    use menshen_domain::ports::rate_limiter::MockRateLimiter;
    use menshen_testkit::sample::phone;

    use super::*;

    fn window(key: LimitKey) -> Window {
        Window {
            rule: LimitRule::Refresh,
            key,
            limit: 1,
            per: Duration::from_mins(1),
        }
    }

    fn rotations() -> [Window; 1] {
        [window(LimitKey::RefreshSource(IpAddr::from([
            203, 0, 113, 7,
        ])))]
    }

    fn away() -> RateLimiterError {
        RateLimiterError::Unavailable("away".into())
    }

    fn without_the_shared_one() -> LocalLimits {
        let mut shared = MockRateLimiter::new();
        shared.expect_reserve().returning(|_| Err(away()));
        shared.expect_wait().returning(|_| Err(away()));
        shared.expect_release().returning(|_| Err(away()));
        LocalLimits::beside(Arc::new(shared))
    }

    #[tokio::test]
    async fn rotations_have_the_limits_of_the_process() {
        let limits = without_the_shared_one();
        assert_eq!(limits.wait(&rotations()).await.unwrap(), None);
        let Admission::Reserved(place) = limits.reserve(&rotations()).await.unwrap() else {
            panic!("refused");
        };
        assert!(limits.wait(&rotations()).await.unwrap().is_some());
        limits.release(&place).await.unwrap();
        assert_eq!(limits.wait(&rotations()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn messages_are_refused_also_beside_what_would_go_on() {
        let limits = without_the_shared_one();
        let message = window(LimitKey::SmsPhone(phone(1)));
        let [rotation] = rotations();
        for windows in [vec![message.clone()], vec![rotation, message]] {
            assert!(limits.reserve(&windows).await.is_err());
            assert!(limits.wait(&windows).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_full_shared_limiter_is_not_away() {
        let mut shared = MockRateLimiter::new();
        shared
            .expect_reserve()
            .returning(|_| Err(RateLimiterError::Full));
        let limits = LocalLimits::beside(Arc::new(shared));
        assert!(limits.reserve(&rotations()).await.is_err());
    }
}
