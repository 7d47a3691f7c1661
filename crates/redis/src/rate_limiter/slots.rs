//! Which limits are counted together, in one slot of a cluster.

use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::limits::LimitKey;
use menshen_domain::model::spend::SpendScope;
use menshen_domain::model::wechat::{AppId, OpenId};

use crate::names::RedisNames;

/// What is counted together. Windows of one act are always of one slot; that is
/// what makes reserving them one atomic step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Messages, tries at codes and at admin keys, and what else is bounded by the
    /// messages sent.
    Messages,
    /// Rotations of refresh tokens: by far the most.
    Rotations,
    /// What is asked of WeChat's billed or laborious answers.
    WeChat,
    /// What people ask for about themselves.
    People,
}

impl Slot {
    /// The slot of a key. New keys must choose.
    pub(super) fn of(key: &LimitKey) -> Self {
        match key {
            LimitKey::SmsPhone(_)
            | LimitKey::SmsSource(_)
            | LimitKey::SmsNetwork(_)
            | LimitKey::SmsPrefix(_)
            | LimitKey::SmsAccount(_)
            | LimitKey::SmsDeployment
            | LimitKey::NumberNotices(_)
            | LimitKey::FailuresPhone(_)
            | LimitKey::FailuresSource(_)
            | LimitKey::FailuresNetwork(_)
            | LimitKey::GuessRun(_)
            | LimitKey::WrongCodes
            | LimitKey::GuessRows(_)
            | LimitKey::CaptchaFailures(_)
            | LimitKey::RefusalRows(_)
            | LimitKey::AdminKeys(_)
            | LimitKey::AdminSearches(_)
            | LimitKey::Events(_)
            | LimitKey::GuardRows(_) => Self::Messages,
            LimitKey::RefreshSession(_)
            | LimitKey::RefreshSource(_)
            | LimitKey::Replays(_)
            | LimitKey::EventsOf(..) => Self::Rotations,
            LimitKey::PhoneCalls(_)
            | LimitKey::PhoneCallsFor(..)
            | LimitKey::OpenData(_)
            | LimitKey::OpenDataOf(..) => Self::WeChat,
            LimitKey::Exports(_) | LimitKey::Avatars(_) => Self::People,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Rotations => "rotations",
            Self::WeChat => "wechat",
            Self::People => "people",
        }
    }
}

/// The name of what counts a key.
pub(super) fn name(names: &RedisNames, key: &LimitKey) -> String {
    let address = |address: &std::net::IpAddr| address.to_string().into_bytes();
    let session = |id: &SessionId| id.as_uuid().as_bytes().to_vec();
    // Neither of the two can contain the separator.
    let person = |app: &AppId, openid: &OpenId| [app.as_str(), openid.as_str()].join("/");
    let (kind, subject) = match key {
        LimitKey::SmsPhone(phone) => ("sms-phone", phone.as_e164().as_bytes().to_vec()),
        LimitKey::SmsSource(source) => ("sms-source", address(source)),
        LimitKey::SmsNetwork(network) => ("sms-network", address(network)),
        LimitKey::SmsPrefix(prefix) => ("sms-prefix", prefix.as_str().as_bytes().to_vec()),
        LimitKey::SmsAccount(user) => ("sms-account", user.as_uuid().as_bytes().to_vec()),
        LimitKey::SmsDeployment => ("sms-deployment", Vec::new()),
        LimitKey::NumberNotices(phone) => ("number-notices", phone.as_e164().as_bytes().to_vec()),
        LimitKey::FailuresPhone(phone) => ("failures-phone", phone.as_e164().as_bytes().to_vec()),
        LimitKey::FailuresSource(source) => ("failures-source", address(source)),
        LimitKey::FailuresNetwork(network) => ("failures-network", address(network)),
        LimitKey::GuessRun(phone) => ("guess-run", phone.as_e164().as_bytes().to_vec()),
        LimitKey::WrongCodes => ("wrong-codes", Vec::new()),
        LimitKey::GuessRows(phone) => {
            let phone = phone
                .as_ref()
                .map(|phone| phone.as_e164().as_bytes().to_vec());
            ("guess-rows", phone.unwrap_or_default())
        }
        LimitKey::CaptchaFailures(source) => ("captcha-failures", address(source)),
        LimitKey::RefusalRows(source) => ("refusal-rows", address(source)),
        LimitKey::AdminKeys(source) => ("admin-keys", address(source)),
        LimitKey::AdminSearches(name) => ("admin-searches", name.as_bytes().to_vec()),
        LimitKey::RefreshSession(id) => ("refresh-session", session(id)),
        LimitKey::RefreshSource(source) => ("refresh-source", address(source)),
        LimitKey::PhoneCalls(app) => ("phone-calls", app.as_str().as_bytes().to_vec()),
        LimitKey::PhoneCallsFor(app, openid) => {
            ("phone-calls-for", person(app, openid).into_bytes())
        }
        LimitKey::OpenData(id) => ("open-data", session(id)),
        LimitKey::Replays(id) => ("replays", session(id)),
        LimitKey::GuardRows(scope) => ("guard-rows", scope.as_bytes().to_vec()),
        LimitKey::Events(event) => ("events", event.as_str().as_bytes().to_vec()),
        LimitKey::EventsOf(event, id) => {
            let of = [event.as_str().as_bytes(), &session(id)].concat();
            ("events-of", of)
        }
        LimitKey::Avatars(user) => ("avatars", user.as_uuid().as_bytes().to_vec()),
        LimitKey::Exports(user) => ("exports", user.as_uuid().as_bytes().to_vec()),
        LimitKey::OpenDataOf(app, openid) => ("open-data-of", person(app, openid).into_bytes()),
    };
    names.within(Slot::of(key).as_str(), kind, &[&subject])
}

