//! What an application's owner set in `WeChat`'s console, or `WeChat` did to it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use crate::wechat::push::Subscription;

/// The state of one application; the default is one in good order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Console {
    /// An account that passed no verification lacks the rights of the phone and
    /// risk calls (48001).
    pub(crate) unverified: bool,
    /// The owner froze the secret (40243 at the token calls).
    pub(crate) secret_frozen: bool,
    /// `WeChat` froze the account (50007 at the token calls).
    pub(crate) account_frozen: bool,
    /// Who may ask for access tokens (else 40164); everybody when it is empty.
    pub(crate) ip_allow: Vec<IpAddr>,
    /// How many phone buttons are still paid for; without end when none is said.
    pub(crate) phone_quota: Option<u32>,
    /// How many phone buttons were billed.
    pub(crate) phone_billed: u32,
    /// Where message push goes.
    pub(crate) push: Option<Subscription>,
}

/// The consoles that differ from the default, by application.
#[derive(Debug, Default)]
pub(crate) struct Consoles(HashMap<String, Console>);

impl Consoles {
    pub(crate) fn of(&self, app_id: &str) -> &Console {
        static UNTOUCHED: LazyLock<Console> = LazyLock::new(Console::default);
        self.0.get(app_id).unwrap_or(&UNTOUCHED)
    }

    pub(crate) fn of_mut(&mut self, app_id: &str) -> &mut Console {
        self.0.entry(app_id.to_owned()).or_default()
    }

    /// Ends the push of one application, or of all; answers of how many.
    pub(crate) fn end_push(&mut self, app_id: Option<&str>) -> usize {
        let ended = self
            .0
            .iter_mut()
            .filter(|(id, _)| app_id.is_none_or(|app_id| app_id == id.as_str()))
            .filter_map(|(_, console)| console.push.take());
        ended.count()
    }
}
