//! The composition root: which adapter serves which port.

use std::sync::Arc;

use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::services::tell_old_number::TellOldNumber;
use menshen_images::ImageMetrics;
use menshen_memory::recent_sessions::RecentSessions;
use menshen_memory::turns::MemoryTurns;
use menshen_sql::Database;
use menshen_telemetry::{Tracing, TracingConfig};
use menshen_token::key_set::KeySet;
use menshen_token::keyring::Keyring;
use menshen_token::system_randomness::SystemRandomness;
use menshen_wechat::{AesOpenDataReader, WeChatMetrics};

use crate::clock::ServerClock;
use crate::housekeeping::Housekeeping;
use crate::http::App;
use crate::http::readiness::{Probe, Readiness};
use crate::metrics::Metrics;
use crate::metrics::pools::Pools;
use crate::number_notices::{Waiting, queue};
use crate::observed::Observer;
use crate::receipt_address::ReceiptAddress;
use crate::resealing::Resealing;
use crate::settings::{Profile, Settings};
use crate::test_number_care::TestNumberCare;
use crate::use_cases::{Machine, Outside, Stores, app};
use crate::webhooks::Delivering;

mod avatars;
mod background;
mod captcha;
mod database;
mod ephemeral;
mod keys;
mod observed;
mod simulator;
mod sms;
mod telling;
mod wechat;

pub(crate) use avatars::bucket;
pub(crate) use background::renew_ring;
pub(crate) use captcha::verifier as captcha;
pub use database::{check_schema, database};
pub(crate) use ephemeral::{codes, redis};
pub use keys::keys;
pub use simulator::InProcessSimulator;
pub(crate) use simulator::simulator;
pub(crate) use sms::vendor;
pub(crate) use telling::tell_alone;
use telling::tell_beside;
pub(crate) use wechat::{apps, gateway};

/// Sessions that a process remembers as live for a second.
const REMEMBERED_SESSIONS: usize = 100_000;

/// A failure to start, with its chain of sources.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// The parts that stay between requests.
pub struct Parts {
    /// What the handlers work with.
    pub app: App,
    /// The keys that sign, for their maintenance.
    pub key_set: Arc<KeySet>,
    /// The test numbers, for taking over those that are made elsewhere.
    pub(crate) test_numbers: TestNumberCare,
    /// The keyring, for its maintenance.
    pub keyring: Arc<Keyring>,
    /// The audit log, for what happens without a request.
    pub audit: Arc<dyn AuditLog>,
    /// Removes what was kept long enough.
    pub housekeeping: Housekeeping,
    /// Seals anew what stands under older keys, and takes those out of the ring.
    pub resealing: Resealing,
    /// Tells receivers what happened, where there is any.
    pub webhooks: Option<Delivering>,
    /// Numbers that were lost, and who tells them.
    pub(crate) number_notices: (Waiting, Arc<TellOldNumber>),
    /// The time that counts, for its maintenance.
    pub clock: Arc<ServerClock>,
    /// The database, for closing and measuring.
    pub database: Database,
    /// The offline WeChat and vendors, in development.
    pub simulator: Option<InProcessSimulator>,
    /// Where vendors push delivery receipts, if they do.
    pub receipt_address: Option<ReceiptAddress>,
}

