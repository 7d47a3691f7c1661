//! `sms.<vendor>.*`: the keys that a vendor says it has.

use menshen_sms::{Account, Key, KeyKind, VendorEntry};
use secrecy::ExposeSecret as _;

use crate::settings::Profile;
use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::vendors::{VendorAccount, VendorSettings};
use crate::settings::wechat::{BARE_URL, SIMULATOR, is_bare_url, is_safe_url};
use crate::simulated;

/// The section of one vendor, as it was read.
pub(super) struct Section {
    entry: &'static VendorEntry,
    account: Account,
    is_simulated: bool,
}

impl Section {
    /// Reads the keys of a vendor. What is wrong with a key is noted; some things
    /// only of a vendor that is chosen.
    pub(super) fn read(reader: &mut Reader, entry: &'static VendorEntry, chosen: bool) -> Self {
        let mut section = Self {
            entry,
            account: Account::default(),
            is_simulated: false,
        };
        for key in entry.keys {
            section.read_key(reader, key, chosen);
        }
        section
    }

    /// What the keys hold.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    fn path(&self, name: &str) -> String {
        format!("sms.{}.{name}", self.entry.name)
    }

    fn read_key(&mut self, reader: &mut Reader, key: &Key, chosen: bool) {
        let path = self.path(key.name);
        let text = |given: &Given| checked(key, given);
        let value = match key.kind {
            KeyKind::Endpoint(real) => self.read_endpoint(reader, key, real, chosen),
            KeyKind::Url | KeyKind::Text => {
                reader.read_optional(&path, key.meaning, form::text(text))
            }
            KeyKind::TextOr(default) => {
                Some(reader.read(&path, default, key.meaning, form::text(text)))
            }
            KeyKind::OneOf(words) => {
                let default = words.first().copied().unwrap_or_default();
                let each: Vec<(&str, String)> = words
                    .iter()
                    .map(|word| (*word, (*word).to_owned()))
                    .collect();
                Some(reader.read(&path, default, key.meaning, form::words(&each)))
            }
            KeyKind::Secret => {
                if let Some(secret) = reader.read_secret(&path, key.meaning) {
                    let account = std::mem::take(&mut self.account);
                    self.account = account.with_secret(key.name, secret);
                }
                None
            }
        };
        if let Some(value) = value {
            if chosen && key.is_address() {
                safe(reader, &path, &value);
            }
            let account = std::mem::take(&mut self.account);
            self.account = account.with_text(key.name, value);
        }
    }

    /// The address of a vendor's API; nothing where the simulator stands in for it.
    fn read_endpoint(
        &mut self,
        reader: &mut Reader,
        key: &Key,
        real: &'static str,
        chosen: bool,
    ) -> Option<String> {
        let path = self.path(key.name);
        if !simulated::stands_in_for(self.entry.name) {
            return Some(reader.read(&path, real, key.meaning, parse::text));
        }
        let development = reader.profile() == Profile::Development;
        let default = if development { SIMULATOR } else { real };
        let meaning = format!("{}; `{SIMULATOR}` in development", key.meaning);
        let endpoint = reader.read(&path, default, meaning, parse::text);
        if endpoint != SIMULATOR {
            return Some(endpoint);
        }
        if chosen && !development {
            reader.problem(&path, format!("the simulator sends nothing: write {real}"));
        }
        self.is_simulated = true;
        None
    }

    /// The settings of a vendor that is chosen; nothing if it cannot be built. Why
    /// not is noted.
    pub(super) fn settings(
        self,
        reader: &mut Reader,
        more: &MoreTemplates,
    ) -> Option<VendorSettings> {
        let entry = self.entry;
        if let Some(stand_in) = entry.stand_in
            && reader.profile() == Profile::Production
        {
            let (name, refusal) = (entry.name, stand_in.refusal);
            reader.problem("sms.vendors", format!("{name} {refusal}: remove it"));
        }
        if self.is_simulated {
            let templates = more.of_simulated(entry, &self.account);
            return Some(VendorSettings {
                entry,
                account: VendorAccount::Simulated(templates),
            });
        }
        let is_whole = self.demand_all(reader);
        if let Err(complaint) = (entry.check)(&self.account) {
            reader.problem(&self.path(complaint.key), complaint.advice);
        }
        let templates = more.of_account(reader, entry, &self.account)?;
        let account = self.account.with_templates(templates);
        is_whole.then_some(VendorSettings {
            entry,
            account: VendorAccount::Own(account),
        })
    }

    /// Notes what is lacking, and which secrets are none; false if anything is lacking.
    fn demand_all(&self, reader: &mut Reader) -> bool {
        let name = self.entry.name;
        for key in self.entry.keys {
            let path = self.path(key.name);
            if key.is_required && !self.account.has(key.name) && !reader.is_given(&path) {
                reader.problem(&path, format!("must be set while sms.vendors names {name}"));
            }
            let secret = self.account.find_secret(key.name);
            if let Some((check, secret)) = key.check.zip(secret)
                && let Err(advice) = check(secret.expose_secret())
            {
                reader.problem(&path, advice);
            }
        }
        let mut required = self.entry.keys.iter().filter(|key| key.is_required);
        required.all(|key| self.account.has(key.name))
    }
}

fn checked(key: &Key, given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    if let Some(check) = key.check {
        check(&text)?;
    }
    Ok(text)
}

/// Notes an address that cannot be used, or not in production.
pub(super) fn safe(reader: &mut Reader, key: &str, url: &str) {
    if !is_bare_url(url) {
        reader.problem(key, BARE_URL);
    } else if !is_safe_url(url) {
        reader.unsafe_for_production(key, "must be https://…, or http:// on loopback");
    }
}
