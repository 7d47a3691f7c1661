//! Exports of products, as far as their fields are documented. Of what a product has
//! beyond people (passwords, e-mail addresses, roles) nothing is read.

mod casdoor;
mod supabase;
mod uni_id;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::arguments::{NamedApp, Product, WeChatIdKind};
use super::fields::Fields;
use super::given::Given;

/// What the command says beyond the export.
pub(super) struct Hints {
    pub(super) apps: Vec<NamedApp>,
    pub(super) wechat_id: Option<WeChatIdKind>,
    pub(super) now: DateTime<Utc>,
}

/// What a row of an export says.
pub(super) enum Told {
    Person(Box<Given>),
    /// Nobody who could sign in here, and why.
    Skipped(&'static str),
}

/// The account was deleted there.
const DELETED: &str = "deleted";
/// Neither a phone number nor a WeChat identity: a password, say.
const NO_WAY_IN: &str = "no_way_in";

/// Reads a row: the old id, and what it says.
pub(super) fn read(
    product: Product,
    members: &Map<String, Value>,
    hints: &Hints,
) -> (Option<String>, Result<Told, Vec<String>>) {
    let mut fields = Fields::of(members);
    let (old_id, told) = match product {
        Product::Casdoor => casdoor::read(&mut fields, hints),
        Product::UniId => uni_id::read(&mut fields, hints),
        Product::Supabase => supabase::read(&mut fields, hints),
    };
    if !fields.problems.is_empty() {
        return (old_id, Err(fields.problems));
    }
    let told = match told {
        Told::Person(given) if has_no_way_in(&given) => Told::Skipped(NO_WAY_IN),
        told => told,
    };
    (old_id, Ok(told))
}

fn has_no_way_in(given: &Given) -> bool {
    let empty = |one: &super::given::GivenIdentity| one.openid.is_none() && one.union_id.is_none();
    given.phone.is_none() && given.identities.iter().all(empty)
}

#[cfg(test)]
mod tests;
