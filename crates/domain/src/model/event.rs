//! What other services are told: the outbox, written with what it tells.

use chrono::{DateTime, Utc};

use crate::model::identifiers::{EventId, IdentityId, SessionId, UserId};
use crate::model::session::EndReason;
use crate::ports::randomness::Randomness;

/// What other services are told about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The account was made.
    UserCreated,
    /// Its profile changed.
    UserUpdated,
    /// An identity was linked to it.
    IdentityLinked(IdentityId),
    /// An identity was taken away from it.
    IdentityUnlinked(IdentityId),
    /// Its phone number was set or replaced.
    PhoneChanged,
    /// Its phone number was taken away.
    PhoneRemoved,
    /// It was cancelled: it is erased when its cooling-off time is over.
    UserCancelled,
    /// Its cancellation was taken back.
    UserRestored,
    /// An operator shut it.
    UserDisabled,
    /// An operator opened it again.
    UserEnabled,
    /// It was erased; nothing personal is left.
    UserErased,
    /// Another account was merged into it.
    UserMerged {
        /// The account that is now an alias.
        from: UserId,
    },
    /// A session was opened.
    SessionCreated(SessionId),
    /// A session ended.
    SessionEnded(SessionId, EndReason),
}

/// The name of a kind of event, one of those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName(&'static str);

impl EventName {
    /// All names, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self("user.created"),
        Self("user.updated"),
        Self("user.identity_linked"),
        Self("user.identity_unlinked"),
        Self("user.phone_changed"),
        Self("user.phone_removed"),
        Self("user.merged"),
        Self("user.disabled"),
        Self("user.enabled"),
        Self("user.cancelled"),
        Self("user.restored"),
        Self("user.erased"),
        Self("session.created"),
        Self("session.ended"),
    ];

    /// Reads a name; nothing if no event is called so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.0 == text)
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Notice {
    /// The stable name of the event.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::IdentityLinked(_) => "user.identity_linked",
            Self::IdentityUnlinked(_) => "user.identity_unlinked",
            Self::PhoneChanged => "user.phone_changed",
            Self::PhoneRemoved => "user.phone_removed",
            Self::UserCancelled => "user.cancelled",
            Self::UserRestored => "user.restored",
            Self::UserDisabled => "user.disabled",
            Self::UserEnabled => "user.enabled",
            Self::UserErased => "user.erased",
            Self::UserMerged { .. } => "user.merged",
            Self::SessionCreated(_) => "session.created",
            Self::SessionEnded(..) => "session.ended",
        }
    }

    /// The members that the event has beside the account's id.
    #[must_use]
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::UserCreated
            | Self::UserUpdated
            | Self::PhoneChanged
            | Self::PhoneRemoved
            | Self::UserCancelled
            | Self::UserRestored
            | Self::UserDisabled
            | Self::UserEnabled
            | Self::UserErased => Vec::new(),
            Self::IdentityLinked(identity) | Self::IdentityUnlinked(identity) => {
                vec![("identity_id", identity.to_string())]
            }
            Self::UserMerged { from } => vec![("merged_user_id", from.to_string())],
            Self::SessionCreated(session) => vec![("session_id", session.to_string())],
            Self::SessionEnded(session, reason) => {
                vec![
                    ("session_id", session.to_string()),
                    ("reason", reason.as_str().to_owned()),
                ]
            }
        }
    }
}

/// One row of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxEvent {
    /// The event's id, the same on every delivery.
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whose account it concerns.
    pub user: UserId,
    /// What happened.
    pub notice: Notice,
}

impl OutboxEvent {
    /// Makes a row.
    #[must_use]
    pub fn new(
        user: UserId,
        notice: Notice,
        at: DateTime<Utc>,
        randomness: &dyn Randomness,
    ) -> Self {
        Self {
            id: EventId::generate(randomness, at),
            at,
            user,
            notice,
        }
    }

    /// The account that is not there any more by what is told: no event about it comes
    /// after this one.
    #[must_use]
    pub const fn farewell(&self) -> Option<UserId> {
        match self.notice {
            Notice::UserErased => Some(self.user),
            Notice::UserMerged { from } => Some(from),
            _ => None,
        }
    }
}

