//! The SMS vendors: each of the settings, or of the simulator, as an adapter.

use std::net::SocketAddr;
use std::sync::Arc;

use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::receipt_reader::ReceiptReader;
use menshen_sms::{Account, Built, Deps, FailoverSender, SmsMetrics, SmsVendor, VendorHealth};
use menshen_token::system_randomness::SystemRandomness;
use secrecy::SecretString;

use crate::clock::SystemClock;
use crate::receipt_address::ReceiptAddress;
use crate::settings::Settings;
use crate::settings::sms::vendors::{VendorAccount, VendorSettings};
use crate::simulated;
use crate::wiring::StartError;

/// What sends messages and hears of them, and what is counted on the way.
pub(super) struct Messages {
    pub(super) sender: FailoverSender,
    pub(super) receipt_readers: Vec<Arc<dyn ReceiptReader>>,
    pub(super) health: Arc<VendorHealth>,
    pub(super) metrics: SmsMetrics,
}

/// Wires all vendors of the settings. Vendors that are told with each message
/// where to push its receipt are told `receipts`.
pub(super) fn messages(
    settings: &Settings,
    simulated: Option<SocketAddr>,
    receipts: Option<&ReceiptAddress>,
    clock: &Arc<dyn Clock>,
) -> Result<Messages, StartError> {
    let mut vendors = Vec::new();
    let mut receipt_readers = Vec::new();
    for vendor in &settings.sms.vendors {
        let address = receipts.and_then(|receipts| receipts.of(vendor.name()));
        let built = built(vendor, simulated, address, clock.clone())?;
        vendors.push(built.vendor);
        receipt_readers.extend(built.receipts);
    }
    let metrics = SmsMetrics::default();
    let health = Arc::new(VendorHealth::new(metrics.clone()));
    let sender = FailoverSender::new(vendors, clock.clone(), Arc::new(SystemRandomness))
        .with_weights(settings.sms.weights.clone())
        .with_health(health.clone())
        .with_metrics(metrics.clone());
    Ok(Messages {
        sender,
        receipt_readers,
        health,
        metrics,
    })
}

/// The adapter of one vendor, for a message without a receipt.
///
/// # Errors
///
/// As of the adapters; or the simulator is meant and does not run.
pub(crate) fn vendor(
    settings: &VendorSettings,
    simulated: Option<SocketAddr>,
) -> Result<Arc<dyn SmsVendor>, StartError> {
    Ok(built(settings, simulated, None, Arc::new(SystemClock))?.vendor)
}

fn built(
    settings: &VendorSettings,
    simulated: Option<SocketAddr>,
    receipts: Option<SecretString>,
    clock: Arc<dyn Clock>,
) -> Result<Built, StartError> {
    let deps = Deps {
        clock,
        randomness: Arc::new(SystemRandomness),
        receipts,
    };
    let account = account(settings, simulated)?;
    Ok((settings.entry.build)(&account, &deps)?)
}

/// The account of the settings, or the simulator's.
fn account(
    settings: &VendorSettings,
    simulated: Option<SocketAddr>,
) -> Result<Account, StartError> {
    match &settings.account {
        VendorAccount::Own(account) => Ok(account.clone()),
        VendorAccount::Simulated(templates) => {
            let address = simulated.ok_or("the simulator is not running")?;
            let account = simulated::account(settings.name(), address, templates);
            account.ok_or_else(|| "nobody simulates this vendor".into())
        }
    }
}
