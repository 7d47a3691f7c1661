//! A server of its own for every test: real port, real database file, offline
//! WeChat and SMS vendor.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use menshen_app::clock::SystemClock;
use menshen_app::http::doors::Doors;
use menshen_app::settings::sms::vendors::Vendors;
use menshen_app::settings::{self, Settings, source};
use menshen_app::{server, wiring};
use menshen_domain::ports::clock::Clock as _;
use menshen_simulator::defaults;
use menshen_sms::VENDORS;
use menshen_sql::{Database, DatabaseOptions, SqlStore, StatementCount};
use menshen_token::key_set::KeySet;
use menshen_token::keyring::Keyring;
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, Statement};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::Call;
use super::process::variable;

/// The tables whose rows tell whether anything has happened.
const TABLES: [&str; 4] = ["users", "identities", "sessions", "outbox"];

/// A service that runs until it is dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    /// Where only some things are served.
    pub(crate) doors: Doors,
    pub(crate) http: reqwest::Client,
    /// The service's own connections.
    pub(crate) database: Database,
    /// Connections for looking, which the service does not wait for at its end.
    aside: Database,
    simulator: Option<SocketAddr>,
    given: Vec<(String, String)>,
    folder: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Started {
    address: SocketAddr,
    doors: Doors,
    simulator: Option<SocketAddr>,
    database: Database,
}

impl Service {
    /// Starts one with the defaults of development.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with these settings, written as the environment has them.
    pub(crate) async fn with(given: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::over(Arc::new(folder), owned(given)).await
    }

    /// Starts one more over the same database: a second replica, with an
    /// in-process store and an offline WeChat of its own.
    pub(crate) async fn beside(&self) -> Self {
        Self::over(Arc::clone(&self.folder), self.given.clone()).await
    }

    /// Starts one more over the same database, with these settings too, that asks
    /// the offline `WeChat` of this one.
    pub(crate) async fn replica(&self) -> Self {
        let app = format!(
            "[{{ app_id = {:?}, app_secret = {:?}, kind = \"mini_program\", platform = {:?} }}]",
            defaults::MINI_PROGRAM_APP_ID,
            defaults::MINI_PROGRAM_APP_SECRET,
            defaults::PLATFORM,
        );
        let mut given = self.given.clone();
        given.push(("wechat.base_url".to_owned(), self.simulator()));
        given.push(("wechat.apps".to_owned(), app));
        Self::over(Arc::clone(&self.folder), given).await
    }

    /// Stops, and starts again over the same database.
    pub(crate) async fn restarted(self) -> Self {
        let (folder, given) = (Arc::clone(&self.folder), self.given.clone());
        drop(self);
        Self::over(folder, given).await
    }

    /// The keys that this service signs with, old enough to have signed
    /// yesterday.
    pub(crate) async fn keys_of_yesterday(&self) -> Arc<KeySet> {
        let yesterday = (SystemClock.now() - chrono::TimeDelta::days(1)).to_rfc3339();
        self.sql(&format!(
            "UPDATE signing_keys SET not_before = '{yesterday}'"
        ))
        .await;
        self.keys_aside().await
    }

    /// The keys that this service signs with, as a command of the operator's has
    /// them.
    pub(crate) async fn keys_aside(&self) -> Arc<KeySet> {
        self.all_keys_aside().await.2
    }

    /// The stores of this service, with a ring that was read just now.
    pub(crate) async fn store_aside(&self) -> SqlStore {
        self.all_keys_aside().await.0
    }

    /// Makes a new key of the ring, as a command of the operator's does.
    pub(crate) async fn rotate_ring(&self, usage: &str) {
        let (_, ring, _) = self.all_keys_aside().await;
        let rotated = ring.rotate(&self.aside, usage, SystemClock.now()).await;
        rotated.expect("a new key");
    }

    async fn all_keys_aside(&self) -> (SqlStore, Arc<Keyring>, Arc<KeySet>) {
        let settings = settings(self.folder.path(), &self.given, VENDORS);
        let keys = wiring::keys(&settings, &self.aside).await;
        keys.expect("the keys")
    }

