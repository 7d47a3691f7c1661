//! Which text a message takes, and what is put into it.

use std::collections::BTreeMap;
use std::fmt;

use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::region::Region;
use menshen_domain::ports::sms_sender::SmsMessage;

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

    fn value(self, message: &SmsMessage) -> String {
        match self {
            Self::Code => message.code.expose().to_owned(),
            Self::Minutes => (message.expires_in.as_secs() / 60).max(1).to_string(),
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

    /// The values in their order, for vendors that number the places.
    #[must_use]
    pub fn values(&self, message: &SmsMessage) -> Vec<String> {
        let each = |variable: &Variable| variable.value(message);
        self.variables.iter().map(each).collect()
    }

    /// The values by name as a JSON object in a text, for vendors that name the
    /// places. All values are texts: a number would lose its leading zeros.
    #[must_use]
    pub fn named_values(&self, message: &SmsMessage) -> String {
        let each = |variable: &Variable| (variable.as_str(), variable.value(message));
        let object: BTreeMap<_, _> = self.variables.iter().map(each).collect();
        serde_json::json!(object).to_string()
    }

    /// The text with `{code}` and `{minutes}` filled in, for vendors that take
    /// free text.
    #[must_use]
    pub fn text(&self, message: &SmsMessage) -> String {
        [Variable::Code, Variable::Minutes]
            .iter()
            .fold(self.id.clone(), |text, variable| {
                text.replace(
                    &format!("{{{}}}", variable.as_str()),
                    &variable.value(message),
                )
            })
    }
}

/// For which messages a template is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Meant {
    /// The contract's word for the purpose; all without one.
    pub purpose: Option<&'static str>,
    /// Where the number is; everywhere without one.
    pub region: Option<RegionClass>,
}

impl Meant {
    /// How close this comes to a message; `None` if it is not meant.
    /// A region outweighs a purpose: a text of the wrong region is refused,
    /// one of the wrong purpose only reads oddly.
    fn closeness(self, purpose: &str, region: RegionClass) -> Option<u8> {
        let fits = self.purpose.is_none_or(|own| own == purpose)
            && self.region.is_none_or(|own| own == region);
        fits.then_some(u8::from(self.region.is_some()) * 2 + u8::from(self.purpose.is_some()))
    }
}

/// Two templates are meant for the same messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two templates are meant for the same messages ({0})")]
pub struct AmbiguousTemplates(pub Meant);

impl fmt::Display for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let purpose = self.purpose.unwrap_or("all purposes");
        let region = self.region.map_or("all regions", RegionClass::as_str);
        write!(f, "{purpose}, {region}")
    }
}

/// All templates of one vendor; for a message the closest one is taken.
#[derive(Debug, Clone, Default)]
pub struct Templates(Vec<(Meant, Template)>);

impl Templates {
    /// One for all messages.
    #[must_use]
    pub fn only(template: Template) -> Self {
        Self(vec![(Meant::default(), template)])
    }

    /// Several.
    ///
    /// # Errors
    ///
    /// [`AmbiguousTemplates`] if two are meant for the very same messages.
    pub fn new(templates: Vec<(Meant, Template)>) -> Result<Self, AmbiguousTemplates> {
        for (n, (meant, _)) in templates.iter().enumerate() {
            if templates[..n].iter().any(|(other, _)| other == meant) {
                return Err(AmbiguousTemplates(*meant));
            }
        }
        Ok(Self(templates))
    }

    /// The closest for a message: meant for its purpose and region, else for its
    /// region, else for its purpose, else for all.
    #[must_use]
    pub fn find(&self, purpose: &str, region: RegionClass) -> Option<&Template> {
        let fitting = self
            .0
            .iter()
            .filter_map(|(meant, template)| Some((meant.closeness(purpose, region)?, template)));
        fitting
            .max_by_key(|(closeness, _)| *closeness)
            .map(|(_, template)| template)
    }

    /// Whether there is one for messages there, whatever their purpose.
    #[must_use]
    pub fn serve(&self, region: RegionClass) -> bool {
        let mut all = self.0.iter();
        all.any(|(meant, _)| meant.region.is_none_or(|own| own == region))
    }

    /// All, with what each is meant for.
    pub fn iter(&self) -> impl Iterator<Item = &(Meant, Template)> {
        self.0.iter()
    }

    /// The closest for this message; nothing if none is meant for it.
    #[must_use]
    pub fn of(&self, message: &SmsMessage) -> Option<&Template> {
        self.find(message.purpose.as_str(), RegionClass::of(&message.phone))
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
            code: SmsCode::parse("048291").unwrap(),
            purpose: Purpose::Login,
            expires_in: Duration::from_secs(seconds),
        }
    }

    fn meant(purpose: Option<&'static str>, region: Option<RegionClass>) -> Meant {
        Meant { purpose, region }
    }

    #[test]
    fn the_closest_template_is_taken() {
        use RegionClass::{Mainland, Overseas};
        let all = [
            (meant(None, None), "default"),
            (meant(Some("login"), None), "purpose"),
            (meant(None, Some(Overseas)), "region"),
            (meant(Some("login"), Some(Overseas)), "both"),
        ];
        let templates = |count: usize| {
            let taken = all.iter().take(count);
            let taken = taken.map(|(meant, id)| (*meant, Template::with_code(*id)));
            Templates::new(taken.collect()).unwrap()
        };
        for (count, purpose, region, expected) in [
            (4, "login", Overseas, "both"),
            (4, "step_up", Overseas, "region"),
            (4, "login", Mainland, "purpose"),
            (4, "step_up", Mainland, "default"),
            (3, "login", Overseas, "region"),
            (2, "login", Overseas, "purpose"),
            (1, "login", Overseas, "default"),
        ] {
            let templates = templates(count);
            let found = templates.find(purpose, region).unwrap();
            assert_eq!(found.id, expected, "{count} {purpose} {region:?}");
        }
        let overseas_only = Templates::new(vec![(
            meant(None, Some(Overseas)),
            Template::with_code("x"),
        )]);
        assert_eq!(overseas_only.unwrap().find("login", Mainland), None);
    }

    #[test]
    fn two_templates_for_the_same_messages_are_refused() {
        let both = meant(Some("login"), Some(RegionClass::Mainland));
        let twice = vec![
            (both, Template::with_code("a")),
            (both, Template::with_code("b")),
        ];
        let error = Templates::new(twice).unwrap_err();
        assert_eq!(error, AmbiguousTemplates(both));
        assert!(error.to_string().ends_with("(login, mainland)"));
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
            template.named_values(&message),
            r#"{"code":"048291","minutes":"10"}"#
        );
        assert_eq!(template.text(&message), "10 min: 048291. 048291!");
    }

    #[test]
    fn minutes_promise_no_more_than_there_is() {
        for (seconds, minutes) in [(600, "10"), (599, "9"), (120, "2"), (61, "1"), (30, "1")] {
            assert_eq!(Variable::Minutes.value(&message(seconds)), minutes);
        }
    }
}
