//! `sms.templates`: which approved text of a vendor goes with which message.

use menshen_domain::model::sms_message::MessagePurpose;
use menshen_sms::{
    Account, Meant, RegionClass, Template, Templates, Variable, VendorEntry, Wording,
};

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::members::{Member, MemberKind, Members};
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::vendors::{Vendors, names};

/// The words of the contract for what a code is good for, and that of a notice.
const PURPOSES: [&str; 4] = [
    "login",
    "bind_phone",
    "step_up",
    MessagePurpose::NUMBER_NOTICE,
];

const MEMBERS: &[Member] = &[
    Member::required("vendor", MemberKind::Text),
    Member::required("template", MemberKind::Text),
    Member::optional("purpose", MemberKind::Text).one_of(&PURPOSES),
    Member::optional("region", MemberKind::Text).one_of(&["mainland", "overseas"]),
    Member::optional("sign", MemberKind::Text),
    Member::optional("variables", MemberKind::Texts),
];

/// Templates beside the vendors' usual ones.
#[derive(Debug, Default)]
pub(super) struct MoreTemplates(Vec<Entry>);

/// Which vendor's, for which messages, which template.
type Entry = (&'static str, Meant, Template);

impl MoreTemplates {
    pub(super) fn read(reader: &mut Reader, all: Vendors) -> Self {
        Self(reader.read(
            "sms.templates",
            "[]",
            meaning(all),
            form::tables(MEMBERS, |given: &Given| entries(given, all)),
        ))
    }

    /// Those of one vendor.
    pub(super) fn of(&self, vendor: &str) -> Vec<(Meant, Template)> {
        let own = self.0.iter().filter(|(of, _, _)| *of == vendor);
        own.map(|(_, meant, template)| (*meant, template.clone()))
            .collect()
    }

    /// Those for the simulator's account, which has a usual template of its own, but
    /// no text.
    pub(super) fn of_simulated(
        &self,
        entry: &VendorEntry,
        account: &Account,
    ) -> Vec<(Meant, Template)> {
        match entry.wording {
            Wording::FreeText { .. } => self.with_usual(entry, account),
            Wording::Approved { .. } | Wording::Own => self.of(entry.name),
        }
    }

    fn with_usual(&self, entry: &VendorEntry, account: &Account) -> Vec<(Meant, Template)> {
        let mut all = self.of(entry.name);
        let usual = entry
            .usual_template()
            .and_then(|key| account.find_text(key));
        all.extend(usual.map(|id| (Meant::default(), Template::with_code(id))));
        all
    }

    /// Those of one vendor's account, the usual one of its section included.
    /// Problems are noted.
    pub(super) fn of_account(
        &self,
        reader: &mut Reader,
        entry: &VendorEntry,
        account: &Account,
    ) -> Option<Templates> {
        let (name, all) = (entry.name, self.with_usual(entry, account));
        let key = format!("sms.{name}.{}", entry.usual_template().unwrap_or_default());
        let needs_one = matches!(entry.wording, Wording::Approved { .. });
        let no_codes = all.iter().all(|(meant, _)| meant.is_for_notices());
        if needs_one && no_codes {
            if !reader.is_given(&key) {
                reader.problem(&key, format!("must be set while sms.vendors names {name}, or sms.templates must have what it needs"));
            }
            return None;
        }
        match Templates::new(all) {
            Ok(templates) => Some(templates),
            Err(error) => {
                let advice = format!("{name}: {error}: remove one, or {key}");
                reader.problem("sms.templates", advice);
                None
            }
        }
    }
}

fn meaning(all: Vendors) -> String {
    let free = all
        .iter()
        .filter(|entry| matches!(entry.wording, Wording::FreeText { .. }));
    format!(
        "`{{vendor, purpose, region, template, sign, variables}}`: templates for a `purpose` (`login`, `bind_phone`, `step_up`) or `region` (`mainland`, `overseas`) of their own; the closest match wins: purpose and region, region, purpose, then the vendor's usual one. `variables` is the ordered list of `code` and `minutes`, `[\"code\"]` if left out; for {} `template` is the text with `{{code}}` and `{{minutes}}`. With the purpose `number_notice`, a template without variables by which a number that an account has lost is told so; without one nobody is told",
        names(free.copied())
    )
}

fn entries(given: &Given, all: Vendors) -> Result<Vec<Entry>, String> {
    let tables = parse::tables(given)?.into_iter().enumerate();
    tables
        .map(|(n, table)| entry(table, all).map_err(|advice| format!("entry {}: {advice}", n + 1)))
        .collect()
}

fn entry(table: toml::Table, all: Vendors) -> Result<Entry, String> {
    let mut members = Members::declared(table, MEMBERS);
    let vendor = vendor(&members.text("vendor")?, all)?;
    let meant = Meant {
        purpose: purpose(members.optional_text("purpose")?.as_deref())?,
        region: region(members.optional_text("region")?.as_deref())?,
    };
    let variables = members.optional_texts("variables")?;
    let template = Template {
        id: members.text("template")?,
        sign: members.optional_text("sign")?,
        variables: if meant.is_for_notices() {
            no_variables(&variables)?
        } else {
            self::variables(&variables)?
        },
    };
    members.finish()?;
    if let Wording::FreeText {
        check,
        check_notice,
        ..
    } = vendor.wording
    {
        if template.sign.is_some() || !variables.is_empty() {
            let name = vendor.name;
            return Err(format!(
                "a text of {name} has neither sign nor variables: write {{code}} and {{minutes}} where they belong"
            ));
        }
        let check = if meant.is_for_notices() {
            check_notice
        } else {
            check
        };
        check(&template.id)?;
    }
    Ok((vendor.name, meant, template))
}

/// A vendor that takes templates.
fn vendor(name: &str, all: Vendors) -> Result<&'static VendorEntry, String> {
    let take = |entry: &&&VendorEntry| entry.usual_template().is_some();
    let mut known = all.iter().filter(take).copied();
    known
        .clone()
        .find(|entry| entry.name == name)
        .ok_or_else(|| format!("vendor must be one of {}", names(&mut known)))
}

