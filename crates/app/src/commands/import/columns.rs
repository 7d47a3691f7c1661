//! The columns of our own format.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::given::{Given, GivenApp, GivenIdentity};
use crate::settings::nearest::nearest_of;

/// The columns that a CSV may have, and members of a JSON object.
const COLUMNS: [&str; 14] = [
    "external_id",
    "id",
    "phone",
    "openid",
    "app_id",
    "unionid",
    "platform",
    "nickname",
    "avatar_url",
    "birthday",
    "bio",
    "created_at",
    "last_login_at",
    "disabled",
];
/// Further members of a JSON object: several identities.
const IDENTITIES: &str = "identities";
/// The members of each of them.
const OF_AN_IDENTITY: [&str; 4] = ["openid", "app_id", "unionid", "platform"];

/// Says what is wrong with the head of a CSV.
pub(super) fn check_head(head: &[String]) -> Result<(), String> {
    let unknown = head.iter().filter_map(|name| unknown(name, &COLUMNS));
    let unknown: Vec<String> = unknown.collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(unknown.join("; "))
    }
}

/// What is to be said of a name that is not known.
fn unknown(name: &str, known: &[&str]) -> Option<String> {
    if known.contains(&name) {
        return None;
    }
    let nearest = nearest_of(name, known);
    let nearest = nearest.map(|nearest| format!("; did you mean {nearest}?"));
    let rest = nearest.unwrap_or_else(|| ": --ignore-unknown passes over it".to_owned());
    Some(format!("{name} is no column{rest}"))
}

/// Reads a row.
pub(super) fn read(
    members: &Map<String, Value>,
    ignore_unknown: bool,
) -> (Option<String>, Result<Given, Vec<String>>) {
    let mut fields = Fields::of(members);
    let old_id = fields.old_id("external_id");
    if !ignore_unknown {
        for name in members.keys().filter(|name| *name != IDENTITIES) {
            fields.problems.extend(unknown(name, &COLUMNS));
        }
    }
    let mut identities = vec![identity(&mut fields)];
    match fields.raw(IDENTITIES) {
        None => {}
        Some(Value::Array(all)) => {
            for one in all {
                let inner = one_of_several(one, ignore_unknown);
                let inner = inner.map_err(|words| fields.wrong(IDENTITIES, words));
                identities.extend(inner);
            }
        }
        Some(_) => fields.wrong(IDENTITIES, "must be an array of objects"),
    }
    let given = Given {
        id: fields.text("id"),
        phone: fields.text("phone"),
        region: None,
        identities,
        nickname: fields.text("nickname"),
        avatar_url: fields.text("avatar_url"),
        birthday: fields.text("birthday"),
        bio: fields.text("bio"),
        created_at: fields.time("created_at"),
        last_login_at: fields.time("last_login_at"),
        disabled: fields.truth("disabled"),
    };
    let problems = fields.problems;
    (
        old_id,
        if problems.is_empty() {
            Ok(given)
        } else {
            Err(problems)
        },
    )
}

fn identity(fields: &mut Fields<'_>) -> GivenIdentity {
    GivenIdentity {
        app: match fields.text("app_id") {
            Some(id) => GivenApp::Named(id),
            None => GivenApp::Usual,
        },
        openid: fields.text("openid"),
        union_id: fields.text("unionid"),
        platform: fields.text("platform"),
    }
}

fn one_of_several(value: &Value, ignore_unknown: bool) -> Result<GivenIdentity, String> {
    let members = value.as_object().ok_or("must be an array of objects")?;
    let mut fields = Fields::of(members);
    if !ignore_unknown {
        for name in members.keys() {
            fields.problems.extend(unknown(name, &OF_AN_IDENTITY));
        }
    }
    let identity = identity(&mut fields);
    if fields.problems.is_empty() {
        Ok(identity)
    } else {
        Err(fields.problems.join("; "))
    }
}
