//! The people, and who they are to each application.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::Person;
use crate::phone::Phone;

/// More people than this are not remembered.
const MOST_PEOPLE: usize = 100_000;

/// There is no room for another person.
#[derive(Debug)]
pub(crate) struct TooMany;

/// What is known of a person.
#[derive(Debug, Clone)]
pub(crate) struct Individual {
    /// The numbers bound to the `WeChat` account; the button offers the first.
    pub(crate) phones: Vec<Phone>,
    pub(crate) nickname: Option<String>,
    /// The address of the avatar; `WeChat` tells an empty one for whoever has none.
    pub(crate) avatar_url: Option<String>,
    pub(crate) blocked: bool,
    /// Whether the `WeChat` account was closed.
    pub(crate) closed: bool,
    /// 0 (harmless) to 4; nothing when `WeChat` knows nothing (61010).
    pub(crate) risk_rank: Option<u8>,
}

impl Default for Individual {
    fn default() -> Self {
        Self {
            phones: Vec::new(),
            nickname: None,
            avatar_url: None,
            blocked: false,
            closed: false,
            risk_rank: Some(0),
        }
    }
}

/// Everybody, by name.
#[derive(Debug)]
pub(crate) struct People(BTreeMap<String, Individual>);

impl People {
    pub(crate) fn new(people: &[Person]) -> Self {
        let known = people.iter().map(|person| {
            let phone = person.phone.as_deref().and_then(Phone::parse);
            if phone.is_none() && person.phone.is_some() {
                tracing::warn!(person = %person.name, "the configured phone number of a simulated person cannot be read");
            }
            let individual = Individual {
                phones: phone.into_iter().collect(),
                nickname: person.nickname.clone(),
                blocked: person.blocked,
                ..Individual::default()
            };
            (person.name.clone(), individual)
        });
        Self(known.collect())
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Individual> {
        self.0.get(name)
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Individual> {
        self.0.get_mut(name)
    }

    pub(crate) fn add(&mut self, name: &str, individual: Individual) -> Result<(), TooMany> {
        if self.0.len() >= MOST_PEOPLE {
            return Err(TooMany);
        }
        self.0.insert(name.to_owned(), individual);
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Individual)> {
        self.0.iter()
    }
}

/// The openid of a person in one application: the same at each start, so that
/// accounts made in an earlier run are found again. 28 characters, `o` first.
pub(crate) fn openid(app_id: &str, person: &str) -> String {
    derive("openid", app_id, person)
}

/// The unionid of a person over all applications of one Open Platform account.
pub(crate) fn unionid(platform: &str, person: &str) -> String {
    derive("unionid", platform, person)
}

fn derive(purpose: &str, scope: &str, person: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, purpose.as_bytes());
    let tag = hmac::sign(&key, format!("{scope}\n{person}").as_bytes());
    let mut id = URL_SAFE_NO_PAD.encode(tag.as_ref());
    id.truncate(27);
    format!("o{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_openid_has_the_real_shape_and_differs_by_app_and_person() {
        let ids = [
            openid("wx1", "alice"),
            openid("wx2", "alice"),
            openid("wx1", "Alice"),
            unionid("wx1", "alice"),
        ];
        for id in &ids {
            assert_eq!(id.len(), 28);
            assert!(id.starts_with('o'));
        }
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
