//! The limits of the word to a number that an account has lost.

use std::time::Duration;

use super::{LimitKey, LimitRule, Limits, Window, Windows};
use crate::model::phone_number::PhoneNumber;

/// How often one number is told in a day, by whichever accounts lose it.
const PER_DAY: u32 = 1;
const DAY: Duration = Duration::from_hours(24);

impl Limits {
    /// The windows that one notice is counted against: its own, and those that bound
    /// what the deployment spends. Not those of the number's codes: whoever has it
    /// may need one now.
    #[must_use]
    pub fn for_number_notice(&self, phone: &PhoneNumber) -> Vec<Window> {
        use LimitRule as R;
        let own = LimitKey::NumberNotices(phone.clone());
        let prefix = LimitKey::SmsPrefix(phone.prefix());
        let all = LimitKey::SmsDeployment;
        let (hour, minute) = (Duration::from_hours(1), Duration::from_mins(1));
        let mut windows = Windows(Vec::with_capacity(4));
        windows.add(R::NumberNotices, own, PER_DAY, DAY);
        windows.add(R::SmsPrefix, prefix, self.per_prefix_hour, hour);
        windows.add(
            R::DeploymentMinute,
            all.clone(),
            self.deployment_minute,
            minute,
        );
        windows.add(R::DeploymentDay, all, self.deployment_day, DAY);
        windows.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_counts_for_itself_and_for_what_is_spent_and_not_for_codes() {
        let phone = PhoneNumber::parse("13800138000").unwrap();
        let limits = Limits {
            resend_interval: Duration::from_mins(1),
            per_phone_hour: 5,
            per_phone_day: 10,
            per_ip_hour: 20,
            per_prefix_hour: 60,
            deployment_minute: 600,
            deployment_day: 10_000,
            ..Limits::default()
        };
        let told = |limits: Limits| {
            let windows = limits.for_number_notice(&phone);
            let each = windows
                .iter()
                .map(|one| (one.rule.as_str(), one.limit, one.per.as_secs()));
            each.collect::<Vec<_>>()
        };
        let own = ("number_notices", 1, 86_400);
        let expected = [
            own,
            ("sms_prefix", 60, 3_600),
            ("sms_deployment_minute", 600, 60),
            ("sms_deployment_day", 10_000, 86_400),
        ];
        assert_eq!(told(limits), expected);
        // Without any other limit a number is still told once a day.
        assert_eq!(told(Limits::default()), [own]);
        let counted = limits.for_number_notice(&phone);
        let codes = LimitKey::SmsPhone(phone);
        assert!(counted.iter().all(|window| window.key != codes));
    }
}
