//! Telling the number that an account has lost: to whom it is told, and what came
//! of it.

use crate::model::evidence::PhoneProof;
use crate::model::identifiers::UserId;
use crate::model::origin::Origin;
use crate::model::phone_number::PhoneNumber;
use crate::model::region::Region;
use crate::model::sms_message::AskedThrough;

/// A number that an account does not have any more, while the account lives on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostNumber {
    /// Whose it was.
    pub user: UserId,
    /// The number, which is in no table any more.
    pub phone: PhoneNumber,
    /// How the account had proven it.
    pub proof: Option<PhoneProof>,
    /// Through what it was replaced or taken away.
    pub asked: AskedThrough,
    /// From where.
    pub origin: Origin,
}

/// What became of the word to a lost number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeOutcome {
    /// A vendor took the message.
    Sent,
    /// It may have been sent; nobody sends it again.
    Unknown,
    /// The account never proved the number: whoever has it may never have heard of us.
    NeverProven,
    /// The deployment sends nothing to there.
    RegionNotAllowed,
    /// A test number gets no messages.
    TestNumber,
    /// No vendor has a text for it.
    NoChannel,
    /// The number was told today, or a budget is used up.
    Limited,
    /// No vendor took it, or a store did not answer.
    Failed,
    /// Too many were waiting, or the process ended.
    Dropped,
}

impl NoticeOutcome {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::Sent,
        Self::Unknown,
        Self::NeverProven,
        Self::RegionNotAllowed,
        Self::TestNumber,
        Self::NoChannel,
        Self::Limited,
        Self::Failed,
        Self::Dropped,
    ];

    /// The stable word of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::NeverProven => "never_proven",
            Self::RegionNotAllowed => "region_not_allowed",
            Self::TestNumber => "test_number",
            Self::NoChannel => "no_channel",
            Self::Limited => "limited",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// Why a lost number is not told, if it is not.
#[must_use]
pub fn why_untold(
    lost: &LostNumber,
    regions: &[Region],
    is_test_number: bool,
) -> Option<NoticeOutcome> {
    match lost.proof {
        Some(PhoneProof::Sms | PhoneProof::WeChat) => {}
        Some(PhoneProof::Imported) | None => return Some(NoticeOutcome::NeverProven),
    }
    if is_test_number {
        return Some(NoticeOutcome::TestNumber);
    }
    let allowed = regions.contains(&lost.phone.region());
    (!allowed).then_some(NoticeOutcome::RegionNotAllowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(phone: &str, proof: Option<PhoneProof>) -> LostNumber {
        LostNumber {
            user: UserId::from_uuid(uuid::Uuid::nil()),
            phone: PhoneNumber::parse(phone).unwrap(),
            proof,
            asked: AskedThrough::Operator,
            origin: Origin {
                address: [203, 0, 113, 7].into(),
                user_agent: None,
                request_id: "a".repeat(32),
            },
        }
    }

    #[test]
    fn only_a_number_that_was_proven_and_may_be_written_to_is_told() {
        use NoticeOutcome::{NeverProven, RegionNotAllowed, TestNumber};
        let (here, there) = ("13800138000", "+85251234567");
        let (sms, wechat) = (Some(PhoneProof::Sms), Some(PhoneProof::WeChat));
        let imported = Some(PhoneProof::Imported);
        for (phone, proof, is_test, expected) in [
            (here, sms, false, None),
            (here, wechat, false, None),
            (here, imported, false, Some(NeverProven)),
            (here, None, false, Some(NeverProven)),
            (here, imported, true, Some(NeverProven)),
            (here, sms, true, Some(TestNumber)),
            (there, sms, true, Some(TestNumber)),
            (there, sms, false, Some(RegionNotAllowed)),
            (there, wechat, false, Some(RegionNotAllowed)),
        ] {
            let told = why_untold(&lost(phone, proof), &[Region::CN], is_test);
            assert_eq!(told, expected, "{phone} {proof:?} {is_test}");
        }
    }

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        let words = NoticeOutcome::ALL.map(NoticeOutcome::as_str);
        let each: std::collections::BTreeSet<_> = words.iter().collect();
        assert_eq!(each.len(), words.len());
    }
}
