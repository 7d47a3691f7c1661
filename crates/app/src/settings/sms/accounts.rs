//! What the sections say of the vendors' accounts, whoever is chosen and wherever
//! it is asked: `menshen simulate` stands in for these.

use menshen_sms::{Meant, Template};
use secrecy::SecretString;

use crate::settings::reader::Reader;
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::vendors::Vendor;

/// The account of one vendor, as far as it is given.
#[derive(Debug, Clone)]
pub struct GivenAccount {
    /// Whose.
    pub vendor: Vendor,
    /// Id of the key that signs, or of the account.
    pub id: Option<String>,
    /// Its secret.
    pub secret: Option<SecretString>,
    /// What messages are sent from: an application, a group, a channel or a number.
    pub from: Option<String>,
    /// The channel for other countries, where that is another one.
    pub from_overseas: Option<String>,
    /// The usual sign.
    pub sign: Option<String>,
    /// The usual template.
    pub template: Option<String>,
    /// The templates beside it.
    pub more: Vec<(Meant, Template)>,
}

/// Names of the members in the section of a vendor; empty where it has none.
struct Section {
    vendor: Vendor,
    id: &'static str,
    secret: &'static str,
    from: &'static str,
    from_overseas: &'static str,
    sign: &'static str,
    template: &'static str,
}

const SECTIONS: [Section; 5] = [
    Section {
        vendor: Vendor::Aliyun,
        id: "access_key_id",
        secret: "access_key_secret",
        from: "",
        from_overseas: "",
        sign: "sign_name",
        template: "template_code",
    },
    Section {
        vendor: Vendor::Tencent,
        id: "secret_id",
        secret: "secret_key",
        from: "sdk_app_id",
        from_overseas: "",
        sign: "sign_name",
        template: "template_id",
    },
    Section {
        vendor: Vendor::Huawei,
        id: "app_key",
        secret: "app_secret",
        from: "sender",
        from_overseas: "overseas_sender",
        sign: "signature",
        template: "template_id",
    },
    Section {
        vendor: Vendor::Volcengine,
        id: "access_key_id",
        secret: "secret_access_key",
        from: "sms_account",
        from_overseas: "",
        sign: "sign",
        template: "template_id",
    },
    Section {
        vendor: Vendor::Twilio,
        id: "account_sid",
        secret: "auth_token",
        from: "from",
        from_overseas: "",
        sign: "",
        template: "",
    },
];

/// Looks at what the sections were given; what is wrong with it has been noted
/// where they were read.
pub(super) fn read(reader: &Reader, more: &MoreTemplates) -> Vec<GivenAccount> {
    let each = |section: &Section| {
        let text = |name: &str| reader.given_text(&key(section.vendor, name));
        GivenAccount {
            vendor: section.vendor,
            id: text(section.id),
            secret: reader.given_secret(&key(section.vendor, section.secret)),
            from: text(section.from),
            from_overseas: text(section.from_overseas),
            sign: text(section.sign),
            template: text(section.template),
            more: more.of(section.vendor),
        }
    };
    SECTIONS.iter().map(each).collect()
}

fn key(vendor: Vendor, name: &str) -> String {
    format!("sms.{}.{name}", vendor.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;

    use super::*;

    #[test]
    fn every_member_is_a_key() {
        let (_, report) = crate::settings::read(BTreeMap::new(), DateTime::UNIX_EPOCH);
        for section in &SECTIONS {
            for name in [
                section.id,
                section.secret,
                section.from,
                section.from_overseas,
                section.sign,
                section.template,
            ] {
                let key = key(section.vendor, name);
                let known = report.entries.iter().any(|entry| entry.key == key);
                assert!(known || name.is_empty(), "{key}");
            }
        }
    }
}
