//! Filling a template, and finding the code in it.

use crate::config::sms::{SmsRegion, SmsTemplate};
use crate::phone::Phone;

/// The variable that is the verification code.
const CODE: &str = "code";

impl SmsTemplate {
    /// The template of this id.
    pub(super) fn find<'t>(templates: &'t [Self], id: &str) -> Option<&'t Self> {
        templates.iter().find(|template| template.id == id)
    }

    /// Whether it is for verification codes.
    pub(super) fn is_for_codes(&self) -> bool {
        self.variables.iter().any(|name| name == CODE)
    }

    /// Whether it may send to `phone`.
    pub(super) fn reaches(&self, phone: &Phone) -> bool {
        (self.region == SmsRegion::Mainland) == phone.is_mainland()
    }

    /// The text with the variables' values, in the order of the variables.
    pub(super) fn fill(&self, values: &[&str]) -> String {
        let mut text = String::new();
        let mut rest = self.text.as_str();
        while let Some(start) = rest.find('{') {
            text.push_str(&rest[..start]);
            rest = &rest[start..];
            let named = rest.find('}').and_then(|end| {
                let position = self
                    .variables
                    .iter()
                    .position(|name| *name == rest[1..end])?;
                Some((end, values.get(position).copied().unwrap_or_default()))
            });
            let (value, length) = named.map_or(("{", 1), |(end, value)| (value, end + 1));
            text.push_str(value);
            rest = &rest[length..];
        }
        text + rest
    }

    /// The verification code among the values; of a template without one, nothing.
    pub(super) fn code<'v>(&self, values: &[&'v str]) -> &'v str {
        let position = self.variables.iter().position(|name| name == CODE);
        position
            .and_then(|position| values.get(position).copied())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_the_variables_are_and_are_not_filled_again() {
        let template = SmsTemplate::new("1", SmsRegion::Mainland, &["minutes", "code"])
            .saying("{code} {minutes} {other} {code} {");
        assert_eq!(
            template.fill(&["{code}", "048291"]),
            "048291 {code} {other} 048291 {"
        );
        assert_eq!(template.code(&["5", "048291"]), "048291");
        assert_eq!(template.fill(&[]), "  {other}  {");
    }

    #[test]
    fn without_a_code_it_is_a_notice() {
        let notice = SmsTemplate::new("1", SmsRegion::Overseas, &["name"]);
        assert!(!notice.is_for_codes());
        assert_eq!(notice.code(&["alice"]), "");
        assert!(notice.fill(&["alice"]).contains("alice"));
    }
}
