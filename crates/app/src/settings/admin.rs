//! `admin.*`: the keys of operators and services.

use menshen_domain::model::admin_limits::AdminLimits;
use menshen_domain::model::operator::{Operator, OperatorScope};

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::members::{Member, MemberKind, Members};
use crate::settings::parse;
use crate::settings::reader::Reader;

const MEMBERS: &[Member] = &[
    Member::required("name", MemberKind::Text),
    Member::required("sha256", MemberKind::Text),
    Member::required("scope", MemberKind::Text).one_of(&["read", "write"]),
];

/// One admin key, known only by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey {
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// Whose it is, and what it may do.
    pub operator: Operator,
}

/// `admin.*`.
#[derive(Debug)]
pub struct AdminSettings {
    /// The keys; none means that the admin API is off.
    pub keys: Vec<AdminKey>,
    /// How often somebody may try a wrong one, and search with a right one.
    pub limits: AdminLimits,
}

/// Reads `admin.*`.
pub fn read(reader: &mut Reader) -> AdminSettings {
    let settings = AdminSettings {
        keys: reader.read(
            "admin.keys",
            "[]",
            "keys of operators and services: `{name, sha256, scope}` with scope `read` or `write`; `menshen admin hash-key` makes one. Without a key, `/admin/v1`, introspection and revocation are not there",
            form::tables(MEMBERS, keys),
        ),
        limits: AdminLimits {
            failures_per_ip: reader.read(
                "admin.failures_per_ip",
                "20",
                "wrong admin keys per address (IPv6: /64) and 15 minutes, after which no key of that address is taken; 0 means no limit",
                parse::count,
            ),
            phone_searches_per_hour: reader.read(
                "admin.phone_searches_per_hour",
                "60",
                "searches for a phone number with a key of scope `read`, an hour; such a key sees numbers masked, and this keeps it from finding them out one by one; 0 means no limit",
                parse::count,
            ),
        },
    };
    if !settings.keys.is_empty() && settings.limits.failures_per_ip == 0 {
        reader.unsafe_for_production(
            "admin.failures_per_ip",
            "must not be 0: nothing would bound how often a key is guessed",
        );
    }
    settings
}

fn keys(given: &Given) -> Result<Vec<AdminKey>, String> {
    let tables = parse::tables(given)?.into_iter();
    let keys = tables.map(key).collect::<Result<Vec<_>, _>>()?;
    for (place, one) in keys.iter().enumerate() {
        let (before, name) = (&keys[..place], one.operator.name());
        if before.iter().any(|other| other.operator.name() == name) {
            return Err(format!("two keys are called {name}"));
        }
        if before.iter().any(|other| other.sha256 == one.sha256) {
            return Err(format!("the key {name} has the hash of another one"));
        }
    }
    Ok(keys)
}

fn key(table: toml::Table) -> Result<AdminKey, String> {
    let mut members = Members::declared(table, MEMBERS);
    let name = members.text("name")?;
    let digest = hex::decode(members.text("sha256")?)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let scope = OperatorScope::parse(&members.text("scope")?);
    members.finish()?;
    let scope = scope.ok_or("scope must be read or write")?;
    let sha256 = digest
        .ok_or("sha256 must be 64 hexadecimal digits, as menshen admin hash-key prints them")?;
    let operator = Operator::with_key(&name, scope).map_err(|error| format!("name: {error}"))?;
    Ok(AdminKey { sha256, operator })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_keys(text: &str) -> Result<Vec<AdminKey>, String> {
        keys(&Given::Text(text.to_owned()))
    }

    fn table(name: &str, digit: char, scope: &str) -> String {
        let sha256 = String::from(digit).repeat(64);
        format!("{{ name = {name:?}, sha256 = \"{sha256}\", scope = \"{scope}\" }}")
    }

    #[test]
    fn each_key_has_a_name_and_a_hash_of_its_own() {
        let of = |tables: &[String]| read_keys(&format!("[{}]", tables.join(", ")));
        let [one, two] = [table("ops", 'a', "write"), table("web", 'b', "read")];
        let keys = of(&[one.clone(), two]).unwrap();
        assert_eq!(keys[0].operator.name(), "ops");
        assert!(keys[0].operator.may_change() && !keys[1].operator.may_change());
        for (other, words) in [
            (table("ops", 'b', "read"), "two keys are called ops"),
            (table("web", 'a', "read"), "has the hash of another"),
            (table("web", 'b', "admin"), "read or write"),
            (table("a b", 'b', "read"), "1 to 64 characters"),
            (table("web", 'x', "read"), "64 hexadecimal digits"),
        ] {
            let refused = of(&[one.clone(), other]).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
