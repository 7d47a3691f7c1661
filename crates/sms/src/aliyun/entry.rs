//! What Alibaba Cloud's SMS service is to the settings.

use crate::account::Account;
use crate::aliyun::receipts::{self, AliyunReceipts};
use crate::aliyun::{Aliyun, AliyunConfig};
use crate::entry::{Built, Deps, VendorEntry, Wording};
use crate::key::Key;
use crate::vendor::VendorConfigError;

/// Alibaba Cloud (Dysmsapi `SendSms`).
pub static VENDOR: VendorEntry = VendorEntry {
    keys: &[
        Key::endpoint("https://dysmsapi.aliyuncs.com"),
        Key::text(
            "access_key_id",
            "id of an access key with the permission `dysms:SendSms`",
        )
        .required(),
        Key::secret("access_key_secret", "secret of that access key").required(),
        Key::text("sign_name", "approved sign, without brackets").required(),
        Key::text(
            "template_code",
            "approved template with the variable `code`, such as SMS_123456789",
        ),
    ],
    wording: Wording::Approved {
        usual: "template_code",
    },
    takes_plus_one: false,
    blames_recipient: receipts::blames_recipient,
    ..VendorEntry::new("aliyun", build)
};

fn build(account: &Account, deps: &Deps) -> Result<Built, VendorConfigError> {
    let config = AliyunConfig {
        endpoint: account.text("endpoint")?,
        access_key_id: account.text("access_key_id")?,
        access_key_secret: account.secret("access_key_secret")?,
        sign_name: account.text("sign_name")?,
        templates: account.templates(),
    };
    let aliyun = Aliyun::new(config, deps.clock.clone(), deps.randomness.clone())?;
    Ok(Built::sender(aliyun).with_receipts(AliyunReceipts))
}
