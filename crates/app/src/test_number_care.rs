//! Taking over the test numbers that operators made on other replicas, or by command.

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::test_number_store::TestNumberStore;
use menshen_domain::services::test_numbers::TestNumbers;

use crate::http::App;
use crate::metrics::background::Background;
use crate::rounds::jittered;

/// What this work is called in metrics.
const TEST_NUMBERS: &str = "test_numbers";

/// How often at least: what was made elsewhere works here within that time, and
/// within a minute where one try fails.
const EVERY: Duration = Duration::from_secs(20);

/// What looking after test numbers needs.
pub(crate) struct TestNumberCare {
    numbers: Arc<TestNumbers>,
    store: Arc<dyn TestNumberStore>,
    clock: Arc<dyn Clock>,
    background: Background,
}

impl TestNumberCare {
    /// Begins with what is stored now.
    pub(crate) async fn begin(app: &App, store: Arc<dyn TestNumberStore>) -> Self {
        let care = Self {
            numbers: app.test_numbers.clone(),
            store,
            clock: app.clock.clone(),
            background: app.metrics.background.clone(),
        };
        care.look().await;
        care
    }

    /// Looks once.
    async fn look(&self) {
        let now = self.clock.now();
        let reloaded = self.numbers.reload(&*self.store, now).await;
        self.background.ran(TEST_NUMBERS, reloaded.is_ok(), now);
        if let Err(error) = reloaded {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the test numbers were not looked after"
            );
        }
    }

    /// Looks for ever.
    pub(crate) async fn look_after(self) {
        self.background.announce(TEST_NUMBERS);
        loop {
            tokio::time::sleep(jittered(EVERY)).await;
            self.look().await;
        }
    }
}
