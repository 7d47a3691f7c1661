//! All that the simulator remembers: in memory, bounded, behind one lock.

mod app_tokens;
mod captchas;
mod codes;
mod consoles;
mod inbox;
mod nonces;
mod payments;
mod people;
mod phone_data;
mod quotas;
mod receipts;
mod request_ids;
mod request_log;
mod send_log;
mod session_keys;
mod sms_accounts;
mod user_tokens;
mod visits;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use app_tokens::AppTokens;
pub(crate) use captchas::{Captcha, Captchas, Worth};
pub(crate) use codes::{Code, CodeKind, Codes};
pub(crate) use consoles::Consoles;
pub(crate) use inbox::{Inbox, Message, Sending};
pub(crate) use nonces::Nonces;
pub(crate) use payments::{Payment, Payments};
pub(crate) use people::{Individual, People, openid, unionid};
pub(crate) use phone_data::PhoneData;
pub(crate) use quotas::{Quotas, Window, window_in_beijing};
pub(crate) use receipts::Receipts;
pub(crate) use request_ids::{Refused, RequestIds, request_id};
pub(crate) use request_log::{RequestLog, sha256_hex};
pub(crate) use send_log::{Send, SendLog};
pub(crate) use session_keys::SessionKeys;
pub(crate) use sms_accounts::{AccountCodes, AccountState, SmsAccounts};
pub(crate) use user_tokens::{USER_TOKEN_SECONDS, UserGrant, UserTokenPair, UserTokens};
pub(crate) use visits::{Visit, Visits};

use crate::clock::Clock;
use crate::config::sms::RealLookingAccount;
use crate::config::{AppKind, SimulatedApp, SimulatorConfig};
use crate::faults::Faults;
use crate::outgoing::LoopbackUrl;
use crate::random::Random;
use crate::receipts::courier::{Errand, Messages};
use crate::receipts::{Outcome, Receipt, ReceiptPlan};
use crate::sms;

/// What every handler shares.
pub(crate) struct Shared {
    clock: Arc<dyn Clock>,
    start: SimulatorConfig,
    world: Mutex<World>,
    resets: AtomicU32,
}

impl Shared {
    /// The start of everything.
    pub(crate) fn new(config: SimulatorConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            world: Mutex::new(World::new(&config, 0)),
            resets: AtomicU32::new(0),
            start: config,
        }
    }

    /// The world as it is, and the time in it. Hold it briefly: never across an `await`.
    pub(crate) fn enter(&self) -> (MutexGuard<'_, World>, DateTime<Utc>) {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let clock = self.clock.now();
        let now = clock.checked_add_signed(world.ahead).unwrap_or(clock);
        (world, now)
    }

    /// Whether the accounts of the SMS vendors are made up.
    pub(crate) fn check(&self) -> Result<(), RealLookingAccount> {
        self.start.check()
    }

    /// Puts the world back to its start.
    pub(crate) fn reset(&self) {
        let resets = self.resets.fetch_add(1, Ordering::Relaxed) + 1;
        *self.world.lock().unwrap_or_else(PoisonError::into_inner) =
            World::new(&self.start, resets);
    }
}

/// All that changes.
pub(crate) struct World {
    /// Applications, accounts and switches.
    pub(crate) config: SimulatorConfig,
    /// How far the control API moved the time ahead of the clock.
    pub(crate) ahead: TimeDelta,
    pub(crate) random: Random,
    pub(crate) people: People,
    /// The application in whose name calls without a token are made, as inside
    /// `WeChat`'s cloud hosting.
    pub(crate) cloud_app_id: Option<String>,
    pub(crate) consoles: Consoles,
    pub(crate) visits: Visits,
    pub(crate) payments: Payments,
    pub(crate) phone_data: PhoneData,
    pub(crate) request_ids: RequestIds,
    pub(crate) codes: Codes,
    pub(crate) captchas: Captchas,
    pub(crate) session_keys: SessionKeys,
    pub(crate) app_tokens: AppTokens,
    pub(crate) user_tokens: UserTokens,
    pub(crate) quotas: Quotas,
    pub(crate) inbox: Inbox,
    pub(crate) nonces: Nonces,
    pub(crate) sends: SendLog,
    pub(crate) receipts: Receipts,
    pub(crate) sms_accounts: SmsAccounts,
    pub(crate) requests: RequestLog,
    pub(crate) faults: Faults,
}