/// Puts the events of one act into the order in which they are told: as they come, but
/// all else about an account before its farewell. Whoever forgets somebody then does not
/// hear of them again.
#[must_use]
pub fn farewells_last(mut events: Vec<OutboxEvent>) -> Vec<OutboxEvent> {
    let mut place = 0;
    while let Some(event) = events.get(place) {
        if let Some(leaver) = event.farewell() {
            let rest = events.split_off(place);
            let others = |one: &OutboxEvent| one.user == leaver && one.farewell() != Some(leaver);
            let (earlier, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(others);
            place += earlier.len();
            events.extend(earlier);
            events.extend(rest);
        }
        place += 1;
    }
    events
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_notice_has_one_of_the_names_and_every_name_a_notice() {
        let (user, identity, session) = (
            UserId::from_uuid(Uuid::nil()),
            IdentityId::from_uuid(Uuid::nil()),
            SessionId::from_uuid(Uuid::nil()),
        );
        let all = [
            Notice::UserCreated,
            Notice::UserUpdated,
            Notice::IdentityLinked(identity),
            Notice::IdentityUnlinked(identity),
            Notice::PhoneChanged,
            Notice::PhoneRemoved,
            Notice::UserMerged { from: user },
            Notice::UserDisabled,
            Notice::UserEnabled,
            Notice::UserCancelled,
            Notice::UserRestored,
            Notice::UserErased,
            Notice::SessionCreated(session),
            Notice::SessionEnded(session, EndReason::SignedOut),
        ];
        let told: BTreeSet<_> = all
            .iter()
            .map(|notice| EventName::parse(notice.as_str()).expect("a name"))
            .collect();
        assert_eq!(told, EventName::ALL.into_iter().collect());
        assert_eq!(EventName::parse("user.deleted"), None);
    }

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    fn ends(n: u128) -> Notice {
        let session = SessionId::from_uuid(Uuid::from_u128(n));
        Notice::SessionEnded(session, EndReason::Merged)
    }

    /// Orders events, told by account and notice.
    fn ordered(events: &[(u128, Notice)]) -> Vec<(u128, Notice)> {
        let event = |(n, notice): &(u128, Notice)| OutboxEvent {
            id: EventId::from_uuid(Uuid::nil()),
            at: DateTime::UNIX_EPOCH,
            user: user(*n),
            notice: *notice,
        };
        let ordered = farewells_last(events.iter().map(event).collect());
        let told = |event: OutboxEvent| (event.user.as_uuid().as_u128(), event.notice);
        ordered.into_iter().map(told).collect()
    }

    #[test]
    fn an_account_is_not_heard_of_after_it_was_erased() {
        let erased = [
            (1, Notice::PhoneRemoved),
            (1, Notice::UserErased),
            (2, Notice::UserCreated),
            (1, ends(7)),
            (2, ends(8)),
            (1, ends(9)),
        ];
        let [removed, gone, created, first, other, second] = erased;
        let expected = [removed, first, second, gone, created, other];
        assert_eq!(ordered(&erased), expected);
        assert_eq!(ordered(&expected), expected, "once is enough");
    }

    #[test]
    fn an_account_is_not_heard_of_after_it_became_part_of_another() {
        let merged = Notice::UserMerged { from: user(1) };
        let events = [
            (2, merged),
            (2, Notice::PhoneChanged),
            (1, ends(7)),
            (2, ends(8)),
        ];
        let [gone, changed, theirs, own] = events;
        assert_eq!(ordered(&events), [theirs, gone, changed, own]);
    }

    #[test]
    fn where_nobody_leaves_the_order_stays_and_nothing_is_lost() {
        let stays = [(2, Notice::UserCreated), (1, ends(7)), (2, ends(8))];
        assert_eq!(ordered(&stays), stays);
        assert!(ordered(&[]).is_empty());
        // No act does this; nothing hangs and nothing goes all the same.
        let around = [
            (1, Notice::UserMerged { from: user(2) }),
            (2, Notice::UserMerged { from: user(1) }),
            (1, Notice::UserErased),
        ];
        assert_eq!(ordered(&around).len(), 3);
    }
}
