//! What Huawei Cloud's SMS service is to the settings.

use crate::account::Account;
use crate::entry::{Built, Complaint, Deps, VendorEntry, Wording};
use crate::huawei::receipts::{self, HuaweiPushKey, HuaweiReceipts};
use crate::huawei::{Huawei, HuaweiAuth, HuaweiConfig};
use crate::key::Key;
use crate::vendor::VendorConfigError;

/// The other word of `auth`.
const WSSE: &str = "wsse";

/// Huawei Cloud (MSGSMS `batchSendDiffSms`).
pub static VENDOR: VendorEntry = VendorEntry {
    keys: &[
        Key::endpoint("https://smsapi.cn-north-4.myhuaweicloud.com"),
        Key::text(
            "app_key",
            "key of the SMS application; not an account's access key",
        )
        .required(),
        Key::secret("app_secret", "secret of that application").required(),
        Key::text(
            "sender",
            "number of the channel that the sign is bound to, digits in quotes",
        )
        .required(),
        Key::text(
            "overseas_sender",
            "number of the channel for other countries, if it is another one",
        ),
        Key::text(
            "notice_sender",
            "number of the mainland's channel for notices, if it is another one",
        ),
        Key::text(
            "template_id",
            "approved template with the code as `${1}`, 32 hexadecimal digits",
        ),
        Key::text(
            "signature",
            "text of the approved sign; general templates need it",
        ),
        Key::one_of(
            "auth",
            &["sdk_hmac", WSSE],
            "`sdk_hmac` (signs the whole request) or `wsse` (an older digest, which covers neither number nor code)",
        ),
        Key::text(
            "push_key",
            "key that receipts are signed with, where the application has push AK/SK authentication; then unsigned ones are refused",
        ),
        Key::secret("push_secret", "secret of that push key"),
    ],
    wording: Wording::Approved {
        usual: "template_id",
    },
    check,
    blames_recipient: receipts::blames_recipient,
    ..VendorEntry::new("huawei", build)
};

fn check(account: &Account) -> Result<(), Complaint> {
    if account.has("push_key") == account.has("push_secret") {
        return Ok(());
    }
    Err(Complaint {
        key: "push_key",
        advice: "comes with sms.huawei.push_secret: set both or none".to_owned(),
    })
}

fn build(account: &Account, deps: &Deps) -> Result<Built, VendorConfigError> {
    let key = account.find_text("push_key");
    let secret = account.find_secret("push_secret");
    let push_key = key
        .zip(secret)
        .map(|(key, secret)| HuaweiPushKey { key, secret });
    let config = HuaweiConfig {
        endpoint: account.text("endpoint")?,
        app_key: account.text("app_key")?,
        app_secret: account.secret("app_secret")?,
        sender: account.text("sender")?,
        overseas_sender: account.find_text("overseas_sender"),
        notice_sender: account.find_text("notice_sender"),
        signature: account.find_text("signature"),
        templates: account.templates(),
        auth: match account.text("auth")?.as_str() {
            WSSE => HuaweiAuth::Wsse,
            _ => HuaweiAuth::SdkHmac,
        },
        status_callback: deps.receipts.clone(),
    };
    let huawei = Huawei::new(config, deps.clock.clone(), deps.randomness.clone())?;
    Ok(Built::sender(huawei).with_receipts(HuaweiReceipts { push_key }))
}
