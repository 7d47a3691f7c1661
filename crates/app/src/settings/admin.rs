//! `admin.*`: the keys of operators and services.

use crate::settings::given::Given;
use crate::settings::parse::{self, Members};
use crate::settings::reader::Reader;

/// What an admin key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminScope {
    /// Look.
    Read,
    /// Change.
    Write,
}

/// One admin key, known only by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey {
    /// Whose it is.
    pub name: String,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may do.
    pub scope: AdminScope,
}

/// `admin.*`.
#[derive(Debug)]
pub struct AdminSettings {
    /// The keys; none means that the admin API is off.
    pub keys: Vec<AdminKey>,
}

/// Reads `admin.*`.
pub fn read(reader: &mut Reader) -> AdminSettings {
    AdminSettings {
        keys: reader.read(
            "admin.keys",
            "[]",
            "keys of operators and services: `{name, sha256, scope}` with scope `read` or `write`; `menshen admin hash-key` makes one",
            keys,
        ),
    }
}

fn keys(given: &Given) -> Result<Vec<AdminKey>, String> {
    parse::tables(given)?.into_iter().map(key).collect()
}

fn key(table: toml::Table) -> Result<AdminKey, String> {
    let mut members = Members::new(table);
    let name = members.text("name")?;
    let digest = hex::decode(members.text("sha256")?)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let scope = match members.text("scope")?.as_str() {
        "read" => AdminScope::Read,
        "write" => AdminScope::Write,
        _ => return Err("scope must be read or write".to_owned()),
    };
    members.finish()?;
    let sha256 = digest
        .ok_or("sha256 must be 64 hexadecimal digits, as menshen admin hash-key prints them")?;
    Ok(AdminKey {
        name,
        sha256,
        scope,
    })
}
