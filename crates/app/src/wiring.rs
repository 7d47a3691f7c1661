//! The composition root: which adapter serves which port.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::model::wechat::AppId;
use menshen_domain::model::wechat::AppKind;
use menshen_domain::model::wechat::Platform;
use menshen_domain::model::wechat::WeChatApp;
use menshen_domain::model::wechat::WeChatApps;
use menshen_domain::ports::BoxError;
use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::wechat_gateway::WeChatGateway;
use menshen_domain::ports::wechat_token_cache::WeChatTokenCache;
use menshen_images::ImageMetrics;
use menshen_memory::recent_sessions::RecentSessions;
use menshen_memory::turns::MemoryTurns;
use menshen_simulator::RunningSimulator;
use menshen_simulator::Simulator;
use menshen_simulator::defaults;
use menshen_sql::{Database, DatabaseError, SqlStore};
use menshen_telemetry::{Tracing, TracingConfig};
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::KeySet;
use menshen_token::key_set::KeySetError;
use menshen_token::key_set::KeyStage;
use menshen_token::key_set::TokenConfig;
use menshen_token::keyring::Keyring;
use menshen_token::system_randomness::SystemRandomness;
use menshen_wechat::AesOpenDataReader;
use menshen_wechat::CloudRunGateway;
use menshen_wechat::OfficialGateway;
use menshen_wechat::OfficialGatewayConfig;
use menshen_wechat::PushKeys;
use menshen_wechat::SafeModePush;
use menshen_wechat::WeChatMetrics;

use crate::clock::ServerClock;
use crate::clock::SystemClock;
use crate::housekeeping::Housekeeping;
use crate::http::App;
use crate::http::DropKeyError;
use crate::http::PublicKeys;
use crate::http::SigningKeyInfo;
use crate::http::SigningKeys;
use crate::http::readiness::Probe;
use crate::http::readiness::Readiness;
use crate::key_audit::tell_new_key;
use crate::master_key::master_keys;
use crate::metrics::Metrics;
use crate::metrics::pools::Pools;
use crate::observed::Observer;
use crate::receipt_address::ReceiptAddress;
use crate::resealing::Resealing;
use crate::settings::Profile;
use crate::settings::Settings;
use crate::settings::sms::captcha::CaptchaVendorSettings;
use crate::settings::tokens::Algorithm as AlgorithmSetting;
use crate::settings::wechat::GatewayKind;
use crate::simulated;
use crate::test_number_care::TestNumberCare;
use crate::use_cases::Keys;
use crate::use_cases::Machine;
use crate::use_cases::Outside;
use crate::use_cases::Stores;
use crate::use_cases::app;
use crate::webhooks::Delivering;

mod avatars;
mod background;
mod captcha;
mod ephemeral;
mod observed;
mod sms;

pub(crate) use avatars::bucket;
pub(crate) use background::renew_ring;
pub(crate) use captcha::verifier as captcha;
pub(crate) use ephemeral::{codes, redis};
pub(crate) use sms::vendor;

/// Sessions that a process remembers as live for a second.
const REMEMBERED_SESSIONS: usize = 100_000;

/// A failure to start, with its chain of sources.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// The simulator inside the process.
pub struct InProcessSimulator {
    /// The simulator, for its control API.
    pub simulator: Simulator,
    /// The server that it runs as, on the loopback.
    pub running: RunningSimulator,
}

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
    /// The time that counts, for its maintenance.
    pub clock: Arc<ServerClock>,
    /// The database, for closing and measuring.
    pub database: Database,
    /// The offline WeChat and vendors, in development.
    pub simulator: Option<InProcessSimulator>,
    /// Where vendors push delivery receipts, if they do.
    pub receipt_address: Option<ReceiptAddress>,
}

/// Connects the database as the settings say.
///
/// # Errors
///
/// As of the adapter.
pub async fn database(settings: &Settings) -> Result<Database, StartError> {
    let stores = &settings.stores;
    if !stores.database_url.is_protected() {
        tracing::warn!("PostgreSQL on another machine is reached without TLS that checks it");
    }
    Ok(Database::open(&stores.database_url, stores.database).await?)
}

/// Refuses a schema that is not the one of this version.
///
/// # Errors
///
/// What to do about it.
pub async fn check_schema(database: &Database) -> Result<(), StartError> {
    database.check_schema().await.map_err(|error| match error {
        DatabaseError::SchemaTooOld { .. } => format!("{error}: run menshen migrate up").into(),
        other => other.into(),
    })
}

