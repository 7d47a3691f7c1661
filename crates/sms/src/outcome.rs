//! What one attempt at one vendor came to, in words that no vendor owns.

use std::time::Duration;

use menshen_domain::model::sms_delivery::SendOutcome;

/// What one attempt at one vendor came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The vendor took the message; it is not delivered yet.
    Accepted,
    /// The number is malformed, not in service, or of a region without service.
    BadNumber,
    /// The vendor's limit for this number, which protects its owner.
    NumberLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The owner of the number has opted out, or is on a block list.
    RecipientBlocked,
    /// Our sign, template, key, permission or request is refused.
    Config(Scope),
    /// No balance, or a cap of the account.
    Billing,
    /// The text is refused.
    Content,
    /// The vendor throttles us.
    VendorBusy {
        /// How long the vendor asks us to wait, if it says so.
        wait: Option<Duration>,
    },
    /// The vendor failed, or could not be reached; nothing was sent.
    VendorFault,
    /// Our time or nonce is refused.
    Clock,
    /// No usable answer to a request that was written: it may have been sent.
    Unknown,
}

/// Whom a refused setting concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every message: the next one would be refused as well.
    Account,
    /// This message only, such as a number that the template does not serve.
    Message,
}

/// Whether the same vendor may be asked once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameVendor {
    /// No.
    Never,
    /// Once, at once.
    Once,
    /// Once, after a moment.
    OnceAfterPause,
}

/// What an outcome obliges us to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duties {
    /// Whether the same vendor is asked once more.
    pub same_vendor: SameVendor,
    /// Whether the next vendor is asked.
    pub next_vendor: bool,
    /// Whether somebody must look at it now.
    pub alarm: bool,
    /// Whether it counts against the vendor's circuit.
    pub vendor_failed: bool,
}

impl Outcome {
    /// What this outcome obliges us to.
    #[must_use]
    pub fn duties(&self) -> Duties {
        use SameVendor::{Never, Once, OnceAfterPause};
        let (same_vendor, next_vendor, alarm, vendor_failed) = match self {
            Self::Accepted
            | Self::BadNumber
            | Self::NumberLimited { .. }
            | Self::RecipientBlocked => (Never, false, false, false),
            Self::Config(_) | Self::Billing | Self::Content => (Never, true, true, false),
            Self::VendorBusy { .. } => (OnceAfterPause, true, false, true),
            Self::VendorFault => (Once, true, false, true),
            Self::Clock => (Once, true, true, false),
            Self::Unknown => (Never, false, false, true),
        };
        Duties {
            same_vendor,
            next_vendor,
            alarm,
            vendor_failed,
        }
    }

    /// True if the vendor would refuse the next message too.
    #[must_use]
    pub fn concerns_account(&self) -> bool {
        matches!(self, Self::Config(Scope::Account) | Self::Billing)
    }

    /// The outcome as the domain records it, without what the vendor asks for.
    #[must_use]
    pub const fn recorded(&self) -> SendOutcome {
        match self {
            Self::Accepted => SendOutcome::Accepted,
            Self::BadNumber => SendOutcome::BadNumber,
            Self::NumberLimited { .. } => SendOutcome::NumberLimited,
            Self::RecipientBlocked => SendOutcome::RecipientBlocked,
            Self::Config(_) => SendOutcome::Config,
            Self::Billing => SendOutcome::Billing,
            Self::Content => SendOutcome::Content,
            Self::VendorBusy { .. } => SendOutcome::VendorBusy,
            Self::VendorFault => SendOutcome::VendorFault,
            Self::Clock => SendOutcome::Clock,
            Self::Unknown => SendOutcome::Unknown,
        }
    }

    /// The stable word for logs and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.recorded().as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_sent_is_never_sent_again() {
        for outcome in [Outcome::Unknown, Outcome::Accepted] {
            assert_eq!(outcome.duties().same_vendor, SameVendor::Never);
            assert!(!outcome.duties().next_vendor);
        }
    }

    #[test]
    fn what_protects_or_blames_the_recipient_does_not_fall_through() {
        let retry_after = Duration::from_mins(1);
        for outcome in [
            Outcome::BadNumber,
            Outcome::RecipientBlocked,
            Outcome::NumberLimited { retry_after },
        ] {
            let duties = outcome.duties();
            assert!(!duties.next_vendor && !duties.vendor_failed && !duties.alarm);
        }
    }

    #[test]
    fn our_own_faults_fall_through_and_ring() {
        for outcome in [
            Outcome::Config(Scope::Account),
            Outcome::Billing,
            Outcome::Content,
            Outcome::Clock,
        ] {
            assert!(outcome.duties().next_vendor && outcome.duties().alarm);
        }
    }
}
