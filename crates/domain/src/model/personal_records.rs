//! What is held about a person beside the account itself.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::account::Account;
use crate::model::audit::AuditAction;
use crate::model::session::Session;

/// The terms that a person has agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Their version.
    pub version: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A row of the audit log about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened: the word of an [`AuditAction`].
    pub action: String,
    /// How it was done.
    pub method: Option<String>,
    /// Why it came out so.
    pub reason: Option<String>,
    /// What it was about, masked.
    pub subject: Option<String>,
    /// From which network.
    pub address: Option<String>,
    /// On which device, masked.
    pub device_id: Option<String>,
}

/// A message that was sent to a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageEntry {
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// What its code was for.
    pub purpose: String,
    /// Which client type asked for it.
    pub client_type: String,
    /// From which network it was asked for.
    pub source: String,
    /// What became of it, if that is known.
    pub verdict: Option<String>,
}

/// The newest rows of something, and whether there are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Whether older ones were left out.
    pub truncated: bool,
}

impl<T> Newest<T> {
    /// Of rows that were read with one more than `limit`.
    #[must_use]
    pub fn of(mut rows: Vec<T>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let truncated = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, truncated }
    }
}

/// What is held by the id of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalRecords {
    /// What the person agreed to at the start.
    pub consent: Option<Consent>,
    /// The sessions, live and ended.
    pub sessions: Newest<Session>,
    /// What the audit log tells.
    pub history: Newest<HistoryEntry>,
}

/// The code that proved the number was on its way for this long before.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(15);

/// Since when messages to the number of `account` are the person's own: what was
/// sent before the account took the number in was sent to somebody else.
///
/// `history` is what is known of the account by `now`, newest first. Where it does
/// not reach back to when the number came, it counts from where it begins: a message
/// too few is given out rather than somebody else's.
#[must_use]
pub fn messages_since(
    account: &Account,
    history: &[HistoryEntry],
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let Some(phone) = &account.phone else {
        return now;
    };
    let masked = phone.masked();
    let takes_in = [AuditAction::Linked, AuditAction::PhoneChanged].map(AuditAction::as_str);
    let came = history.iter().find(|row| {
        takes_in.contains(&row.action.as_str()) && row.subject.as_ref() == Some(&masked)
    });
    match came {
        Some(row) => row.at - ON_ITS_WAY,
        None => history.last().map_or(now, |row| row.at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::AccountStatus;
    use crate::model::identifiers::UserId;
    use crate::model::phone_number::PhoneNumber;
    use crate::model::profile::{Nickname, Profile};

    fn moment(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(9) + TimeDelta::minutes(minutes)
    }

    fn account(phone: &str) -> Account {
        Account {
            id: UserId::from_uuid(uuid::Uuid::from_u128(1)),
            version: 1,
            status: AccountStatus::Active,
            phone: PhoneNumber::parse(phone).ok(),
            phone_proof: None,
            profile: Profile {
                nickname: Nickname::parse("n").unwrap(),
                avatar_url: None,
                birthday: None,
                bio: None,
            },
            identities: Vec::new(),
            union_ids: Vec::new(),
            created_at: moment(0),
            updated_at: moment(0),
            last_login_at: moment(0),
        }
    }

    fn row(minutes: i64, action: AuditAction, subject: &str) -> HistoryEntry {
        HistoryEntry {
            at: moment(minutes),
            action: action.as_str().to_owned(),
            method: None,
            reason: None,
            subject: Some(subject.to_owned()),
            address: None,
            device_id: None,
        }
    }

    #[test]
    fn messages_are_ones_own_since_the_number_came() {
        let account = account("13800138000");
        let masked = account.phone.as_ref().unwrap().masked();
        let newest_first = [
            row(900, AuditAction::PhoneConfirmed, &masked),
            row(600, AuditAction::PhoneChanged, &masked),
            row(300, AuditAction::Linked, "oAbCdE…"),
            row(200, AuditAction::PhoneChanged, "139****0000"),
            row(100, AuditAction::Linked, &masked),
        ];
        let since = |history| messages_since(&account, history, moment(1000));
        assert_eq!(since(&newest_first), moment(585));
        assert_eq!(since(&newest_first[2..]), moment(85));
    }

    /// The log is kept for so long, and so many rows of it are read.
    #[test]
    fn where_the_log_does_not_tell_when_the_number_came_messages_are_ones_own_from_its_beginning() {
        let account = account("13800138000");
        let cut_off = [
            row(900, AuditAction::ProfileUpdated, ""),
            row(800, AuditAction::SignedIn, ""),
        ];
        assert_eq!(
            messages_since(&account, &cut_off, moment(1000)),
            moment(800)
        );
        assert_eq!(messages_since(&account, &[], moment(1000)), moment(1000));
    }

    #[test]
    fn the_newest_rows_say_whether_there_are_more() {
        let of = |rows: u8| Newest::of((0..rows).collect(), 3);
        assert_eq!((of(3).rows, of(3).truncated), (vec![0, 1, 2], false));
        assert_eq!((of(4).rows, of(4).truncated), (vec![0, 1, 2], true));
    }
}