fn purpose(word: Option<&str>) -> Result<Option<&'static str>, String> {
    let Some(word) = word else { return Ok(None) };
    let known = PURPOSES.into_iter().find(|purpose| *purpose == word);
    known
        .map(Some)
        .ok_or_else(|| format!("purpose must be one of {}", PURPOSES.join(", ")))
}

fn region(word: Option<&str>) -> Result<Option<RegionClass>, String> {
    match word {
        None => Ok(None),
        Some("mainland") => Ok(Some(RegionClass::Mainland)),
        Some("overseas") => Ok(Some(RegionClass::Overseas)),
        Some(_) => Err("region must be mainland or overseas".to_owned()),
    }
}

fn no_variables(names: &[String]) -> Result<Vec<Variable>, String> {
    let none = names.is_empty();
    none.then(Vec::new)
        .ok_or_else(|| "a number_notice has no variables: leave them out".to_owned())
}

fn variables(names: &[String]) -> Result<Vec<Variable>, String> {
    if names.is_empty() {
        return Ok(vec![Variable::Code]);
    }
    let known = |name: &String| match name.as_str() {
        "code" => Some(Variable::Code),
        "minutes" => Some(Variable::Minutes),
        _ => None,
    };
    let variables: Option<Vec<Variable>> = names.iter().map(known).collect();
    let variables = variables.ok_or("variables may be code and minutes")?;
    let codes = variables.iter().filter(|v| **v == Variable::Code).count();
    if codes != 1 || variables.len() > 2 {
        return Err("variables must have code once, and may have minutes once".to_owned());
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Vec<Entry>, String> {
        entries(&Given::Text(toml.to_owned()), menshen_sms::VENDORS)
    }

    #[test]
    fn an_entry_says_what_it_is_meant_for() {
        let entries = read(
            r#"[{vendor="tencent", purpose="bind_phone", region="mainland", template="100002", sign="门神", variables=["minutes", "code"]}, {vendor="twilio", template="{code}!"}]"#,
        )
        .unwrap();
        let (vendor, meant, template) = &entries[0];
        assert_eq!(*vendor, "tencent");
        assert_eq!(meant.purpose, Some("bind_phone"));
        assert_eq!(meant.region, Some(RegionClass::Mainland));
        assert_eq!(template.sign.as_deref(), Some("门神"));
        assert_eq!(template.variables, [Variable::Minutes, Variable::Code]);
        assert_eq!(entries[1].1, Meant::default());
    }

    #[test]
    fn a_notice_takes_nothing_in() {
        let entries = read(
            r#"[{vendor="aliyun", purpose="number_notice", template="SMS_1", sign="门神"}, {vendor="twilio", purpose="number_notice", region="overseas", template="Not you? Call us."}]"#,
        )
        .unwrap();
        for (_, meant, template) in &entries {
            assert!(meant.is_for_notices() && template.variables.is_empty());
        }
        for (entry, why) in [
            (r#"vendor="aliyun", variables=["code"]"#, "has no variables"),
            (r#"vendor="twilio", variables=["code"]"#, "has no variables"),
        ] {
            let entry = format!(r#"[{{purpose="number_notice", template="x", {entry}}}]"#);
            let error = read(&entry).unwrap_err();
            assert!(error.contains(why), "{entry}: {error}");
        }
        let text = r#"[{vendor="twilio", purpose="number_notice", template="{code}"}]"#;
        assert!(read(text).unwrap_err().contains("no brace"));
    }

    #[test]
    fn an_entry_that_cannot_be_used_is_told_why() {
        for (entry, why) in [
            (r#"{vendor="webhook", template="x"}"#, "vendor must be"),
            (r#"{vendor="acme", template="x"}"#, "vendor must be"),
            (r#"{vendor="aliyun"}"#, "lacks template"),
            (
                r#"{vendor="aliyun", template="x", purpose="log_in"}"#,
                "purpose must be one of login",
            ),
            (
                r#"{vendor="aliyun", template="x", region="CN"}"#,
                "region must be",
            ),
            (
                r#"{vendor="aliyun", template="x", variables=["minutes"]}"#,
                "code once",
            ),
            (
                r#"{vendor="aliyun", template="x", variables=["code", "code"]}"#,
                "code once",
            ),
            (
                r#"{vendor="aliyun", template="x", variables=["code", "name"]}"#,
                "code and minutes",
            ),
            (
                r#"{vendor="twilio", template="{code}", sign="x"}"#,
                "neither sign",
            ),
            (r#"{vendor="twilio", template="hello"}"#, "lacks {code}"),
            (r#"{vendor="aliyun", template="x", to="y"}"#, "to is not"),
        ] {
            let error = read(&format!("[{entry}]")).unwrap_err();
            assert!(error.contains(why), "{entry}: {error}");
            assert!(error.starts_with("entry 1: "), "{error}");
        }
    }
}
