//! What the caller is told once no vendor is left, or none needs to be asked.

use std::time::Duration;

use menshen_domain::ports::sms_sender::{SmsDelivery, SmsSendError};

use crate::outcome::Outcome;

const NO_TEMPLATE: &str = "no template";

/// Why each vendor that was asked did not take the message.
#[derive(Debug, Default, thiserror::Error)]
#[error("{}", self.summary())]
pub(crate) struct Refusals(Vec<Refusal>);

#[derive(Debug)]
struct Refusal {
    vendor: &'static str,
    reason: &'static str,
    ours: bool,
    /// How long its circuit stays open, where that is why it was not asked.
    rest: Option<Duration>,
}

impl Refusals {
    /// This vendor was asked, and came to this.
    pub(crate) fn note(&mut self, vendor: &'static str, outcome: &Outcome) {
        self.0.push(Refusal {
            vendor,
            reason: outcome.as_str(),
            ours: is_ours(outcome),
            rest: None,
        });
    }

    /// This vendor has no template for such messages.
    pub(crate) fn note_unserved(&mut self, vendor: &'static str) {
        self.0.push(Refusal {
            vendor,
            reason: NO_TEMPLATE,
            ours: true,
            rest: None,
        });
    }

    /// True if a second vendor has refused the text: the third would as well.
    pub(crate) fn blame_the_text(&self) -> bool {
        let text = Outcome::Content.as_str();
        let refusals = self.0.iter();
        refusals.filter(|refusal| refusal.reason == text).count() >= 2
    }

    /// There was no time left to ask this vendor.
    pub(crate) fn note_late(&mut self, vendor: &'static str) {
        self.0.push(Refusal {
            vendor,
            reason: "no time left",
            ours: false,
            rest: None,
        });
    }

    /// This vendor is left alone for so long.
    pub(crate) fn note_resting(&mut self, vendor: &'static str, rest: Duration) {
        self.0.push(Refusal {
            vendor,
            reason: "circuit open",
            ours: false,
            rest: Some(rest),
        });
    }

    /// When the first vendor is asked again, where nobody was asked at all.
    fn wait(&self) -> Option<Duration> {
        let could_serve = self
            .0
            .iter()
            .filter(|refusal| refusal.reason != NO_TEMPLATE);
        let rests: Option<Vec<Duration>> = could_serve.map(|refusal| refusal.rest).collect();
        rests?.into_iter().min()
    }

    /// Misconfigured if that alone was in the way, else unavailable.
    pub(crate) fn into_error(self) -> SmsSendError {
        if !self.0.is_empty() && self.0.iter().all(|refusal| refusal.ours) {
            SmsSendError::Misconfigured(Box::new(self))
        } else {
            SmsSendError::Unavailable {
                retry_after: self.wait(),
                source: Box::new(self),
            }
        }
    }

    fn summary(&self) -> String {
        let each = |refusal: &Refusal| format!("{}: {}", refusal.vendor, refusal.reason);
        let all: Vec<String> = self.0.iter().map(each).collect();
        if all.is_empty() {
            "no vendor is configured".to_owned()
        } else {
            all.join(", ")
        }
    }
}

/// True if only we can mend it.
fn is_ours(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Config(_) | Outcome::Billing | Outcome::Content | Outcome::Clock
    )
}

/// The answer that this outcome settles, whatever other vendors might say.
pub(crate) fn settled(
    vendor: &'static str,
    outcome: &Outcome,
) -> Option<Result<SmsDelivery, SmsSendError>> {
    match outcome {
        Outcome::Accepted => Some(Ok(SmsDelivery::Accepted { vendor })),
        Outcome::Unknown => Some(Ok(SmsDelivery::Unknown { vendor })),
        Outcome::BadNumber | Outcome::RecipientBlocked => Some(Err(SmsSendError::Unreachable)),
        Outcome::NumberLimited { retry_after } => Some(Err(SmsSendError::NumberLimited {
            retry_after: (*retry_after).max(Duration::from_secs(1)),
        })),
        Outcome::Config(_)
        | Outcome::Billing
        | Outcome::Content
        | Outcome::VendorBusy { .. }
        | Outcome::VendorFault
        | Outcome::Clock => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Scope;

    fn error(outcomes: &[Outcome]) -> SmsSendError {
        let mut refusals = Refusals::default();
        for outcome in outcomes {
            refusals.note("aliyun", outcome);
        }
        refusals.into_error()
    }

    #[test]
    fn the_operator_is_blamed_only_if_nothing_else_was_in_the_way() {
        let (ours, theirs) = (Outcome::Config(Scope::Account), Outcome::VendorFault);
        let both = error(&[ours.clone(), Outcome::Billing]);
        assert!(matches!(both, SmsSendError::Misconfigured(_)));
        let mixed = error(&[ours, theirs]);
        assert!(matches!(mixed, SmsSendError::Unavailable { .. }));
        assert!(matches!(error(&[]), SmsSendError::Unavailable { .. }));
    }

    #[test]
    fn the_wait_is_known_only_where_every_vendor_rests() {
        let wait = |refusals: Refusals| match refusals.into_error() {
            SmsSendError::Unavailable { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        };
        let resting = || {
            let mut refusals = Refusals::default();
            refusals.note_resting("aliyun", Duration::from_secs(9));
            refusals.note_resting("tencent", Duration::from_secs(4));
            refusals.note_unserved("twilio");
            refusals
        };
        assert_eq!(wait(resting()), Some(Duration::from_secs(4)));
        let mut asked = resting();
        asked.note("huawei", &Outcome::VendorFault);
        assert_eq!(wait(asked), None);
        let mut late = resting();
        late.note_late("huawei");
        assert_eq!(wait(late), None);
        assert_eq!(wait(Refusals::default()), None);
    }

    #[test]
    fn every_outcome_that_stops_the_search_settles_the_answer() {
        let retry_after = Duration::from_mins(1);
        for outcome in [
            Outcome::Accepted,
            Outcome::BadNumber,
            Outcome::NumberLimited { retry_after },
            Outcome::RecipientBlocked,
            Outcome::Config(Scope::Account),
            Outcome::Config(Scope::Message),
            Outcome::Billing,
            Outcome::Content,
            Outcome::VendorBusy { wait: None },
            Outcome::VendorFault,
            Outcome::Clock,
            Outcome::Unknown,
        ] {
            let stops = !outcome.duties().next_vendor;
            assert_eq!(settled("aliyun", &outcome).is_some(), stops, "{outcome:?}");
        }
    }
}
