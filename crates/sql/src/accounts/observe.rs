//! Which accounts a look-up matches, in one statement.

use std::collections::HashMap;
use std::fmt::Write as _;

use menshen_domain::model::account::Account;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::ports::account_store::Lookup;
use menshen_domain::ports::mac::MacUse;
use sea_orm::{FromQueryResult as _, Value};
use uuid::Uuid;

use crate::accounts::account_row::{IdentityRow, PLATFORM_PROVIDER, assemble, identity_columns};
use crate::database::rows;
use crate::entity::{columns, user};
use crate::failure::Failure;
use crate::store::{Keys, SqlStore};

/// Where in the snapshot a hit belongs.
const SIGNED_IN: i32 = 1;
const BY_PHONE: i32 = 2;
const BY_OPENID: i32 = 3;
const BY_UNION_ID: i32 = 4;

pub(super) async fn observe(store: &SqlStore, lookup: &Lookup) -> Result<Snapshot, Failure> {
    let hits = Hits::of(&store.keys, lookup);
    if hits.parts.is_empty() {
        return Ok(Snapshot::default());
    }
    let mut found: HashMap<Uuid, (user::Model, Vec<IdentityRow>)> = HashMap::new();
    let mut places: HashMap<i32, Uuid> = HashMap::new();
    for row in rows(store.database.read(), &hits.statement(), hits.values).await? {
        let user = user::Model::from_query_result(&row, "u_")?;
        places.insert(row.try_get("", "place")?, user.id);
        let (_, identities) = found.entry(user.id).or_insert_with(|| (user, Vec::new()));
        // A user who is hit twice has every identity twice.
        if let Some(identity) = IdentityRow::from_query_result_optional(&row, "i_")?
            && identities.iter().all(|known| known.id != identity.id)
        {
            identities.push(identity);
        }
    }
    let mut accounts: HashMap<Uuid, Account> = HashMap::with_capacity(found.len());
    for (id, (user, identities)) in found {
        accounts.insert(id, assemble(&store.keys, &user, identities)?);
    }
    let at = |place| places.get(&place).and_then(|id| accounts.get(id)).cloned();
    Ok(Snapshot {
        signed_in: at(SIGNED_IN),
        by_phone: at(BY_PHONE),
        by_openid: at(BY_OPENID),
        by_union_id: at(BY_UNION_ID),
    })
}

/// The parts of the union, and their values.
#[derive(Default)]
struct Hits {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Hits {
    fn of(keys: &Keys, lookup: &Lookup) -> Self {
        let mut hits = Self::default();
        if let Some(user) = lookup.signed_in {
            let id = hits.bind(user.as_uuid());
            hits.add(SIGNED_IN, &format!("id FROM users WHERE id = {id}"));
        }
        if let Some(phone) = &lookup.phone {
            let index = keys.mac.tag(MacUse::BlindIndex, phone.as_e164().as_bytes());
            let index = hits.bind(index.to_vec());
            hits.add(
                BY_PHONE,
                &format!("id FROM users WHERE phone_index = {index}"),
            );
        }
        if let Some((provider, app_id, openid)) = &lookup.openid {
            hits.subject(
                BY_OPENID,
                provider.as_str(),
                app_id.as_str(),
                openid.as_str(),
            );
        }
        if let Some((platform, union_id)) = &lookup.union_id {
            hits.subject(
                BY_UNION_ID,
                PLATFORM_PROVIDER,
                platform.as_str(),
                union_id.as_str(),
            );
        }
        hits
    }

    fn subject(&mut self, place: i32, provider: &str, app_id: &str, subject: &str) {
        let provider = self.bind(provider);
        let app_id = self.bind(app_id);
        let subject = self.bind(subject);
        self.add(
            place,
            &format!(
                "user_id FROM identities \
                 WHERE provider = {provider} AND app_id = {app_id} AND subject = {subject}"
            ),
        );
    }

    fn add(&mut self, place: i32, rest: &str) {
        self.parts.push(format!("SELECT {place} AS place, {rest}"));
    }

    /// Takes a value, and answers what stands for it.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Merged and erased accounts match nothing; only the signed-in place may
    /// name one.
    fn statement(&self) -> String {
        let mut sql = String::with_capacity(2048);
        let users = columns::<user::Entity>("u");
        let (hits, identities) = (self.parts.join(" UNION ALL "), identity_columns());
        // Writing to a string cannot fail.
        let _ = write!(
            sql,
            "WITH hits (place, user_id) AS ({hits}) \
             SELECT hits.place AS place, {users}, {identities} \
             FROM hits JOIN users u ON u.id = hits.user_id \
             LEFT JOIN identities i ON i.user_id = u.id \
             WHERE hits.place = {SIGNED_IN} OR u.status NOT IN ('merged', 'erased')"
        );
        sql
    }
}
