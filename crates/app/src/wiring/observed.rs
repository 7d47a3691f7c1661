//! Which ports are watched, and under which name.

use std::sync::Arc;

use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::admin_reader::AdminReader;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::avatar_records::AvatarRecords;
use menshen_domain::ports::avatar_store::AvatarStore;
use menshen_domain::ports::captcha_verifier::CaptchaVerifier;
use menshen_domain::ports::code_store::CodeStore;
use menshen_domain::ports::outbox::Outbox;
use menshen_domain::ports::personal_records::PersonalRecordsReader;
use menshen_domain::ports::rate_limiter::RateLimiter;
use menshen_domain::ports::send_records::SendRecords;
use menshen_domain::ports::session_store::SessionStore;
use menshen_domain::ports::sms_sender::SmsSender;
use menshen_domain::ports::test_number_store::TestNumberStore;
use menshen_domain::ports::token_issuer::TokenIssuer;
use menshen_domain::ports::turns::Turns;
use menshen_domain::ports::wechat_gateway::WeChatGateway;
use menshen_memory::turns::MemoryTurns;
use menshen_sql::SqlStore;
use menshen_telemetry::Tracing;
use menshen_token::key_set::KeySet;
use menshen_token::keyring::Keyring;
use prometheus_client::registry::Registry;

use super::ephemeral::EphemeralStores;
use crate::clock::SystemClock;
use crate::metrics::keys::{RingKeys, SigningKeys};
use crate::metrics::traces::Traces;
use crate::observed::Observer;
use crate::observed::counting::Counted;

const SQL: &str = "sql";

/// The ports of the database.
pub(super) struct SqlPorts {
    pub(super) accounts: Arc<dyn AccountStore>,
    pub(super) sessions: Arc<dyn SessionStore>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) records: Arc<dyn SendRecords>,
    pub(super) personal: Arc<dyn PersonalRecordsReader>,
    pub(super) admin_reader: Arc<dyn AdminReader>,
    pub(super) test_numbers: Arc<dyn TestNumberStore>,
    pub(super) outbox: Arc<dyn Outbox>,
}

/// Watches the ports of the database, below what a process remembers of it.
pub(super) fn sql(observer: &Observer<'_>, store: &SqlStore) -> SqlPorts {
    let outcomes = || observer.metrics.outcomes.clone();
    let accounts: Arc<dyn AccountStore> = Arc::new(store.clone());
    let accounts: Arc<dyn AccountStore> = Arc::new(observer.store(SQL, accounts));
    let sessions: Arc<dyn SessionStore> = Arc::new(store.clone());
    let sessions: Arc<dyn SessionStore> = Arc::new(observer.store(SQL, sessions));
    let audit: Arc<dyn AuditLog> = Arc::new(store.clone());
    let audit: Arc<dyn AuditLog> = Arc::new(observer.store(SQL, audit));
    let records: Arc<dyn SendRecords> = Arc::new(store.clone());
    let records: Arc<dyn SendRecords> = Arc::new(observer.store(SQL, records));
    let personal: Arc<dyn PersonalRecordsReader> = Arc::new(store.clone());
    let admin_reader: Arc<dyn AdminReader> = Arc::new(store.clone());
    let test_numbers: Arc<dyn TestNumberStore> = Arc::new(store.clone());
    let outbox: Arc<dyn Outbox> = Arc::new(store.clone());
    SqlPorts {
        accounts: Arc::new(Counted {
            inner: accounts,
            outcomes: outcomes(),
        }),
        sessions: Arc::new(Counted {
            inner: sessions,
            outcomes: outcomes(),
        }),
        audit: Arc::new(Counted {
            inner: audit,
            outcomes: outcomes(),
        }),
        records: Arc::new(Counted {
            inner: records,
            outcomes: outcomes(),
        }),
        personal: Arc::new(observer.store(SQL, personal)),
        admin_reader: Arc::new(observer.store(SQL, admin_reader)),
        test_numbers: Arc::new(observer.store(SQL, test_numbers)),
        outbox: Arc::new(observer.store(SQL, outbox)),
    }
}

/// Watches the ports of the ephemeral store, and counts what they refuse.
pub(super) fn ephemeral(observer: &Observer<'_>, stores: EphemeralStores) -> EphemeralStores {
    let outcomes = || observer.metrics.outcomes.clone();
    let name = stores.name;
    let codes: Arc<dyn CodeStore> = Arc::new(observer.store(name, stores.codes));
    let limiter: Arc<dyn RateLimiter> = Arc::new(observer.store(name, stores.limiter));
    EphemeralStores {
        codes: Arc::new(Counted {
            inner: codes,
            outcomes: outcomes(),
        }),
        limiter: Arc::new(Counted {
            inner: limiter,
            outcomes: outcomes(),
        }),
        ledger: Arc::new(observer.store(name, stores.ledger)),
        tokens: Arc::new(observer.store(name, stores.tokens)),
        ..stores
    }
}

pub(super) fn avatar_store(
    observer: &Observer<'_>,
    name: &'static str,
    store: Arc<dyn AvatarStore>,
) -> Arc<dyn AvatarStore> {
    Arc::new(observer.store(name, store))
}

pub(super) fn avatar_records(
    observer: &Observer<'_>,
    records: Arc<dyn AvatarRecords>,
) -> Arc<dyn AvatarRecords> {
    Arc::new(observer.store(SQL, records))
}

/// Watches how long turns are waited for.
pub(super) fn turns(observer: &Observer<'_>, turns: MemoryTurns) -> Arc<dyn Turns> {
    let turns: Arc<dyn Turns> = Arc::new(turns);
    Arc::new(observer.store("memory", turns))
}

pub(super) fn gateway(
    observer: &Observer<'_>,
    gateway: Arc<dyn WeChatGateway>,
) -> Arc<dyn WeChatGateway> {
    Arc::new(observer.outside("wechat", gateway))
}

pub(super) fn sender(observer: &Observer<'_>, sender: Arc<dyn SmsSender>) -> Arc<dyn SmsSender> {
    Arc::new(observer.outside("sms", sender))
}

pub(super) fn captcha(
    observer: &Observer<'_>,
    verifier: Arc<dyn CaptchaVerifier>,
) -> Arc<dyn CaptchaVerifier> {
    Arc::new(observer.outside("captcha", verifier))
}

/// Signing does no I/O: it is counted and not timed.
pub(super) fn issuer(
    observer: &Observer<'_>,
    issuer: Arc<dyn TokenIssuer>,
) -> Arc<dyn TokenIssuer> {
    Arc::new(Counted {
        inner: issuer,
        outcomes: observer.metrics.outcomes.clone(),
    })
}

/// Shows what is looked at when it is asked for.
pub(super) fn parts(
    registry: &mut Registry,
    keys: &Arc<KeySet>,
    ring: &Arc<Keyring>,
    tracing: &Tracing,
) {
    registry.register_collector(Box::new(SigningKeys {
        keys: keys.clone(),
        clock: Arc::new(SystemClock),
    }));
    registry.register_collector(Box::new(RingKeys {
        ring: ring.clone(),
        clock: Arc::new(SystemClock),
    }));
    registry.register_collector(Box::new(Traces(tracing.clone())));
}