/// The name of what a message is weighed in, in the slot of the messages.
pub(super) fn scope(names: &RedisNames, scope: &SpendScope) -> String {
    let subject = match scope {
        SpendScope::Deployment => String::new(),
        SpendScope::Network(network) => network.to_string(),
        SpendScope::Prefix(prefix) => prefix.as_str().to_owned(),
    };
    let parts: [&[u8]; 2] = [scope.as_str().as_bytes(), subject.as_bytes()];
    names.within(Slot::Messages.as_str(), "spend", &parts)
}

/// The name of what says that a slot was told of the past.
pub(super) fn mark(names: &RedisNames, slot: Slot) -> String {
    names.within(slot.as_str(), "remembers", &[])
}

/// What is counted in one slot, with the keys that count it, each once.
pub(super) struct Group<'a, T> {
    pub(super) slot: Slot,
    pub(super) keys: Vec<String>,
    pub(super) counted: Vec<Placed<'a, T>>,
}

/// A window, or acts of the past, and the position of its key.
pub(super) struct Placed<'a, T> {
    pub(super) what: &'a T,
    pub(super) key: usize,
}

impl<T> Group<'_, T> {
    /// Nothing in a slot.
    pub(super) fn empty(slot: Slot) -> Self {
        Self {
            slot,
            keys: Vec::new(),
            counted: Vec::new(),
        }
    }
}

/// Sorts what is counted by its slot; nothing of a slot is no group.
pub(super) fn by_slot<T>(
    counted: &[T],
    key_of: impl Fn(&T) -> &LimitKey,
    name: impl Fn(&LimitKey) -> String,
) -> Vec<Group<'_, T>> {
    let mut groups: Vec<Group<T>> = Vec::with_capacity(1);
    for what in counted {
        let key = key_of(what);
        let slot = Slot::of(key);
        let position = groups.iter().position(|group| group.slot == slot);
        let position = position.unwrap_or_else(|| {
            groups.push(Group::empty(slot));
            groups.len() - 1
        });
        let group = &mut groups[position];
        let name = name(key);
        let key = group.keys.iter().position(|known| *known == name);
        let key = key.unwrap_or_else(|| {
            group.keys.push(name);
            group.keys.len() - 1
        });
        group.counted.push(Placed { what, key });
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use menshen_domain::model::client::ClientType;
    use menshen_domain::model::identifiers::{SessionId, UserId};
    use menshen_domain::model::limits::{Limits, Window};
    use menshen_domain::model::verification::{CodeScope, Purpose};
    use menshen_testkit::fake_keys::FakeMac;
    use menshen_testkit::sample::phone;

    use super::*;

    /// All windows of one act, for every act that there is.
    fn acts() -> Vec<Vec<Window>> {
        let limits = Limits {
            resend_interval: Duration::from_mins(1),
            per_phone_hour: 5,
            per_phone_day: 10,
            per_ip_hour: 20,
            per_ip_day: 100,
            per_network_hour: 300,
            per_prefix_hour: 60,
            per_account_day: 20,
            deployment_minute: 600,
            deployment_day: 10_000,
            failures_per_phone_day: 20,
            failures_per_ip: 30,
            failures_per_network: 100,
            refresh_per_session: 30,
            refresh_per_ip: 600,
        };
        let address = [203, 0, 113, 7].into();
        let session = SessionId::from_uuid(uuid::Uuid::from_u128(1));
        let scope = CodeScope {
            purpose: Purpose::StepUp(UserId::from_uuid(uuid::Uuid::from_u128(2))),
            client_type: ClientType::App,
            phone: phone(1),
        };
        vec![
            limits.for_sms(&scope, address),
            limits.for_number_notice(&phone(1)),
            Limits::for_replays(session),
            limits.for_code_try(&phone(1), false, address),
            limits.for_malformed_try(address),
            limits.for_refresh(session, address),
            Limits::for_refusal_row(address),
            Limits::for_export(UserId::from_uuid(uuid::Uuid::from_u128(2)), 5),
        ]
    }

    #[test]
    fn the_windows_of_one_act_are_of_one_slot() {
        let names = RedisNames::new("m", Arc::new(FakeMac));
        for windows in acts() {
            let groups = by_slot(&windows, |window| &window.key, |key| name(&names, key));
            assert_eq!(groups.len(), 1, "{windows:?}");
            assert_eq!(groups[0].counted.len(), windows.len());
            let tag = format!("m:{{{}}}:", groups[0].slot.as_str());
            assert!(groups[0].keys.iter().all(|key| key.starts_with(&tag)));
        }
    }
}