/// Opens the keys of a migrated database.
///
/// # Errors
///
/// As of the adapters.
pub async fn keys(
    settings: &Settings,
    database: &Database,
) -> Result<(SqlStore, Arc<Keyring>, Arc<KeySet>), StartError> {
    let randomness: Arc<dyn Randomness> = Arc::new(SystemRandomness);
    let now = SystemClock.now();
    let masters = master_keys(settings, &*randomness)?;
    let keyring = Arc::new(Keyring::open(database, &masters, Arc::clone(&randomness), now).await?);
    let store = SqlStore::new(
        database.clone(),
        keyring.clone(),
        keyring.clone(),
        Arc::clone(&randomness),
    );
    let signing = KeySet::open(
        token_config(settings),
        Arc::new(store.clone()),
        keyring.clone(),
        randomness,
        now,
    )
    .await?;
    if let Some(kid) = signing.made_at_open() {
        tell_new_key(&store, kid, None).await;
    }
    Ok((store, keyring, Arc::new(signing)))
}

/// Wires everything.
///
/// # Errors
///
/// As of the adapters, each with a sentence that says what to do.
pub async fn wire(settings: &Settings) -> Result<Parts, StartError> {
    let database = migrated(settings).await?;
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
        push: Arc::new(push(settings)?),
        sender: observed::sender(&observer, Arc::new(messages.sender)),
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
    let keys = ports_of(&key_set, &clock, &observer);
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
    let app = app(
        settings,
        stores,
        outside,
        keyring.clone(),
        keys,
        machine,
        readiness,
    );
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
        clock: server_clock,
        database,
        simulator,
        receipt_address,
    })
}

/// The keys that sign, as the ports that they serve.
fn ports_of(key_set: &Arc<KeySet>, clock: &Arc<dyn Clock>, observer: &Observer<'_>) -> Keys {
    let served = Arc::new(ServedKeys(key_set.clone(), clock.clone()));
    Keys {
        issuer: observed::issuer(observer, key_set.clone()),
        verifier: key_set.clone(),
        public: served.clone(),
        looked_after: served,
    }
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
    let database = Arc::new(DatabaseProbe(database.clone()));
    Arc::new(Readiness::new(database, ephemeral))
}

