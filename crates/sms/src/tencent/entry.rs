//! What Tencent Cloud's SMS service is to the settings.

use crate::account::Account;
use crate::entry::{Built, Deps, VendorEntry, Wording};
use crate::key::Key;
use crate::tencent::receipts::{self, TencentReceipts};
use crate::tencent::{Tencent, TencentConfig};
use crate::vendor::VendorConfigError;

/// Tencent Cloud (sms `SendSms`).
pub static VENDOR: VendorEntry = VendorEntry {
    keys: &[
        Key::endpoint("https://sms.tencentcloudapi.com"),
        Key::text(
            "secret_id",
            "SecretId of an API key with the permission `sms:SendSms`",
        )
        .required(),
        Key::secret("secret_key", "SecretKey of that API key").required(),
        Key::text(
            "sdk_app_id",
            "the SMS application, such as 1400000001; not the account's own AppId",
        )
        .required(),
        Key::text(
            "sign_name",
            "text of the approved sign, without brackets; not its id",
        )
        .required(),
        Key::text(
            "template_id",
            "approved template with the code as `{1}`, digits in quotes",
        ),
        Key::text_or(
            "region",
            "ap-guangzhou",
            "`ap-guangzhou`, `ap-beijing` or `ap-nanjing`; `ap-singapore` for the international site",
        ),
    ],
    wording: Wording::Approved {
        usual: "template_id",
    },
    blames_recipient: receipts::blames_recipient,
    ..VendorEntry::new("tencent", build)
};

fn build(account: &Account, deps: &Deps) -> Result<Built, VendorConfigError> {
    let config = TencentConfig {
        endpoint: account.text("endpoint")?,
        secret_id: account.text("secret_id")?,
        secret_key: account.secret("secret_key")?,
        sdk_app_id: account.text("sdk_app_id")?,
        sign_name: account.text("sign_name")?,
        templates: account.templates(),
        region: account.text("region")?,
    };
    let tencent = Tencent::new(config, deps.clock.clone())?;
    Ok(Built::sender(tencent).with_receipts(TencentReceipts))
}
