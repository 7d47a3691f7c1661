//! A person as another system knew them, to be imported by an operator.

use chrono::{DateTime, Utc};

use crate::model::identifiers::UserId;
use crate::model::phone_number::PhoneNumber;
use crate::model::profile::{AvatarUrl, Bio, Birthday, Nickname};
use crate::model::wechat::{AppId, OpenId, Platform, Provider, UnionId};

/// The most openids, and the most unionids, that one person is imported with.
pub const MOST_IDENTITIES: usize = 16;

/// An openid of an application.
pub type OpenIdKey = (Provider, AppId, OpenId);
/// A unionid of a platform.
pub type UnionIdKey = (Platform, UnionId);

/// What leads to an account: all of it on an operator's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// The phone number.
    pub phone: Option<PhoneNumber>,
    /// The openids, at most one of an application.
    pub openids: Vec<OpenIdKey>,
    /// The unionids, at most one of a platform.
    pub union_ids: Vec<UnionIdKey>,
}

impl WaysIn {
    /// True if nothing leads anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.phone.is_none() && self.openids.is_empty() && self.union_ids.is_empty()
    }
}

/// What else is known of the person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedDetails {
    /// The name that is shown; without one, a random one.
    pub nickname: Option<Nickname>,
    /// The picture; without one, the default picture.
    pub avatar_url: Option<AvatarUrl>,
    /// The day of birth.
    pub birthday: Option<Birthday>,
    /// A few words.
    pub bio: Option<Bio>,
    /// When the other system made the account.
    pub created_at: Option<DateTime<Utc>>,
    /// When the person last signed in there.
    pub last_login_at: Option<DateTime<Utc>>,
    /// Whether the account was shut there.
    pub disabled: bool,
}

/// Why a person cannot be imported as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportedPersonError {
    /// There is no phone number, openid or unionid.
    #[error("nothing to sign in with: no phone number, openid or unionid")]
    NoWayIn,
    /// Two openids of one application.
    #[error("two openids of one application")]
    TwoOpenIds,
    /// Two unionids of one platform.
    #[error("two unionids of one platform")]
    TwoUnionIds,
    /// More than [`MOST_IDENTITIES`].
    #[error("more than 16 identities")]
    TooMany,
    /// The id is no UUIDv7.
    #[error("id: accounts have ids of UUID version 7; an id of another kind is an external_id")]
    Id,
    /// A time lies ahead, or before 1970.
    #[error("a time lies in the future, or before 1970")]
    Time,
}

/// A person who can be imported: at least one way in, and one value in each place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPerson {
    id: Option<UserId>,
    ways_in: WaysIn,
    details: ImportedDetails,
}

impl ImportedPerson {
    /// Puts a person together; what is given twice counts once. `id` is the account's
    /// id here, where it is known or wanted.
    ///
    /// # Errors
    ///
    /// [`ImportedPersonError`].
    pub fn new(
        id: Option<UserId>,
        mut ways_in: WaysIn,
        details: ImportedDetails,
        now: DateTime<Utc>,
    ) -> Result<Self, ImportedPersonError> {
        if ways_in.is_empty() {
            return Err(ImportedPersonError::NoWayIn);
        }
        if id.is_some_and(|id| id.as_uuid().get_version_num() != 7) {
            return Err(ImportedPersonError::Id);
        }
        ways_in.openids.sort_unstable();
        ways_in.openids.dedup();
        ways_in.union_ids.sort_unstable();
        ways_in.union_ids.dedup();
        if ways_in.openids.len().max(ways_in.union_ids.len()) > MOST_IDENTITIES {
            return Err(ImportedPersonError::TooMany);
        }
        let of_one_app = |pair: &[OpenIdKey]| (pair[0].0, &pair[0].1) == (pair[1].0, &pair[1].1);
        if ways_in.openids.windows(2).any(of_one_app) {
            return Err(ImportedPersonError::TwoOpenIds);
        }
        let of_one_platform = |pair: &[UnionIdKey]| pair[0].0 == pair[1].0;
        if ways_in.union_ids.windows(2).any(of_one_platform) {
            return Err(ImportedPersonError::TwoUnionIds);
        }
        let times = [details.created_at, details.last_login_at];
        let possible = |at: &DateTime<Utc>| (DateTime::UNIX_EPOCH..=now).contains(at);
        if !times.iter().flatten().all(possible) {
            return Err(ImportedPersonError::Time);
        }
        Ok(Self {
            id,
            ways_in,
            details,
        })
    }

