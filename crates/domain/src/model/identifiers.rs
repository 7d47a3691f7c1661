//! Identifiers that the service makes: UUIDv7 (RFC 9562 section 5.7), never
//! derived from a phone number or an openid, and never a credential.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ports::randomness::Randomness;

/// Makes a UUIDv7 of `now` with random bits of `randomness`.
#[must_use]
pub fn uuid_v7(randomness: &dyn Randomness, now: DateTime<Utc>) -> Uuid {
    let mut random = [0; 10];
    randomness.fill(&mut random);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The first of all UUIDs that [`uuid_v7`] makes within the millisecond of
/// `moment`: those made before are smaller.
#[must_use]
pub fn first_uuid_of(moment: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(moment.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new identifier.
            #[must_use]
            pub fn generate(randomness: &dyn Randomness, now: DateTime<Utc>) -> Self {
                Self(uuid_v7(randomness, now))
            }

            /// Wraps an identifier that was made before.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The identifier as a UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// Reads the hyphenated form, as it stands in paths and tokens.
            ///
            /// Other spellings of a UUID (braced, simple, URN, upper case) are
            /// refused, so that one identifier has one name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let uuid = Uuid::try_parse(text).ok()?;
                (uuid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
                    .then_some(Self(uuid))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    };
}

identifier!(
    /// A person's account.
    UserId
);
identifier!(
    /// One login of one device.
    SessionId
);
identifier!(
    /// The link between an account and one identity provider.
    IdentityId
);
identifier!(
    /// One message, the same in all attempts to send it. Its text form is 36
    /// characters of `0-9`, `a-f` and `-`, which every vendor's correlation field
    /// takes and its receipts bring back.
    SendId
);
identifier!(
    /// One run of a process, as the holder of leases.
    HolderId
);
identifier!(
    /// One row of the audit log, or one event of the outbox.
    EventId
);
identifier!(
    /// One test number that an operator made.
    TestNumberId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_a_millisecond_begin_with_its_first() {
        struct Bits(u8);
        impl Randomness for Bits {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(self.0);
            }
        }
        let moment = DateTime::from_timestamp(1_767_225_600, 123_456_000).unwrap();
        let first = first_uuid_of(moment);
        assert!(first <= uuid_v7(&Bits(0), moment));
        let before = moment - chrono::TimeDelta::milliseconds(1);
        assert!(uuid_v7(&Bits(255), before) < first);
        assert_eq!(
            first_uuid_of(DateTime::UNIX_EPOCH - chrono::TimeDelta::days(1)),
            Uuid::nil()
        );
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        let canonical = "0198c0de-0000-7000-8000-00000000abcd";
        assert!(UserId::parse(canonical).is_some());
        for other in [
            "0198C0DE-0000-7000-8000-00000000ABCD",
            "0198c0de00007000800000000000abcd",
            "{0198c0de-0000-7000-8000-00000000abcd}",
            "urn:uuid:0198c0de-0000-7000-8000-00000000abcd",
            "",
        ] {
            assert!(UserId::parse(other).is_none(), "{other}");
        }
    }
}
