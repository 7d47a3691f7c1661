//! Captchas that were solved, or seemed to be.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

/// More captchas than this are not remembered: the oldest go first.
const MOST_CAPTCHAS: usize = 10_000;

/// A captcha that the control API made.
#[derive(Debug)]
pub(crate) struct Captcha {
    /// The random string beside its ticket, for services that have one.
    pub(crate) randstr: String,
    /// The only service that it is of; none means any.
    pub(crate) service: Option<&'static str>,
    /// Whether a machine solved it.
    pub(crate) machine: bool,
    /// Where it was solved, if that is checked.
    pub(crate) address: Option<IpAddr>,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) used: bool,
}

/// What a ticket is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    Good,
    Unknown,
    Expired,
    Used,
    Machine,
    OtherAddress,
}

/// Captchas by their ticket.
#[derive(Debug, Default)]
pub(crate) struct Captchas {
    by_ticket: HashMap<String, Captcha>,
    oldest_first: VecDeque<String>,
}

impl Captchas {
    pub(crate) fn add(&mut self, ticket: String, captcha: Captcha) {
        if self.oldest_first.len() >= MOST_CAPTCHAS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_ticket.remove(&oldest);
        }
        self.oldest_first.push_back(ticket.clone());
        self.by_ticket.insert(ticket, captcha);
    }

    /// The captcha of this service with this ticket.
    pub(crate) fn find(&self, service: &str, ticket: &str) -> Option<&Captcha> {
        let found = self.by_ticket.get(ticket);
        found.filter(|captcha| captcha.service.is_none_or(|one| one == service))
    }

    /// What a ticket is worth, which it is worth no second time.
    pub(crate) fn redeem(
        &mut self,
        service: &str,
        ticket: &str,
        life: TimeDelta,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Worth {
        if self.find(service, ticket).is_none() {
            return Worth::Unknown;
        }
        let Some(captcha) = self.by_ticket.get_mut(ticket) else {
            return Worth::Unknown;
        };
        if captcha.used {
            return Worth::Used;
        }
        captcha.used = true;
        if now - captcha.issued_at > life {
            Worth::Expired
        } else if captcha.machine {
            Worth::Machine
        } else if address.is_some() && captcha.address.is_some() && address != captcha.address {
            Worth::OtherAddress
        } else {
            Worth::Good
        }
    }
}
