//! A text of a vendor, and what is put into it.

use std::collections::BTreeMap;

use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::region::Region;
use menshen_domain::ports::sms_sender::{SentCode, SmsMessage};

/// Where a number is, as vendors tell it apart: other template, other price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegionClass {
    /// Mainland China.
    Mainland,
    /// Everywhere else, Hong Kong, Macao and Taiwan included.
    Overseas,
}

impl RegionClass {
    /// Of a number.
    #[must_use]
    pub fn of(phone: &PhoneNumber) -> Self {
        Self::of_region(phone.region())
    }

    /// Of a region.
    #[must_use]
    pub fn of_region(region: Region) -> Self {
        if region == Region::CN {
            Self::Mainland
        } else {
            Self::Overseas
        }
    }

    /// The word of the configuration and of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mainland => "mainland",
            Self::Overseas => "overseas",
        }
    }
}

/// What a template may leave to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variable {
    /// The six digits.
    Code,
    /// How long the code is good, in whole minutes. Rounded down, so that the
    /// text promises nothing that is not there; at least 1.
    Minutes,
}

impl Variable {
    /// Its name in the configuration and in templates with named variables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Minutes => "minutes",
        }
    }

    fn value(self, sent: &SentCode) -> String {
        match self {
            Self::Code => sent.code.expose().to_owned(),
            Self::Minutes => (sent.expires_in.as_secs() / 60).max(1).to_string(),
        }
    }
}

/// One approved text of a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The vendor's name for it; for vendors without templates the text itself.
    pub id: String,
    /// The sign to send it under; without one the vendor's usual sign.
    pub sign: Option<String>,
    /// What is put into it, in the order of its places.
    pub variables: Vec<Variable>,
}

impl Template {
    /// A template with the code alone, which all vendors take.
    #[must_use]
    pub fn with_code(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            sign: None,
            variables: vec![Variable::Code],
        }
    }

    /// A template without variables, for word that a number was lost.
    #[must_use]
    pub fn for_notices(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            sign: None,
            variables: Vec::new(),
        }
    }

    /// The values in their order, for vendors that number the places; none in a
    /// notice.
    #[must_use]
    pub fn values(&self, message: &SmsMessage) -> Vec<String> {
        let values = |sent| self.variables.iter().map(|each| each.value(sent)).collect();
        message.code().map(values).unwrap_or_default()
    }

    /// The values by name as a JSON object in a text, for vendors that name the
    /// places; nothing for a notice. All values are texts: a number would lose its
    /// leading zeros.
    #[must_use]
    pub fn named_values(&self, message: &SmsMessage) -> Option<String> {
        let sent = message.code()?;
        let each = |variable: &Variable| (variable.as_str(), variable.value(sent));
        let object: BTreeMap<_, _> = self.variables.iter().map(each).collect();
        Some(serde_json::json!(object).to_string())
    }

    /// The text with `{code}` and `{minutes}` filled in, for vendors that take
    /// free text; of a notice as it stands.
    #[must_use]
    pub fn text(&self, message: &SmsMessage) -> String {
        let Some(sent) = message.code() else {
            return self.id.clone();
        };
        [Variable::Code, Variable::Minutes]
            .iter()
            .fold(self.id.clone(), |text, variable| {
                let place = format!("{{{}}}", variable.as_str());
                text.replace(&place, &variable.value(sent))
            })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use menshen_domain::model::identifiers::SendId;
    use menshen_domain::model::sms_code::SmsCode;
    use menshen_domain::model::verification::Purpose;
    use menshen_domain::ports::randomness::Randomness;
    use menshen_domain::ports::sms_sender::SmsContent;

    use super::*;

    struct Sevens;

    impl Randomness for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn message(seconds: u64) -> SmsMessage {
        SmsMessage {
            id: SendId::generate(&Sevens, DateTime::UNIX_EPOCH),
            phone: PhoneNumber::parse("+8613800138000").unwrap(),
            content: SmsContent::Code(SentCode {
                code: SmsCode::parse("048291").unwrap(),
                purpose: Purpose::Login,
                expires_in: Duration::from_secs(seconds),
            }),
        }
    }

    #[test]
    fn values_keep_their_order_their_names_and_their_zeros() {
        let template = Template {
            variables: vec![Variable::Minutes, Variable::Code],
            ..Template::with_code("{minutes} min: {code}. {code}!")
        };
        let message = message(600);
        assert_eq!(template.values(&message), ["10", "048291"]);
        assert_eq!(
            template.named_values(&message).unwrap(),
            r#"{"code":"048291","minutes":"10"}"#
        );
        assert_eq!(template.text(&message), "10 min: 048291. 048291!");
    }

    #[test]
    fn minutes_promise_no_more_than_there_is() {
        for (seconds, minutes) in [(600, "10"), (599, "9"), (120, "2"), (61, "1"), (30, "1")] {
            let message = message(seconds);
            assert_eq!(Variable::Minutes.value(message.code().unwrap()), minutes);
        }
    }

    /// Whatever a template has places for, nothing goes into a notice.
    #[test]
    fn nothing_is_filled_into_a_notice() {
        let notice = SmsMessage {
            content: SmsContent::NumberNotice,
            ..message(600)
        };
        let template = Template::with_code("{code}");
        assert!(template.values(&notice).is_empty());
        assert_eq!(template.named_values(&notice), None);
        assert_eq!(template.text(&notice), "{code}");
    }
}
