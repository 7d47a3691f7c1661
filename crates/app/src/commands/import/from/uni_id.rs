//! uni-id: the documents of the collection `uni-id-users`.
//!
//! Source: uni-id's pages on the table `uni-id-users` (docs/uniCloud/uni-id-summary.md of
//! uni-app): `wx_openid` by place (`app`, `mp`, `h5`, `web`; `app-plus` and `mp-weixin`
//! before version 1.0.0 of the table), `status` 0 to 4, and that whoever has
//! `mobile_confirmed` 0 cannot sign in with the number.

use menshen_domain::model::wechat::AppKind;
use serde_json::Value;

use super::{DELETED, Hints, Told};
use crate::commands::import::fields::Fields;
use crate::commands::import::given::{Given, GivenApp, GivenIdentity};

pub(super) fn read(fields: &mut Fields<'_>, hints: &Hints) -> (Option<String>, Told) {
    let old_id = old_id(fields);
    let disabled = match fields.text("status").as_deref() {
        None | Some("0") => false,
        // Shut, being looked at, refused.
        Some("1" | "2" | "3") => true,
        Some("4") => return (old_id, Told::Skipped(DELETED)),
        Some(_) => {
            fields.wrong("status", "none of 0 to 4");
            false
        }
    };
    let confirmed = fields.text("mobile_confirmed").as_deref() != Some("0");
    let given = Given {
        phone: fields.text("mobile").filter(|_| confirmed),
        identities: identities(fields, hints),
        nickname: fields.text("nickname"),
        avatar_url: fields.text("avatar"),
        created_at: fields.millis("register_date"),
        last_login_at: fields.millis("last_login_date"),
        disabled,
        ..Given::default()
    };
    (old_id, Told::Person(Box::new(given)))
}

/// The id as it stands, or as tools of `MongoDB` export it.
fn old_id(fields: &mut Fields<'_>) -> Option<String> {
    let wrapped = fields.object("_id").and_then(|id| id.get("$oid"));
    match wrapped.and_then(Value::as_str) {
        Some(id) => Some(id.to_owned()),
        None => fields.old_id("_id"),
    }
}

fn identities(fields: &mut Fields<'_>, hints: &Hints) -> Vec<GivenIdentity> {
    let mut all = Vec::new();
    let none = serde_json::Map::new();
    for (place, value) in fields.object("wx_openid").unwrap_or(&none) {
        let member = format!("wx_openid.{place}");
        let openid = match value {
            Value::String(openid) if openid.trim().is_empty() => continue,
            Value::Null => continue,
            Value::String(openid) => openid.trim().to_owned(),
            _ => {
                fields.wrong(&member, "must be a single value");
                continue;
            }
        };
        match app_of(place, hints) {
            Place::Of(app) => all.push(GivenIdentity {
                app,
                openid: Some(openid),
                ..GivenIdentity::default()
            }),
            Place::LeftOut => {}
            Place::Unknown => {
                let name = name_of(place);
                let words = format!("say --app {name}=APP_ID, or --app {name}= to leave it out");
                fields.wrong(&member, words);
            }
        }
    }
    let union_id = fields.text("wx_unionid");
    match (all.first_mut(), union_id) {
        (Some(first), union_id) => first.union_id = union_id,
        (None, Some(union_id)) => all.push(GivenIdentity {
            union_id: Some(union_id),
            ..GivenIdentity::default()
        }),
        (None, None) => {}
    }
    all
}

/// The place by its newer name.
fn name_of(place: &str) -> &str {
    match place {
        "mp-weixin" => "mp",
        "app-plus" => "app",
        other => other,
    }
}

/// What the openids of a place are.
enum Place {
    /// Of this application.
    Of(GivenApp),
    /// Not to be imported.
    LeftOut,
    /// Nobody said.
    Unknown,
}

fn app_of(place: &str, hints: &Hints) -> Place {
    let name = name_of(place);
    if let Some(named) = hints.apps.iter().find(|app| app.name == name) {
        return match &named.app {
            Some(id) => Place::Of(GivenApp::Named(id.as_str().to_owned())),
            None => Place::LeftOut,
        };
    }
    match name {
        "mp" => Place::Of(GivenApp::OfKind(AppKind::MiniProgram)),
        "app" => Place::Of(GivenApp::OfKind(AppKind::App)),
        _ => Place::Unknown,
    }
}
