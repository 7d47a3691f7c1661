//! What Volcengine's SMS service is to the settings.

use crate::account::Account;
use crate::entry::{Built, Deps, VendorEntry, Wording};
use crate::key::Key;
use crate::vendor::VendorConfigError;
use crate::volcengine::receipts::VolcengineReceipts;
use crate::volcengine::{Volcengine, VolcengineConfig};

/// Volcengine (volcSMS `SendSms`). It publishes no table of the codes in its
/// receipts, so that none is known to blame the recipient.
pub static VENDOR: VendorEntry = VendorEntry {
    keys: &[
        Key::endpoint("https://sms.volcengineapi.com"),
        Key::text(
            "access_key_id",
            "id of an access key that may send messages",
        )
        .required(),
        Key::secret(
            "secret_access_key",
            "secret of that access key, as it is shown",
        )
        .required(),
        Key::text("sms_account", "id of the message group, such as 7a000001").required(),
        Key::text(
            "notice_sms_account",
            "id of the message group for notices, if it is another one",
        ),
        Key::text("sign", "approved sign").required(),
        Key::text(
            "template_id",
            "approved template with the variable `code`, such as ST_12345678",
        ),
        Key::text_or(
            "region",
            "cn-north-1",
            "region that requests are signed for",
        ),
    ],
    wording: Wording::Approved {
        usual: "template_id",
    },
    ..VendorEntry::new("volcengine", build)
};

fn build(account: &Account, deps: &Deps) -> Result<Built, VendorConfigError> {
    let config = VolcengineConfig {
        endpoint: account.text("endpoint")?,
        access_key_id: account.text("access_key_id")?,
        secret_access_key: account.secret("secret_access_key")?,
        sms_account: account.text("sms_account")?,
        notice_sms_account: account.find_text("notice_sms_account"),
        sign: account.text("sign")?,
        templates: account.templates(),
        region: account.text("region")?,
    };
    let volcengine = Volcengine::new(config, deps.clock.clone())?;
    Ok(Built::sender(volcengine).with_receipts(VolcengineReceipts))
}
