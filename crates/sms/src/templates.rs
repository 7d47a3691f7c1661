//! Which text a message takes.

use std::fmt;

use menshen_domain::model::sms_message::MessagePurpose;
use menshen_domain::ports::sms_sender::SmsMessage;

use crate::template::{RegionClass, Template};

/// For which messages a template is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Meant {
    /// The word for the purpose; without one every code, and no notice.
    pub purpose: Option<&'static str>,
    /// Where the number is; everywhere without one.
    pub region: Option<RegionClass>,
}

impl Meant {
    /// For word that a number was lost, wherever it is.
    pub const NOTICES: Self = Self {
        purpose: Some(MessagePurpose::NUMBER_NOTICE),
        region: None,
    };

    /// Whether it is for notices, and so for no code.
    #[must_use]
    pub fn is_for_notices(self) -> bool {
        self.purpose == Self::NOTICES.purpose
    }

    /// How close this comes to a message; `None` if it is not meant.
    /// A region outweighs a purpose: a text of the wrong region is refused,
    /// one of the wrong purpose only reads oddly. But a notice goes by its own text
    /// only: any other says that a code is in it.
    fn closeness(self, purpose: &str, region: RegionClass) -> Option<u8> {
        let of_codes = purpose != MessagePurpose::NUMBER_NOTICE;
        let fits = self.purpose.map_or(of_codes, |own| own == purpose)
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

    /// Whether there is one for codes there, whatever they are good for.
    #[must_use]
    pub fn serve(&self, region: RegionClass) -> bool {
        let mut all = self.0.iter().filter(|(meant, _)| !meant.is_for_notices());
        all.any(|(meant, _)| meant.region.is_none_or(|own| own == region))
    }

    /// All, with what each is meant for.
    pub fn iter(&self) -> impl Iterator<Item = &(Meant, Template)> {
        self.0.iter()
    }

    /// The closest for this message; nothing if none is meant for it.
    #[must_use]
    pub fn of(&self, message: &SmsMessage) -> Option<&Template> {
        self.find(message.purpose().as_str(), RegionClass::of(&message.phone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_notice_takes_no_text_of_a_code_and_a_code_none_of_a_notice() {
        use RegionClass::{Mainland, Overseas};
        let notice = MessagePurpose::NUMBER_NOTICE;
        let of = |meant, id| (meant, Template::for_notices(id));
        let codes = Templates::new(vec![
            of(meant(None, None), "all"),
            of(meant(None, Some(Mainland)), "here"),
        ]);
        let codes = codes.unwrap();
        assert_eq!(codes.find(notice, Mainland), None);
        assert!(codes.serve(Overseas));
        let notices = Templates::new(vec![of(Meant::NOTICES, "n")]).unwrap();
        assert_eq!(notices.find("login", Mainland), None);
        assert!(!notices.serve(Mainland), "no code can be sent by it");
        let both = Templates::new(vec![
            of(meant(None, None), "code"),
            of(Meant::NOTICES, "everywhere"),
            of(meant(Some(notice), Some(Overseas)), "there"),
        ]);
        let both = both.unwrap();
        for (purpose, region, expected) in [
            (notice, Mainland, "everywhere"),
            (notice, Overseas, "there"),
            ("login", Overseas, "code"),
        ] {
            assert_eq!(both.find(purpose, region).unwrap().id, expected);
        }
    }
}
