//! The accounts that many keys lead to, in one statement of unique-index look-ups.

use std::collections::HashMap;

use menshen_domain::model::importing::{ImportKeys, KnownAccounts};
use menshen_domain::ports::mac::MacUse;
use sea_orm::Value;
use uuid::Uuid;

use super::places;
use crate::accounts::{IdentityRow, PLATFORM_PROVIDER, assemble, identity_columns};
use crate::database::rows;
use crate::entity::{columns, user};
use crate::failure::Failure;
use crate::in_order::InOrder;
use crate::store::{Keys, SqlStore};

pub(super) async fn observe(store: &SqlStore, keys: &ImportKeys) -> Result<KnownAccounts, Failure> {
    let (sql, values) = statement(&store.keys, keys);
    if values.is_empty() {
        return Ok(KnownAccounts::default());
    }
    let mut found: HashMap<Uuid, (user::Model, Vec<IdentityRow>)> = HashMap::new();
    for row in rows(store.database.read(), &sql, values).await? {
        let mut columns = InOrder::of(&row);
        let user = user::Model::in_order(&mut columns)?;
        let (_, identities) = found.entry(user.id).or_insert_with(|| (user, Vec::new()));
        identities.extend(IdentityRow::in_order(&mut columns)?);
    }
    let accounts = found
        .into_values()
        .map(|(user, identities)| assemble(&store.keys, &user, identities));
    Ok(KnownAccounts::new(accounts.collect::<Result<_, _>>()?))
}

/// The statement, and its values. Whatever leads to an account is `hits` once.
fn statement(keys: &Keys, wanted: &ImportKeys) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut parts = Vec::new();
    if !wanted.ids.is_empty() {
        let list = places(0, 1, wanted.ids.len());
        values.extend(wanted.ids.iter().map(|id| Value::from(id.as_uuid())));
        parts.push(format!("SELECT id FROM users WHERE id IN ({list})"));
    }
    if !wanted.phones.is_empty() {
        let list = places(values.len(), 1, wanted.phones.len());
        let index = |number: &str| keys.mac.tag(MacUse::BlindIndex, number.as_bytes()).to_vec();
        let numbers = wanted.phones.iter();
        values.extend(numbers.map(|number| Value::from(index(number.as_e164()))));
        parts.push(format!(
            "SELECT id FROM users WHERE phone_index IN ({list})"
        ));
    }
    let openids = wanted.openids.iter();
    let openids =
        openids.map(|(provider, app, openid)| [provider.as_str(), app.as_str(), openid.as_str()]);
    let union_ids = wanted.union_ids.iter();
    let union_ids = union_ids
        .map(|(platform, union_id)| [PLATFORM_PROVIDER, platform.as_str(), union_id.as_str()]);
    let subjects: Vec<[&str; 3]> = openids.chain(union_ids).collect();
    if !subjects.is_empty() {
        let list = places(values.len(), 3, subjects.len());
        values.extend(subjects.into_iter().flatten().map(Value::from));
        parts.push(format!(
            "SELECT user_id FROM identities WHERE (provider, app_id, subject) IN (VALUES {list})"
        ));
    }
    let users = columns::<user::Entity>("u");
    let identities = identity_columns();
    let hits = parts.join(" UNION ");
    let sql = format!(
        "WITH hits (user_id) AS ({hits}) SELECT {users}, {identities} \
         FROM hits JOIN users u ON u.id = hits.user_id \
         LEFT JOIN identities i ON i.user_id = u.id"
    );
    (sql, values)
}
