//! Which accounts a look-up matches, in one statement.

use std::collections::HashMap;
use std::sync::LazyLock;

use menshen_domain::model::account::Account;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::ports::account_store::Lookup;
use menshen_domain::ports::mac::MacUse;
use sea_orm::Value;
use uuid::Uuid;

use crate::accounts::account_row::{IdentityRow, PLATFORM_PROVIDER, assemble, identity_columns};
use crate::entity::{columns, user};
use crate::failure::Failure;
use crate::in_order::InOrder;
use crate::store::{Keys, SqlStore};

/// Where in the snapshot a hit belongs.
const SIGNED_IN: i32 = 1;
const BY_PHONE: i32 = 2;
const BY_OPENID: i32 = 3;
const BY_UNION_ID: i32 = 4;

pub(super) async fn observe(store: &SqlStore, lookup: &Lookup) -> Result<Snapshot, Failure> {
    let hits = Hits::of(&store.keys, lookup);
    if hits.values.is_empty() {
        return Ok(Snapshot::default());
    }
    let mut found: HashMap<Uuid, (user::Model, Vec<IdentityRow>)> = HashMap::new();
    let mut places: HashMap<i32, Uuid> = HashMap::new();
    let sql: &'static str = &STATEMENTS[hits.kinds];
    for row in store.database.ask_often(sql, hits.values).await? {
        let mut columns = InOrder::of(&row);
        let place = columns.next()?;
        let user = user::Model::in_order(&mut columns)?;
        places.insert(place, user.id);
        let (_, identities) = found.entry(user.id).or_insert_with(|| (user, Vec::new()));
        // A user who is hit twice has every identity twice.
        if let Some(identity) = IdentityRow::in_order(&mut columns)?
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

/// What is looked up, as it stands in the statements' values.
struct Hits {
    /// One of [`SIGNED_IN`] and its like, bit by bit.
    kinds: usize,
    values: Vec<Value>,
}

impl Hits {
    fn of(keys: &Keys, lookup: &Lookup) -> Self {
        let mut hits = Self {
            kinds: 0,
            values: Vec::with_capacity(8),
        };
        if let Some(user) = lookup.signed_in {
            hits.add(SIGNED_IN, [user.as_uuid().into()]);
        }
        if let Some(phone) = &lookup.phone {
            let index = keys.mac.tag(MacUse::BlindIndex, phone.as_e164().as_bytes());
            hits.add(BY_PHONE, [index.to_vec().into()]);
        }
        if let Some((provider, app_id, openid)) = &lookup.openid {
            let subject = [provider.as_str(), app_id.as_str(), openid.as_str()];
            hits.add(BY_OPENID, subject.map(Into::into));
        }
        if let Some((platform, union_id)) = &lookup.union_id {
            let subject = [PLATFORM_PROVIDER, platform.as_str(), union_id.as_str()];
            hits.add(BY_UNION_ID, subject.map(Into::into));
        }
        hits
    }

    fn add<const N: usize>(&mut self, place: i32, values: [Value; N]) {
        self.kinds |= bit(place);
        self.values.extend(values);
    }
}

/// The bit of a place among the kinds.
const fn bit(place: i32) -> usize {
    1 << (place - 1)
}

/// The statement for each set of kinds, by their bits.
static STATEMENTS: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..bit(BY_UNION_ID) * 2).map(statement).collect());

/// The order of the kinds is that of [`Hits::of`]. Merged and erased accounts match
/// nothing; only the signed-in place may name one.
fn statement(kinds: usize) -> String {
    let subject = "user_id FROM identities WHERE provider = $ AND app_id = $ AND subject = $";
    let all = [
        (SIGNED_IN, "id FROM users WHERE id = $"),
        (BY_PHONE, "id FROM users WHERE phone_index = $"),
        (BY_OPENID, subject),
        (BY_UNION_ID, subject),
    ];
    let parts = all.iter().filter(|(place, _)| kinds & bit(*place) != 0);
    let parts = parts.map(|(place, rest)| format!("SELECT {place} AS place, {rest}"));
    let mut hits = String::new();
    let mut number = 0;
    for part in parts
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
        .split_inclusive('$')
    {
        hits.push_str(part);
        if part.ends_with('$') {
            number += 1;
            hits.push_str(&number.to_string());
        }
    }
    let users = columns::<user::Entity>("u");
    let identities = identity_columns();
    format!(
        "WITH hits (place, user_id) AS ({hits}) \
         SELECT hits.place AS place, {users}, {identities} \
         FROM hits JOIN users u ON u.id = hits.user_id \
         LEFT JOIN identities i ON i.user_id = u.id \
         WHERE hits.place = {SIGNED_IN} OR u.status NOT IN ('merged', 'erased')"
    )
}
