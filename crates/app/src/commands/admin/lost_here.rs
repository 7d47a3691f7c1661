//! Numbers that accounts lose by a command, which tells them before it ends.

use std::sync::{Arc, Mutex, PoisonError};

use menshen_domain::model::number_notice::{LostNumber, NoticeOutcome};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::number_notices::{NoticeObserver, NumberNotices};
use menshen_sql::SqlStore;
use menshen_token::keyring::Keyring;

use crate::settings::Settings;
use crate::wiring;

/// What was lost.
#[derive(Default)]
pub(super) struct LostHere(Mutex<Vec<LostNumber>>);

impl NumberNotices for LostHere {
    fn hand_over(&self, lost: LostNumber) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(lost);
    }
}

/// A command has no metrics: its log says what became of it.
struct Told;

impl NoticeObserver for Told {
    fn came_to(&self, outcome: NoticeOutcome) {
        let outcome = outcome.as_str();
        tracing::info!(outcome, "the end of telling the number that was taken away");
    }
}

impl LostHere {
    /// Tells them, each within the six seconds of a message. What was done stands
    /// whatever comes of it.
    pub(super) async fn tell(
        &self,
        settings: &Settings,
        store: &Arc<SqlStore>,
        keyring: &Arc<Keyring>,
        clock: Arc<dyn Clock>,
    ) {
        let lost = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if lost.is_empty() {
            return;
        }
        let told = Arc::new(Told);
        match wiring::tell_alone(settings, store, keyring, clock, told).await {
            Ok(Some(tell)) => {
                for lost in &lost {
                    tell.execute(lost).await;
                }
            }
            Ok(None) => {
                tracing::info!("the simulator runs in the server: a command tells no number");
            }
            Err(error) => tracing::warn!(
                error = &*error as &dyn std::error::Error,
                "the number that was taken away could not be told"
            ),
        }
    }
}