    /// The account's id, where it is known or wanted.
    #[must_use]
    pub fn id(&self) -> Option<UserId> {
        self.id
    }

    /// What leads to the account.
    #[must_use]
    pub fn ways_in(&self) -> &WaysIn {
        &self.ways_in
    }

    /// What else is known.
    #[must_use]
    pub fn details(&self) -> &ImportedDetails {
        &self.details
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    fn openid(app: &str, n: u32) -> OpenIdKey {
        let openid = OpenId::parse(&format!("o{n:027}")).unwrap();
        let provider = Provider::WeChatMiniProgram;
        (provider, AppId::parse(app).unwrap(), openid)
    }

    fn union_id(platform: &str, n: u32) -> UnionIdKey {
        let union_id = UnionId::parse(&format!("u{n:027}")).unwrap();
        (Platform::parse(platform).unwrap(), union_id)
    }

    fn person(ways_in: WaysIn) -> Result<ImportedPerson, ImportedPersonError> {
        ImportedPerson::new(None, ways_in, ImportedDetails::default(), now())
    }

    fn with_openids(openids: Vec<OpenIdKey>) -> WaysIn {
        WaysIn {
            openids,
            ..WaysIn::default()
        }
    }

    #[test]
    fn nobody_is_imported_without_a_way_in() {
        assert_eq!(person(WaysIn::default()), Err(ImportedPersonError::NoWayIn));
        for ways_in in [
            WaysIn {
                phone: PhoneNumber::parse("13800138000").ok(),
                ..WaysIn::default()
            },
            with_openids(vec![openid("wx1", 1)]),
            WaysIn {
                union_ids: vec![union_id("main", 1)],
                ..WaysIn::default()
            },
        ] {
            assert!(person(ways_in).is_ok());
        }
    }

    #[test]
    fn each_place_has_one_value() {
        let same = with_openids(vec![openid("wx1", 1), openid("wx2", 1), openid("wx1", 1)]);
        assert_eq!(person(same).unwrap().ways_in().openids.len(), 2);
        let two = with_openids(vec![openid("wx1", 1), openid("wx2", 1), openid("wx1", 2)]);
        assert_eq!(person(two), Err(ImportedPersonError::TwoOpenIds));
        let union_ids = |second| WaysIn {
            union_ids: vec![union_id("main", 1), second],
            ..WaysIn::default()
        };
        assert_eq!(
            person(union_ids(union_id("main", 2))),
            Err(ImportedPersonError::TwoUnionIds)
        );
        assert!(person(union_ids(union_id("other", 2))).is_ok());
        let many = (0..17).map(|n| openid(&format!("wx{n}"), 1)).collect();
        assert_eq!(
            person(with_openids(many)),
            Err(ImportedPersonError::TooMany)
        );
    }

    #[test]
    fn times_have_passed_and_ids_are_of_version_7() {
        let one = || with_openids(vec![openid("wx1", 1)]);
        let at = |created_at| ImportedDetails {
            created_at: Some(created_at),
            ..ImportedDetails::default()
        };
        let made = |at| ImportedPerson::new(None, one(), at, now());
        assert!(made(at(now())).is_ok());
        for wrong in [
            now() + TimeDelta::seconds(1),
            DateTime::UNIX_EPOCH - TimeDelta::seconds(1),
        ] {
            assert_eq!(made(at(wrong)), Err(ImportedPersonError::Time));
        }
        let with_id = |text: &str| {
            let id = UserId::parse(text);
            assert!(id.is_some());
            ImportedPerson::new(id, one(), ImportedDetails::default(), now())
        };
        assert!(with_id("0198c0de-0000-7000-8000-00000000abcd").is_ok());
        assert_eq!(
            with_id("0198c0de-0000-4000-8000-00000000abcd"),
            Err(ImportedPersonError::Id)
        );
    }
}
