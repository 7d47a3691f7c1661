//! What Twilio is to the settings.

use crate::account::Account;
use crate::entry::{Built, Deps, VendorEntry, Wording};
use crate::key::Key;
use crate::twilio::receipts::{self, TwilioReceipts};
use crate::twilio::{Twilio, TwilioConfig, text};
use crate::vendor::VendorConfigError;

/// Twilio (Programmable Messaging).
pub static VENDOR: VendorEntry = VendorEntry {
    keys: &[
        Key::endpoint("https://api.twilio.com"),
        Key::text(
            "account_sid",
            "the account, such as AC0123456789abcdef0123456789abcdef",
        )
        .required(),
        Key::secret("auth_token", "token of that account").required(),
        Key::text(
            "from",
            "a number such as +14155550100, an alphanumeric sender, or a messaging service (MG…)",
        )
        .required(),
        Key::text(
            "text",
            "text with `{code}` and `{minutes}` that fits one message; without it a text of ours, in Chinese for Chinese numbers and in English elsewhere",
        )
        .checked(check_text),
    ],
    wording: Wording::FreeText {
        usual: "text",
        check: check_text,
        check_notice: |text| text::check_notice(text).map_err(|error| error.to_string()),
    },
    blames_recipient: receipts::blames_recipient,
    ..VendorEntry::new("twilio", build)
};

fn check_text(text: &str) -> Result<(), String> {
    text::check(text).map_err(|error| error.to_string())
}

fn build(account: &Account, deps: &Deps) -> Result<Built, VendorConfigError> {
    let auth_token = account.secret("auth_token")?;
    let config = TwilioConfig {
        endpoint: account.text("endpoint")?,
        account_sid: account.text("account_sid")?,
        auth_token: auth_token.clone(),
        from: account.text("from")?,
        texts: account.templates(),
        status_callback: deps.receipts.clone(),
    };
    Ok(Built::sender(Twilio::new(config)?).with_receipts(TwilioReceipts { auth_token }))
}