impl World {
    /// The start of the world after so many resets.
    fn new(config: &SimulatorConfig, resets: u32) -> Self {
        Self {
            config: config.clone(),
            ahead: TimeDelta::zero(),
            random: Random::new(config.seed),
            people: People::new(&config.people),
            cloud_app_id: None,
            consoles: Consoles::default(),
            visits: Visits::default(),
            payments: Payments::default(),
            phone_data: PhoneData::default(),
            request_ids: RequestIds::default(),
            codes: Codes::default(),
            captchas: Captchas::default(),
            session_keys: SessionKeys::default(),
            app_tokens: AppTokens::default(),
            user_tokens: UserTokens::default(),
            quotas: Quotas::default(),
            // What is still under way for the world before finds no message of this one.
            inbox: Inbox::numbered_from(u64::from(resets) << 32),
            nonces: Nonces::default(),
            sends: SendLog::default(),
            receipts: Receipts::default(),
            sms_accounts: SmsAccounts::default(),
            requests: RequestLog::default(),
            faults: Faults::default(),
        }
    }

    /// Delivers a message, and plans its receipt where one is wanted: at the
    /// address that the request names, or that of the vendor's plan.
    pub(crate) fn deliver(&mut self, mut message: Message) {
        let planned = self.receipts.find(message.vendor);
        let address = match (&message.sending.callback, planned) {
            (Some(callback), _) => Some(callback),
            (None, planned) => planned.and_then(|plan| plan.url.as_ref()),
        };
        // An address beyond this machine is not reached from here.
        let url = address.and_then(|address| LoopbackUrl::parse(address).ok());
        let (Some(url), Some(form)) = (url, sms::receipt_form(message.vendor)) else {
            self.inbox.deliver(message);
            return;
        };
        let plan = planned
            .cloned()
            .unwrap_or_else(|| ReceiptPlan::usual(message.vendor));
        let (outcome, code) = match (message.sending.doom, plan.outcome) {
            (Some(doom), _) => (Outcome::Failed, doom),
            (None, Outcome::Delivered) => (Outcome::Delivered, form.codes.0),
            (None, Outcome::Failed) => (Outcome::Failed, form.codes.1),
        };
        let code = plan
            .code
            .clone()
            .filter(|_| message.sending.doom.is_none())
            .unwrap_or_else(|| code.to_owned());
        message.receipt = Some(Receipt {
            outcome,
            code,
            reported_at: None,
            acknowledged: false,
            pushes: Vec::new(),
        });
        let vendor = message.vendor;
        let id = self.inbox.deliver(message);
        let messages = if !plan.collects() {
            Messages::One(id)
        } else if self.receipts.collect(vendor, &url, id) {
            Messages::Collected
        } else {
            return;
        };
        self.receipts.start(Errand {
            plan,
            url,
            messages,
        });
    }

    /// The application with this id.
    pub(crate) fn find_app(&self, app_id: &str) -> Option<&SimulatedApp> {
        self.config.apps.iter().find(|app| app.app_id == app_id)
    }

    /// The first application of one of these kinds.
    pub(crate) fn first_app_of(&self, kinds: &[AppKind]) -> Option<&SimulatedApp> {
        kinds
            .iter()
            .find_map(|kind| self.config.apps.iter().find(|app| app.kind == *kind))
    }

    /// Whose openid of this application it is.
    pub(crate) fn find_visit(&self, app_id: &str, openid: &str) -> Option<Visit> {
        let names = self.people.iter().map(|(name, _)| name);
        self.visits.find(app_id, openid, names)
    }

    /// Whether this person has a `WeChat` account still.
    pub(crate) fn has_account(&self, person: &str) -> bool {
        let known = self.people.find(person);
        known.is_some_and(|person| !person.closed)
    }

    /// Whether `WeChat` lets this person log in anywhere.
    pub(crate) fn may_log_in(&self, person: &str) -> bool {
        let known = self.people.find(person);
        known.is_some_and(|person| !person.blocked)
    }

    /// Counts a call against a quota of `WeChat`; false when it is used up.
    pub(crate) fn spend_quota(
        &mut self,
        name: &'static str,
        who: &str,
        window: Window,
        limit: u32,
        now: DateTime<Utc>,
    ) -> bool {
        !self.config.wechat_quotas || self.quotas.spend(name, who, window, limit, now)
    }
}
