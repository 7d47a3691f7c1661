//! Events on their way to receivers.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::event::EventName;
use crate::model::identifiers::{EventId, UserId};

/// How old an event may be and still be tried.
pub const MAX_AGE: TimeDelta = TimeDelta::hours(24);

/// The longest name of a receiver.
const MAX_NAME: usize = 64;

/// The text is no name of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 64 characters of a-z, 0-9, `.`, `_` and `-`")]
pub struct ReceiverNameError;

/// What a receiver is called: its deliveries are kept under this name, whatever its
/// address is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverName(String);

impl ReceiverName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`ReceiverNameError`] unless it is 1 to 64 characters of `[a-z0-9._-]`: it
    /// stands in metrics and logs as it is.
    pub fn parse(text: &str) -> Result<Self, ReceiverNameError> {
        let plain =
            |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-');
        if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReceiverNameError)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReceiverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who hears of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Who.
    pub receiver: ReceiverName,
    /// Of which events; of all if there is none.
    pub events: Vec<EventName>,
}

/// A subscription that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Who hears of what.
    pub subscription: Subscription,
    /// What happened before is not told: the receiver was not there.
    pub since: DateTime<Utc>,
}

impl Listener {
    /// Whether the receiver is to hear of an event of this name and moment.
    #[must_use]
    pub fn wants(&self, kind: &str, at: DateTime<Utc>) -> bool {
        let events = &self.subscription.events;
        at >= self.since && (events.is_empty() || events.iter().any(|name| name.as_str() == kind))
    }
}

/// An event that a receiver is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The event, the same on every try.
    pub event: EventId,
    /// Whom it is for.
    pub receiver: ReceiverName,
    /// Whose account it concerns.
    pub user: UserId,
    /// Its name.
    pub kind: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it tells: the text of a JSON object, to the byte the same on every try.
    pub data: String,
    /// How often it was tried before.
    pub attempts: u32,
    /// No try that fails after this moment is followed by another.
    pub give_up_at: DateTime<Utc>,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendFault {
    /// No connection came about.
    NoConnection,
    /// It took too long.
    TimedOut,
    /// The connection broke.
    Broken,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// A 2xx: the receiver has it.
    Delivered,
    /// A 410: the receiver wants nothing any more.
    Gone,
    /// A 429 or 503: not now.
    Busy {
        /// The status.
        status: u16,
        /// How long the receiver asks to be left alone, if it says so.
        wait: Option<Duration>,
    },
    /// Any other answer, a redirect too.
    Refused {
        /// The status.
        status: u16,
    },
    /// No answer.
    Failed(SendFault),
}

impl SendOutcome {
    /// The classes of outcomes, as metrics have them.
    pub const CLASSES: [&'static str; 7] = [
        "delivered",
        "gone",
        "busy",
        "refused",
        "no_connection",
        "timed_out",
        "broken",
    ];

    /// The class, one of [`CLASSES`](Self::CLASSES).
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Gone => "gone",
            Self::Busy { .. } => "busy",
            Self::Refused { .. } => "refused",
            Self::Failed(SendFault::NoConnection) => "no_connection",
            Self::Failed(SendFault::TimedOut) => "timed_out",
            Self::Failed(SendFault::Broken) => "broken",
        }
    }

    /// What is kept with the delivery: `http_500`, `timed_out`.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Gone => "http_410".to_owned(),
            Self::Busy { status, .. } | Self::Refused { status } => format!("http_{status}"),
            Self::Delivered | Self::Failed(_) => self.class().to_owned(),
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is tried, or waits for its turn.
    Pending,
    /// It is tried no more, unless somebody asks for it.
    Dead,
}

impl DeliveryState {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Dead => "dead",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Dead];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ReceiverName {
        ReceiverName::parse(text).unwrap()
    }

    #[test]
    fn a_name_is_plain() {
        assert_eq!(
            name("hooks.example.com-v1_a").as_str(),
            "hooks.example.com-v1_a"
        );
        for bad in ["", "A", "a b", "名", "a/b", &"a".repeat(65)] {
            assert_eq!(ReceiverName::parse(bad), Err(ReceiverNameError), "{bad}");
        }
    }

    #[test]
    fn a_receiver_hears_what_it_asked_for_from_its_beginning_on() {
        let since = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let mut listener = Listener {
            subscription: Subscription {
                receiver: name("a"),
                events: Vec::new(),
            },
            since,
        };
        assert!(listener.wants("user.created", since));
        assert!(!listener.wants("user.created", since - TimeDelta::microseconds(1)));
        listener.subscription.events = EventName::parse("user.erased").into_iter().collect();
        assert!(listener.wants("user.erased", since));
        assert!(!listener.wants("user.created", since));
    }

    #[test]
    fn every_outcome_has_its_class_and_a_word() {
        let all = [
            (SendOutcome::Delivered, "delivered", "delivered"),
            (SendOutcome::Gone, "gone", "http_410"),
            (
                SendOutcome::Busy {
                    status: 429,
                    wait: None,
                },
                "busy",
                "http_429",
            ),
            (SendOutcome::Refused { status: 302 }, "refused", "http_302"),
            (
                SendOutcome::Failed(SendFault::NoConnection),
                "no_connection",
                "no_connection",
            ),
            (
                SendOutcome::Failed(SendFault::TimedOut),
                "timed_out",
                "timed_out",
            ),
            (SendOutcome::Failed(SendFault::Broken), "broken", "broken"),
        ];
        for ((outcome, class, word), known) in all.iter().zip(SendOutcome::CLASSES) {
            assert_eq!((outcome.class(), &*outcome.word()), (*class, *word));
            assert_eq!(*class, known);
        }
    }
}