/// The database with the schema of this version.
async fn migrated(settings: &Settings) -> Result<Database, StartError> {
    let database = database(settings).await?;
    if settings.stores.auto_migrate {
        database.migrate_up().await?;
    } else {
        check_schema(&database).await?;
    }
    Ok(database)
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

fn token_config(settings: &Settings) -> TokenConfig {
    let tokens = &settings.tokens;
    let policy = &tokens.policy;
    TokenConfig {
        issuer: tokens.issuer.clone(),
        audience: tokens.audience.clone(),
        algorithm: match tokens.algorithm {
            AlgorithmSetting::Es256 => Algorithm::Es256,
            AlgorithmSetting::EdDsa => Algorithm::EdDsa,
            AlgorithmSetting::Rs256 => Algorithm::Rs256,
            AlgorithmSetting::Hs256 => Algorithm::Hs256,
        },
        key_rotation: tokens.key_rotation,
        longest_access_ttl: policy
            .mini_program
            .access
            .max(policy.app.access)
            .max(policy.web.access),
    }
}

/// Starts the offline WeChat and vendors on a loopback port, where they are meant.
pub(crate) async fn simulator(
    settings: &Settings,
) -> Result<Option<InProcessSimulator>, StartError> {
    let sms = settings
        .sms
        .vendors
        .iter()
        .any(|vendor| vendor.simulated().is_some());
    let captcha = matches!(
        settings.sms.captcha.vendor,
        Some(CaptchaVendorSettings::Simulated(_))
    );
    if !settings.wechat.is_simulated() && !sms && !captcha {
        return Ok(None);
    }
    let simulator = Simulator::new(simulated::beside(settings));
    let running = simulator
        .start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await?;
    Ok(Some(InProcessSimulator { simulator, running }))
}

/// The configured applications, or the simulator's.
pub(crate) fn apps(settings: &Settings) -> Result<WeChatApps, StartError> {
    let configured = settings.wechat.apps.iter().map(|app| app.app.clone());
    if !uses_simulated_apps(settings) {
        return Ok(WeChatApps::new(configured.collect()));
    }
    let simulated = simulated_apps().into_iter().map(|(id, _, kind)| {
        let platform = Some(Platform::parse(defaults::PLATFORM)?);
        Ok::<_, StartError>(WeChatApp {
            id: AppId::parse(id)?,
            kind,
            platform,
        })
    });
    Ok(WeChatApps::new(simulated.collect::<Result<_, _>>()?))
}

fn uses_simulated_apps(settings: &Settings) -> bool {
    settings.wechat.apps.is_empty() && settings.wechat.is_simulated()
}

fn simulated_apps() -> [(&'static str, &'static str, AppKind); 3] {
    [
        (
            defaults::MINI_PROGRAM_APP_ID,
            defaults::MINI_PROGRAM_APP_SECRET,
            AppKind::MiniProgram,
        ),
        (defaults::APP_APP_ID, defaults::APP_APP_SECRET, AppKind::App),
        (
            defaults::WEBSITE_APP_ID,
            defaults::WEBSITE_APP_SECRET,
            AppKind::Website,
        ),
    ]
}

pub(crate) fn gateway(
    settings: &Settings,
    simulated: Option<SocketAddr>,
    metrics: &WeChatMetrics,
    tokens: Arc<dyn WeChatTokenCache>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn WeChatGateway>, StartError> {
    let wechat = &settings.wechat;
    let base_urls = match simulated.filter(|_| wechat.is_simulated()) {
        Some(address) => vec![format!("http://{address}")],
        None => wechat.base_urls.clone(),
    };
    let apps = if uses_simulated_apps(settings) {
        let apps = simulated_apps()
            .map(|(id, secret, _)| Ok::<_, StartError>((AppId::parse(id)?, secret.into())));
        apps.into_iter().collect::<Result<_, _>>()?
    } else {
        wechat
            .apps
            .iter()
            .map(|app| (app.app.id.clone(), app.secret.clone()))
            .collect()
    };
    let config = OfficialGatewayConfig {
        base_urls,
        timeout: wechat.timeout,
        apps,
        metrics: metrics.clone(),
    };
    Ok(match wechat.gateway {
        GatewayKind::Official => {
            Arc::new(OfficialGateway::with_token_cache(config, clock, tokens)?)
        }
        GatewayKind::CloudRun => Arc::new(CloudRunGateway::new(config, clock, tokens)?),
    })
}

/// Token and key of message push for the simulated applications; the simulator is
/// told where to push, and these, through its control API.
const SIMULATED_PUSH: [&str; 2] = ["pushtoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"];

/// The reader of pushed messages, for the applications that have keys for it.
fn push(settings: &Settings) -> Result<SafeModePush, StartError> {
    if uses_simulated_apps(settings) {
        let [token, key] = SIMULATED_PUSH.map(Into::into);
        let keys = simulated_apps().map(|(id, ..)| {
            Ok::<_, StartError>((AppId::parse(id)?, PushKeys::parse(&token, &key)?))
        });
        let keys = keys.into_iter().collect::<Result<Vec<_>, _>>()?;
        return Ok(SafeModePush::new(keys));
    }
    let with_keys = settings.wechat.apps.iter().filter_map(|app| {
        let (token, key) = app.push.as_ref()?;
        let keys = PushKeys::parse(token, key).map_err(StartError::from);
        Some(keys.map(|keys| (app.app.id.clone(), keys)))
    });
    Ok(SafeModePush::new(with_keys.collect::<Result<Vec<_>, _>>()?))
}

struct DatabaseProbe(Database);

#[async_trait]
impl Probe for DatabaseProbe {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(self.0.check_writable().await?)
    }
}

struct ServedKeys(Arc<KeySet>, Arc<dyn Clock>);

impl PublicKeys for ServedKeys {
    fn jwks(&self) -> String {
        self.0.jwks(self.1.now()).to_string()
    }
}

#[async_trait]
impl SigningKeys for ServedKeys {
    fn list(&self) -> Vec<SigningKeyInfo> {
        let keys = self.0.list(self.1.now()).into_iter();
        let shown = keys.map(|key| SigningKeyInfo {
            kid: key.kid,
            algorithm: key.algorithm.to_string(),
            stage: match key.stage {
                KeyStage::Next => "next",
                KeyStage::Signing => "signing",
                KeyStage::Checking => "checking",
            },
            not_before: key.not_before,
            retire_at: key.retire_at,
        });
        shown.collect()
    }

    async fn drop_key(&self, kid: &str) -> Result<Option<String>, DropKeyError> {
        match self.0.drop_key(kid, self.1.now()).await {
            Ok(dropped) => Ok(dropped.made),
            Err(KeySetError::NotThere { .. }) => Err(DropKeyError::NotThere),
            Err(error) => Err(DropKeyError::Unavailable(Box::new(error))),
        }
    }
}
