//! `sms.vendors`: who sends, in order of preference, each with its section.

use std::net::SocketAddr;

use menshen_sms::{Account, Meant, RegionClass, Template, VendorEntry};
use serde_json::{Value, json};

use crate::settings::Profile;
use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::section::Section;
use crate::settings::sms::templates::MoreTemplates;

/// The vendors that there are.
pub type Vendors = &'static [&'static VendorEntry];

/// One vendor of `sms.vendors` with all that its adapter needs.
#[derive(Debug, Clone)]
pub struct VendorSettings {
    /// What it is.
    pub entry: &'static VendorEntry,
    /// Whose account is used.
    pub account: VendorAccount,
}

/// Whose account a vendor is asked with.
#[derive(Debug, Clone)]
pub enum VendorAccount {
    /// The operator's.
    Own(Account),
    /// The simulator's, with templates beside those that it has from the start.
    Simulated(Vec<(Meant, Template)>),
}

impl VendorSettings {
    /// The vendor's name in `sms.vendors`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.entry.name
    }

    /// The templates beside those of the simulator, for a vendor that it stands in for.
    #[must_use]
    pub fn simulated(&self) -> Option<&[(Meant, Template)]> {
        match &self.account {
            VendorAccount::Simulated(templates) => Some(templates),
            VendorAccount::Own(_) => None,
        }
    }

    /// Where the vendor is asked: of `simulated` for a simulated one, nowhere
    /// for one that only prints.
    #[must_use]
    pub fn address(&self, simulated: Option<SocketAddr>) -> Option<String> {
        match &self.account {
            VendorAccount::Own(account) => self.entry.address(account),
            VendorAccount::Simulated(_) => {
                Some(format!("http://{}/sms/{}", simulated?, self.name()))
            }
        }
    }

    /// Whether it can send to numbers there, for one purpose at least.
    pub(super) fn serves(&self, region: RegionClass) -> bool {
        match &self.account {
            VendorAccount::Own(account) => self.entry.serves(account, region),
            VendorAccount::Simulated(_) => true,
        }
    }
}

/// What the section of a vendor says of its account, whoever is chosen and wherever
/// it is asked: `menshen simulate` stands in for it.
#[derive(Debug, Clone)]
pub struct GivenAccount {
    /// Whose.
    pub entry: &'static VendorEntry,
    /// The account, as far as it is given, without templates.
    pub account: Account,
    /// The templates beside the usual one.
    pub more: Vec<(Meant, Template)>,
}

/// Reads `sms.vendors`, and the sections of all vendors.
pub(super) fn read(reader: &mut Reader, all: Vendors) -> (Vec<VendorSettings>, Vec<GivenAccount>) {
    let development = reader.profile() == Profile::Development;
    let default = if development { "[\"aliyun\"]" } else { "[]" };
    let form = form::shaped(described(all), |given: &Given| vendors(given, all));
    let chosen = reader.read("sms.vendors", default, meaning(all), form);
    if chosen.is_empty() {
        reader.problem(
            "sms.vendors",
            "must be set: write the vendors that you have a contract with, such as [\"aliyun\"]",
        );
    }
    let more = MoreTemplates::read(reader, all);
    let (mut settings, mut accounts) = (Vec::new(), Vec::new());
    for entry in all {
        let place = chosen.iter().position(|name| *name == entry.name);
        let section = Section::read(reader, entry, place.is_some());
        let (more_of, account) = (more.of(entry.name), section.account().clone());
        accounts.push(GivenAccount {
            entry,
            account,
            more: more_of,
        });
        let read = place.and_then(|place| Some((place, section.settings(reader, &more)?)));
        settings.extend(read);
    }
    settings.sort_by_key(|(place, _)| *place);
    let settings = settings.into_iter().map(|(_, settings)| settings);
    (settings.collect(), accounts)
}

fn described(all: Vendors) -> Value {
    let names: Vec<&str> = all.iter().map(|entry| entry.name).collect();
    json!({ "type": "array", "items": form::one_of(&names), "uniqueItems": true })
}

fn meaning(all: Vendors) -> String {
    let each = all.iter().map(|entry| match entry.stand_in {
        None => format!("`{}`", entry.name),
        Some(stand_in) => format!("`{}` ({}; development)", entry.name, stand_in.does),
    });
    let names: Vec<String> = each.collect();
    format!(
        "in order of preference: {}; the next is tried when one is down or refuses for its own reasons",
        names.join(", ")
    )
}

/// Names of vendors in one line.
pub(super) fn names(entries: impl Iterator<Item = &'static VendorEntry>) -> String {
    let names: Vec<&str> = entries.map(|entry| entry.name).collect();
    names.join(", ")
}

fn vendors(given: &Given, all: Vendors) -> Result<Vec<&'static str>, String> {
    let find = |name: &String| {
        let entry = all.iter().find(|entry| entry.name == name);
        entry.map(|entry| entry.name)
    };
    let named: Option<Vec<&str>> = parse::texts(given)?.iter().map(find).collect();
    let named =
        named.ok_or_else(|| format!("write names out of {}", names(all.iter().copied())))?;
    let twice = named
        .iter()
        .enumerate()
        .any(|(n, vendor)| named[..n].contains(vendor));
    if twice {
        Err("names a vendor twice: remove one".to_owned())
    } else {
        Ok(named)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use menshen_sms::VENDORS;

    /// A section of a vendor lies beside other keys of `sms`.
    #[test]
    fn no_key_is_read_twice() {
        let given = std::collections::BTreeMap::new();
        let (_, report) = crate::settings::read(given, chrono::DateTime::UNIX_EPOCH);
        let mut seen = BTreeSet::new();
        for entry in &report.entries {
            assert!(seen.insert(&entry.key), "{}", entry.key);
        }
        for vendor in VENDORS {
            for key in vendor.keys {
                let key = format!("sms.{}.{}", vendor.name, key.name);
                assert!(seen.contains(&key), "{key}");
            }
        }
    }
}
