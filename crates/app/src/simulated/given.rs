//! What is given of an account takes the place of what is fake.

use menshen_simulator::{HuaweiChannel, SmsRegion};
use menshen_sms::Account;
use secrecy::ExposeSecret as _;

/// One channel to the mainland, and one to other countries and one for notices if
/// there are such.
pub(super) fn put_channels(channels: &mut Vec<HuaweiChannel>, given: &Account) {
    let signs = channels.first().map(|channel| channel.signs.clone());
    let signs = signs.unwrap_or_default();
    for (sender, region) in [
        (given.find_text("sender"), SmsRegion::Mainland),
        (given.find_text("overseas_sender"), SmsRegion::Overseas),
    ] {
        if let Some(sender) = sender {
            channels.retain(|channel| channel.region != region);
            channels.push(HuaweiChannel {
                sender,
                region,
                signs: signs.clone(),
            });
        }
    }
    if let Some(sender) = given.find_text("notice_sender") {
        channels.push(HuaweiChannel {
            sender,
            region: SmsRegion::Mainland,
            signs,
        });
    }
}

/// A value, if it is given.
pub(super) fn put(fake: &mut String, given: &Account, key: &str) {
    if let Some(given) = given.find_text(key) {
        *fake = given;
    }
}

/// A secret, if it is given.
pub(super) fn put_secret(fake: &mut String, given: &Account, key: &str) {
    if let Some(given) = given.find_secret(key) {
        given.expose_secret().clone_into(fake);
    }
}