    /// Starts one where these are the SMS vendors that there are.
    pub(crate) async fn with_vendors(given: &[(&str, &str)], vendors: Vendors) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path(), &owned(given), vendors);
        Self::of(Arc::new(folder), owned(given), settings).await
    }

    /// Starts one with these settings, and with changes for which there is no key.
    pub(crate) async fn adjusted(
        given: &[(&str, &str)],
        adjust: impl FnOnce(&mut Settings),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = settings(folder.path(), &owned(given), VENDORS);
        adjust(&mut settings);
        Self::of(Arc::new(folder), owned(given), settings).await
    }

    async fn over(folder: Arc<TempDir>, given: Vec<(String, String)>) -> Self {
        let settings = settings(folder.path(), &given, VENDORS);
        Self::of(folder, given, settings).await
    }

    async fn of(folder: Arc<TempDir>, given: Vec<(String, String)>, settings: Settings) -> Self {
        let url = settings.stores.database_url.clone();
        let (started, stop, thread) = tokio::task::spawn_blocking(move || run(settings))
            .await
            .expect("a started server");
        let options = DatabaseOptions {
            max_connections: 1,
            ..DatabaseOptions::default()
        };
        let aside = Database::open(&url, options).await;
        Self {
            address: started.address,
            doors: started.doors,
            http: http(),
            database: started.database,
            aside: aside.expect("the database"),
            simulator: started.simulator,
            given,
            folder,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Begins a request.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call::new(&self.http, self.address, method, path)
    }

    /// Begins a request at another of its listeners.
    pub(crate) fn call_at(&self, address: SocketAddr, method: Method, path: &str) -> Call {
        Call::new(&self.http, address, method, path).at_any_door()
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Its folder, as the working directory of a command of the operator's.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens itself, as others of this machine reach it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the offline WeChat and the offline vendors listen.
    pub(crate) fn simulator(&self) -> String {
        format!("http://{}", self.simulator.expect("a simulator"))
    }

    /// What the database was asked so far.
    pub(crate) fn statements(&self) -> StatementCount {
        self.database.statements()
    }

    /// How many rows each table has. The audit log is left out: it is told of
    /// refusals too.
    pub(crate) async fn rows(&self) -> BTreeMap<&'static str, i64> {
        let mut rows = BTreeMap::new();
        for table in TABLES {
            rows.insert(table, self.count(table).await);
        }
        rows
    }

    /// How many rows there are of `what`: a table, perhaps with conditions.
    pub(crate) async fn count(&self, what: &str) -> i64 {
        let db = self.aside.connection();
        let sql = format!("SELECT COUNT(*) FROM {what}");
        let row = db
            .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
            .await
            .expect("an answer")
            .expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// The database as others see it, also after the service's end.
    pub(crate) fn witness(&self) -> Database {
        self.aside.clone()
    }

    /// Changes the database behind the service's back: what no route can do
    /// yet, such as disabling an account or letting time pass.
    pub(crate) async fn sql(&self, statement: &str) {
        self.try_sql(statement).await.expect("a change");
    }

    /// The same, where the database may refuse.
    pub(crate) async fn try_sql(&self, statement: &str) -> Result<(), sea_orm::DbErr> {
        let db = self.aside.connection();
        db.execute_unprepared(statement).await.map(drop)
    }

    /// Lets all sessions have proven who is there an hour ago.
    pub(crate) async fn age_proofs(&self) {
        let hour = chrono::TimeDelta::hours(1);
        let then = (SystemClock.now() - hour).to_rfc3339();
        self.sql(&format!("UPDATE sessions SET proven_at = '{then}'"))
            .await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A server that panicked has told so already.
            drop(thread.join());
        }
    }
}

/// A client that goes nowhere but where it is sent.
fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client")
}

fn owned(given: &[(&str, &str)]) -> Vec<(String, String)> {
    let each = given.iter();
    each.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn settings(folder: &Path, given: &[(String, String)], vendors: Vendors) -> Settings {
    let url = format!("sqlite://{}", folder.join("data/menshen.db").display());
    let base = [
        ("server.listen", "127.0.0.1:0"),
        ("server.workers", "2"),
        ("server.shutdown_grace", "0s"),
        ("database.url", &url),
    ];
    let given = given
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let variables = base.into_iter().chain(given);
    // A name without a section is none of ours in the environment.
    let (in_file, variables): (Vec<_>, Vec<_>) = variables.partition(|(key, _)| *key == "webhooks");
    let lines: Vec<_> = in_file
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    let file = folder.join("service.toml");
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let variables = variables
        .into_iter()
        .map(|(key, value)| (variable(key), value.to_owned()));
    let all = source::collect(Some(&file), variables).expect("settings");
    let (settings, report) = settings::read_with(all, SystemClock.now(), vendors);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    settings
}

/// Runs a server in a thread and a runtime of its own, as the command does.
fn run(settings: Settings) -> (Started, oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let running = server::start(&settings).await.expect("a server");
            let started = Started {
                address: running.address,
                doors: running.doors,
                simulator: running.simulator_address,
                database: running.database.clone(),
            };
            tell.send(started).expect("a test that waits");
            let stop = async {
                // Dropped or sent: both mean the end.
                drop(stopped.await);
            };
            running.until(stop).await.expect("a clean end");
        });
    });
    let started = told.recv().expect("a server that starts");
    (started, stop, thread)
}
