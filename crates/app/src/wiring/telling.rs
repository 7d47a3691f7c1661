//! Who tells the numbers that accounts have lost.

use std::sync::Arc;

use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::number_notices::NoticeObserver;
use menshen_domain::services::send_code::SendCode;
use menshen_domain::services::tell_old_number::TellOldNumber;
use menshen_domain::services::test_numbers::TestNumbers;
use menshen_sql::SqlStore;
use menshen_token::keyring::Keyring;
use menshen_token::system_randomness::SystemRandomness;

use super::{StartError, ephemeral, sms};
use crate::settings::Settings;

/// Who tells them in a server: with all that codes are sent with.
pub(super) fn tell_beside(codes: &SendCode, observer: Arc<dyn NoticeObserver>) -> TellOldNumber {
    TellOldNumber {
        sender: codes.sender.clone(),
        limiter: codes.limiter.clone(),
        records: codes.records.clone(),
        clock: codes.clock.clone(),
        randomness: codes.randomness.clone(),
        policy: codes.policy.clone(),
        limits: codes.limits,
        test_numbers: codes.test_numbers.clone(),
        observer,
    }
}

/// Who tells them where no server runs; nothing where the simulator would be asked,
/// which only a server has.
///
/// # Errors
///
/// As of the adapters.
pub(crate) async fn tell_alone(
    settings: &Settings,
    store: &Arc<SqlStore>,
    keyring: &Arc<Keyring>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn NoticeObserver>,
) -> Result<Option<TellOldNumber>, StartError> {
    let mut vendors = settings.sms.vendors.iter();
    if vendors.any(|vendor| vendor.simulated().is_some()) {
        return Ok(None);
    }
    let policy = Arc::new(settings.sms.policy.clone());
    let test_numbers = Arc::new(TestNumbers::new(policy.clone(), keyring.clone()));
    test_numbers.reload(&**store, clock.now()).await?;
    Ok(Some(TellOldNumber {
        sender: Arc::new(sms::messages(settings, None, None, &clock)?.sender),
        limiter: ephemeral::stores(settings, keyring)?.limiter,
        records: store.clone(),
        clock,
        randomness: Arc::new(SystemRandomness),
        policy,
        limits: settings.sms.limits,
        test_numbers,
        observer,
    }))
}