/// Wires everything.
///
/// # Errors
///
/// As of the adapters, each with a sentence that says what to do.
pub async fn wire(settings: &Settings) -> Result<Parts, StartError> {
    let database = database::migrated(settings).await?;
    let server_clock = Arc::new(ServerClock::of(&database).await?);
    let clock: Arc<dyn Clock> = server_clock.clone();
    let (store, keyring, key_set) = keys(settings, &database).await?;
    let (mut metrics, tracing) = (metrics(settings), tracing(settings)?);
    let observer = Observer {
        metrics: &metrics,
        tracing: &tracing,
    };
    let simulator = simulator(settings).await?;
    let simulated = simulator.as_ref().map(|one| one.running.address());
    let receipt_address = receipt_address(settings);
    let image_metrics = ImageMetrics::default();
    let avatars = avatars::ports(settings, &observer, &database, &image_metrics, &clock)?;
    let wechat_metrics = WeChatMetrics::default();
    let messages = sms::messages(settings, simulated, receipt_address.as_ref(), &clock)?;
    let (number_notices, waiting) = queue(Arc::new(metrics.notices.clone()));
    let (captcha, captcha_metrics) = captcha::watched(settings, simulated, &clock, &observer)?;
    let ephemeral = observed::ephemeral(&observer, ephemeral::stores(settings, &keyring)?);
    let sql = observed::sql(&observer, &store);
    let sessions =
        RecentSessions::new(sql.sessions, REMEMBERED_SESSIONS, ephemeral.notices.clone());
    ephemeral.notices.subscribe(sessions.listener());
    let accounts: Arc<dyn AccountStore> = Arc::new(sessions.watch(sql.accounts));
    let tokens = ephemeral.tokens;
    let gateway = gateway(settings, simulated, &wechat_metrics, tokens, clock.clone())?;
    let outside = Outside {
        gateway: observed::gateway(&observer, gateway),
        reader: Arc::new(AesOpenDataReader),
        push: Arc::new(wechat::push(settings)?),
        sender: observed::sender(&observer, Arc::new(messages.sender)),
        number_notices: Arc::new(number_notices),
        captcha,
        apps: Arc::new(apps(settings)?),
        receipt_readers: messages.receipt_readers,
        receipt_observers: vec![messages.health],
        receipt_address: receipt_address.clone(),
    };
    let audit = sql.audit;
    let test_numbers = sql.test_numbers;
    let sweep = avatars.sweep.clone();
    let stores = Stores {
        admin_reader: sql.admin_reader,
        test_numbers: test_numbers.clone(),
        outbox: sql.outbox,
        accounts: accounts.clone(),
        turns: observed::turns(&observer, turns(settings)),
        sessions: Arc::new(sessions),
        audit: audit.clone(),
        records: sql.records,
        personal: sql.personal,
        codes: ephemeral.codes,
        limiter: ephemeral.limiter,
        avatars,
        ledger: ephemeral.ledger,
    };
    let readiness = readiness(&database, ephemeral.probe);
    let keys = keys::ports_of(&key_set, &clock, &observer);
    let housekeeping =
        background::housekeeping(settings, &database, accounts, sweep, clock.clone());
    let resealing = background::resealing(settings, &store, &keyring, &audit, clock.clone());
    let webhooks = background::webhooks(settings, &store, clock.clone())?;
    metrics.show(|registry| {
        background::show(registry, &housekeeping, &resealing, webhooks.as_ref());
        registry.register_collector(Box::new(Pools::new(database.clone(), ephemeral.redis)));
        wechat_metrics.register(registry);
        messages.metrics.register(registry);
        captcha_metrics.register(registry);
        image_metrics.register(registry);
        if let Some(notices) = &ephemeral.notice_metrics {
            notices.register(registry);
        }
        observed::parts(registry, &key_set, &keyring, &tracing);
    });
    let machine = machine(&clock, metrics, tracing);
    let ring = keyring.clone();
    let app = app(settings, stores, outside, ring, keys, machine, readiness);
    let told = Arc::new(app.metrics.notices.clone());
    let tell_old_number = Arc::new(tell_beside(&app.send_code, told));
    let test_numbers = TestNumberCare::begin(&app, test_numbers).await;
    Ok(Parts {
        app,
        test_numbers,
        key_set,
        keyring,
        audit,
        housekeeping,
        resealing,
        webhooks,
        number_notices: (waiting, tell_old_number),
        clock: server_clock,
        database,
        simulator,
        receipt_address,
    })
}

fn machine(clock: &Arc<dyn Clock>, metrics: Metrics, tracing: Tracing) -> Machine {
    Machine {
        clock: clock.clone(),
        randomness: Arc::new(SystemRandomness),
        metrics,
        tracing,
    }
}

fn readiness(database: &Database, ephemeral: Arc<dyn Probe>) -> Arc<Readiness> {
    let database = database::probe(database);
    Arc::new(Readiness::new(database, ephemeral))
}

/// Turns of whoever signs in. On PostgreSQL a quarter of the connections is left to
/// everybody who does not, however many log in at once; SQLite has one writer anyway.
fn turns(settings: &Settings) -> MemoryTurns {
    let stores = &settings.stores;
    if !stores.is_postgres() {
        return MemoryTurns::default();
    }
    let connections = stores.database.max_connections;
    let at_a_time = connections - connections / 4;
    MemoryTurns::new(usize::try_from(at_a_time).unwrap_or(usize::MAX))
}

/// The way to make spans, where the settings name a collector.
fn tracing(settings: &Settings) -> Result<Tracing, StartError> {
    let tracing = &settings.tracing;
    let Some(endpoint) = tracing.otlp_endpoint.clone() else {
        return Ok(Tracing::off());
    };
    let mut instance = [0; 8];
    SystemRandomness.fill(&mut instance);
    Ok(Tracing::start(TracingConfig {
        endpoint,
        authorization: tracing.authorization.clone(),
        sample_ratio: tracing.sample_ratio,
        trust_parent: tracing.trust_parent,
        service_name: tracing.service_name.clone(),
        service_version: env!("CARGO_PKG_VERSION"),
        instance: hex::encode(instance),
    })?)
}

/// Where `/metrics` is open to whoever reaches people's door, no version is told.
fn metrics(settings: &Settings) -> Metrics {
    let development = settings.profile == Profile::Development;
    Metrics::new(development || settings.server.metrics_listen.is_some())
}

/// Where delivery receipts are pushed to: as the settings say; in development
/// there is such a place in any case, with a secret of this process.
fn receipt_address(settings: &Settings) -> Option<ReceiptAddress> {
    let receipts = &settings.sms.receipts;
    let made = || {
        let mut bytes = [0; 24];
        SystemRandomness.fill(&mut bytes);
        hex::encode(bytes).into()
    };
    let development = settings.profile == Profile::Development;
    let secret = receipts.secret.clone();
    let secret = secret.or_else(|| development.then(made))?;
    Some(ReceiptAddress::new(secret, receipts.url.clone()))
}
