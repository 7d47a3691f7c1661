//! `accounts.*`: the rules of accounts.

use std::time::Duration;

use menshen_domain::model::policy::{AccountPolicy, RequirePhone};
use menshen_domain::model::profile::AvatarUrl;
use menshen_domain::model::recycled::RecycledPhone;

use serde_json::json;

use crate::settings::form::{self, words};
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;

/// `accounts.*`.
#[derive(Debug)]
pub struct AccountSettings {
    /// What the rules need.
    pub policy: AccountPolicy,
    /// How often a day people may have all that is held about them.
    pub exports_per_day: u32,
    /// How many pictures a person may upload in an hour.
    pub avatars_per_user_hour: u32,
}

/// Reads `accounts.*`.
pub fn read(reader: &mut Reader) -> AccountSettings {
    let policy = AccountPolicy {
        require_phone: reader.read("accounts.require_phone", "never", "`never`; `prompt` tells clients to ask for a number; `always` also limits what a token without one may do", words(REQUIRE_PHONE)),
        merge: reader.read("accounts.merge", "merge", "`merge` joins a phone-less account with the one that the same person proves; `reject` never joins accounts", words(MERGE)),
        confirm_wechat_phone: reader.read("accounts.wechat_phone", "trusted", "`trusted`; `sms_confirm` asks for an SMS code before a number from WeChat's button opens an existing account", words(WECHAT_PHONE)),
        consent_version: reader.read_optional("accounts.consent_version", "when set, a first login must carry `consent` with this version", form::pattern("^[!-~]{1,64}$", consent_version)),
        default_avatar: reader.read_optional("accounts.default_avatar_url", "the picture of a new account: an https address", form::pattern("^https://", avatar)),
        nickname_prefix: reader.read("accounts.nickname_prefix", "用户", "what a random nickname begins with, at most 20 characters", form::shaped(json!({ "type": "string", "maxLength": 20 }), nickname_prefix)),
        cancel_after: reader.read("accounts.cancel_after", "15d", "cooling-off before a cancelled account is erased; 0s erases at once", parse::duration),
        recycled_phone: reader.read("accounts.recycled_phone", "off", "`off`, `ask_wechat` or `new_account`: what an SMS login from an unknown device into a long idle account with a WeChat identity leads to", words(RECYCLED_PHONE)),
    };
    let settings = AccountSettings {
        policy,
        exports_per_day: reader.read(
            "accounts.exports_per_day",
            "5",
            "how often a day a person may have all that is held about them; 0 means no limit",
            parse::count,
        ),
        avatars_per_user_hour: reader.read(
            "accounts.avatars_per_user_hour",
            "10",
            "how many pictures a person may upload in an hour; 0 means no limit",
            parse::count,
        ),
    };
    reader.demand(
        "accounts.cancel_after",
        settings.policy.cancel_after <= Duration::from_hours(15 * 24),
        "0s to 15d",
    );
    settings
}

const REQUIRE_PHONE: &[(&str, RequirePhone)] = &[
    ("never", RequirePhone::Never),
    ("prompt", RequirePhone::Prompt),
    ("always", RequirePhone::Always),
];

/// Whether accounts are joined.
const MERGE: &[(&str, bool)] = &[("merge", true), ("reject", false)];

/// Whether a number from WeChat's button is confirmed.
const WECHAT_PHONE: &[(&str, bool)] = &[("trusted", false), ("sms_confirm", true)];

const RECYCLED_PHONE: &[(&str, RecycledPhone)] = &[
    ("off", RecycledPhone::Off),
    ("ask_wechat", RecycledPhone::AskWeChat),
    ("new_account", RecycledPhone::NewAccount),
];

fn consent_version(given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(text)
    } else {
        Err("write 1 to 64 printable ASCII characters, such as 2026-01".to_owned())
    }
}

fn avatar(given: &Given) -> Result<AvatarUrl, String> {
    AvatarUrl::parse(&parse::text(given)?)
        .map_err(|_| "write an https address of at most 512 bytes".to_owned())
}

fn nickname_prefix(given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    if text.chars().count() <= 20 {
        Ok(text)
    } else {
        Err("write at most 20 characters".to_owned())
    }
}
