//! What a message is for, and through what it was asked for.

use crate::model::client::ClientType;
use crate::model::verification::Purpose;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessagePurpose {
    /// It carries a code that is good for this.
    Code(Purpose),
    /// It tells whoever has the number that it does not sign in to an account any
    /// more. It carries no code, no name and no other number.
    NumberNotice,
}

impl MessagePurpose {
    /// The word of a notice, in settings, records and logs.
    pub const NUMBER_NOTICE: &'static str = "number_notice";

    /// The stable word: the contract's for a code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code(purpose) => purpose.as_str(),
            Self::NumberNotice => Self::NUMBER_NOTICE,
        }
    }
}

/// Through what somebody caused a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AskedThrough {
    /// A person's client.
    Client(ClientType),
    /// An operator's act.
    Operator,
}

impl AskedThrough {
    /// The stable word of the record: the contract's for a client.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client(kind) => kind.as_str(),
            Self::Operator => "operator",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records, settings and the export tell them apart by their words alone.
    #[test]
    fn no_word_of_a_notice_is_one_of_a_code_or_a_client() {
        let user = crate::model::identifiers::UserId::from_uuid(uuid::Uuid::nil());
        for purpose in [
            Purpose::Login,
            Purpose::BindPhone(user),
            Purpose::StepUp(user),
        ] {
            let word = MessagePurpose::Code(purpose).as_str();
            assert_eq!(word, purpose.as_str());
            assert_ne!(word, MessagePurpose::NumberNotice.as_str());
        }
        for kind in ClientType::ALL {
            assert_eq!(AskedThrough::Client(kind).as_str(), kind.as_str());
            assert_ne!(kind.as_str(), AskedThrough::Operator.as_str());
        }
    }
}
