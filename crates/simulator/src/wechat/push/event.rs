//! What a push says: somebody took something back.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The events about withdrawn authorisations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum EventKind {
    /// `WeChat` cleaned a risky profile.
    #[serde(rename = "user_info_modified")]
    ProfileModified,
    /// Somebody withdrew a permission.
    #[serde(rename = "user_authorization_revoke")]
    PermissionRevoked,
    /// Somebody closed the `WeChat` account.
    #[serde(rename = "user_authorization_cancellation")]
    AccountClosed,
}

impl EventKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ProfileModified => "user_info_modified",
            Self::PermissionRevoked => "user_authorization_revoke",
            Self::AccountClosed => "user_authorization_cancellation",
        }
    }
}

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    #[default]
    Json,
    Xml,
}

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) app_id: String,
    pub(crate) openid: String,
    /// Of native apps and websites only.
    pub(crate) unionid: Option<String>,
    pub(crate) revoke_info: Option<String>,
    /// Unix seconds.
    pub(crate) created_at: i64,
    /// `" OpenID"` in place of `"OpenID"`, as some samples have it.
    pub(crate) spaced_keys: bool,
    /// Some deliveries lacked it.
    pub(crate) without_openid: bool,
}

impl Event {
    /// The account to which it is addressed: stable, of no meaning to a login service.
    pub(super) fn recipient(&self) -> String {
        format!("gh_{}", self.app_id.trim_start_matches("wx"))
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = vec![
            ("ToUserName", json!(self.recipient())),
            ("FromUserName", json!(self.openid)),
            ("CreateTime", json!(self.created_at)),
            ("MsgType", json!("event")),
            ("Event", json!(self.kind.as_str())),
        ];
        if !self.without_openid {
            members.push(("OpenID", json!(self.openid)));
        }
        members.push(("AppID", json!(self.app_id)));
        if let Some(revoke_info) = &self.revoke_info {
            members.push(("RevokeInfo", json!(revoke_info)));
        }
        if let Some(unionid) = &self.unionid {
            members.push(("UnionID", json!(unionid)));
        }
        members
    }

    /// The clear message.
    pub(super) fn write(&self, format: Format) -> String {
        let members = self.members().into_iter().map(|(name, value)| {
            let spaced = self.spaced_keys && matches!(name, "OpenID" | "AppID" | "RevokeInfo");
            let name = if spaced && format == Format::Json {
                format!(" {name}")
            } else {
                name.to_owned()
            };
            (name, value)
        });
        match format {
            Format::Json => Value::Object(members.collect::<Map<_, _>>()).to_string(),
            Format::Xml => xml(members),
        }
    }
}

/// `WeChat`'s XML: one level, strings as CDATA, numbers bare.
pub(super) fn xml(members: impl Iterator<Item = (String, Value)>) -> String {
    let members: String = members
        .map(|(name, value)| match value {
            Value::String(text) => format!("<{name}><![CDATA[{text}]]></{name}>\n"),
            other => format!("<{name}>{other}</{name}>\n"),
        })
        .collect();
    format!("<xml>{members}</xml>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            kind: EventKind::PermissionRevoked,
            app_id: "wx01".to_owned(),
            openid: "oA".to_owned(),
            unionid: None,
            revoke_info: Some("8".to_owned()),
            created_at: 1_700_000_000,
            spaced_keys: false,
            without_openid: false,
        }
    }

    #[test]
    fn an_event_is_json_or_xml() {
        let parsed: Value = serde_json::from_str(&event().write(Format::Json)).unwrap();
        assert_eq!(
            parsed,
            json!({
                "ToUserName": "gh_01", "FromUserName": "oA", "CreateTime": 1_700_000_000, "MsgType": "event",
                "Event": "user_authorization_revoke", "OpenID": "oA", "AppID": "wx01", "RevokeInfo": "8",
            })
        );
        let written = event().write(Format::Xml);
        assert!(written.starts_with("<xml><ToUserName><![CDATA[gh_01]]></ToUserName>\n"));
        assert!(written.contains("<CreateTime>1700000000</CreateTime>"));
        assert!(written.ends_with("<RevokeInfo><![CDATA[8]]></RevokeInfo>\n</xml>"));
    }

    #[test]
    fn keys_may_begin_with_a_space_and_the_openid_be_missing() {
        let spaced = Event {
            spaced_keys: true,
            ..event()
        };
        assert!(spaced.write(Format::Json).contains("\" OpenID\":\"oA\""));
        let without = Event {
            without_openid: true,
            ..event()
        };
        assert!(!without.write(Format::Json).contains("OpenID"));
    }
}
