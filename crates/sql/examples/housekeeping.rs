//! Measures on a real PostgreSQL, with as many rows as you say:
//!
//! ```sh
//! cargo run --release -p menshen-sql --example housekeeping -- purge 1000000
//! cargo run --release -p menshen-sql --example housekeeping -- sizes 100000
//! ```
//!
//! `purge` removes so many sessions that are over while people sign in and refresh,
//! and tells how long they wait with and without it; `sizes` tells what a row of
//! each table costs with its indexes. The server is a throwaway one, or that of
//! `DATABASE_URL`, which is to be empty.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for people, which stops where something is wrong"
)]

#[path = "../tests/support/filling.rs"]
mod filling;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use menshen_domain::model::account::Account;
use menshen_domain::model::identifiers::{HolderId, SessionId};
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::retention::{Pace, RetentionPolicy};
use menshen_domain::ports::account_store::AccountStore as _;
use menshen_domain::ports::clock::MockClock;
use menshen_domain::ports::session_store::{Rotation, SessionStore as _};
use menshen_domain::services::avatars::SweepAvatars;
use menshen_domain::services::erase_due::EraseDue;
use menshen_domain::services::keep_house::{KeepHouse, Step};
use menshen_sql::{Database, DatabaseOptions, SqlStore};
use menshen_testkit::fake_keys::{FakeMac, FakeSealer};
use menshen_testkit::people::People;
use menshen_testkit::sample::{SeededRandomness, now};
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, Statement};
use tokio::task::JoinSet;

/// Logins a second, and as many refreshes.
const RATE: u32 = 20;
/// Who sign in, in turns.
const CROWD: u32 = 40;
/// How long to measure without housekeeping.
const BEFORE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let what = words.next().unwrap_or_default();
    let many: u64 = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(100_000);
    let (url, _server) = if let Ok(url) = std::env::var("DATABASE_URL") {
        (url, None)
    } else {
        let server = PostgresDatabase::fresh().await;
        (server.url.clone(), Some(server))
    };
    let options = DatabaseOptions {
        max_connections: 16,
        ..DatabaseOptions::default()
    };
    let database = Database::connect(&url, options).await.unwrap();
    database.migrate_up().await.unwrap();
    match what.as_str() {
        "purge" => purge(&database, many).await,
        "sizes" => sizes(&database, many).await,
        _ => println!("say purge or sizes, and how many rows"),
    }
}

async fn sql(database: &Database, statement: &str) {
    let mut transaction = String::from("SET LOCAL statement_timeout = 0; ");
    transaction.push_str(statement);
    let done = database.connection().execute_unprepared(&transaction);
    done.await.unwrap();
}

async fn purge(database: &Database, many: u64) {
    let end = now().timestamp() - 31 * 86_400;
    println!("filling {many} sessions");
    let mut filled = 0;
    while filled < many {
        let part = (many - filled).min(50_000);
        filled += part;
        let end = end - i64::try_from(many - filled).unwrap();
        filling::fill_sessions(database.connection(), part, end).await;
    }
    sql(database, "ANALYZE").await;
    let store = store(database);
    let mut crowd = Vec::new();
    for n in 0..CROWD {
        crowd.push(Person::new(&store, n).await);
    }
    let crowd: Arc<[Person]> = crowd.into();
    let quiet = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn(keep_asking(Arc::clone(&crowd), Arc::clone(&quiet)));
    tokio::time::sleep(BEFORE).await;
    quiet.store(true, Ordering::Release);
    load.await.unwrap().tell("without housekeeping");

    let quiet = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn(keep_asking(crowd, Arc::clone(&quiet)));
    let since = Instant::now();
    let (rows, batches, slowest) = round(&keep_house(database)).await;
    let took = since.elapsed();
    quiet.store(true, Ordering::Release);
    load.await.unwrap().tell("with housekeeping");
    println!(
        "{rows} rows in {batches} batches within {:.1} s: {:.0} rows/s; slowest batch {} ms",
        took.as_secs_f64(),
        f64::from(u32::try_from(rows).unwrap()) / took.as_secs_f64(),
        slowest.as_millis()
    );
}

fn store(database: &Database) -> SqlStore {
    SqlStore::new(
        database.clone(),
        Arc::new(FakeSealer),
        Arc::new(FakeMac),
        Arc::new(SeededRandomness::new(7)),
    )
}

/// As the service has it by default.
fn keep_house(database: &Database) -> KeepHouse {
    let mut clock = MockClock::new();
    clock.expect_now().returning(now);
    let store = Arc::new(database.clone());
    let month = Duration::from_hours(30 * 24);
    KeepHouse {
        leases: store.clone(),
        store,
        erase: Arc::new(EraseDue {
            accounts: Arc::new(self::store(database)),
            randomness: Arc::new(SeededRandomness::new(2)),
        }),
        avatars: Arc::new(SweepAvatars {
            store: Arc::new(database.clone()),
            records: Arc::new(database.clone()),
        }),
        clock: Arc::new(clock),
        holder: HolderId::generate(&SeededRandomness::new(1), now()),
        policy: RetentionPolicy {
            sessions: month,
            audit_events: month * 6,
            messages: month * 3,
            delivered_events: month,
            undelivered_events: month,
            deliveries: month,
        },
        pace: Pace {
            batch: 500,
            pause: Duration::from_millis(50),
            interval: Duration::from_mins(10),
        },
    }
}

async fn round(house: &KeepHouse) -> (u64, u64, Duration) {
    let mut round = house.begin().await.unwrap().unwrap();
    let (mut rows, mut batches, mut slowest) = (0, 0, Duration::ZERO);
    loop {
        let since = Instant::now();
        match house.step(&mut round).await.unwrap() {
            Step::Did(_, removed) => rows += removed,
            Step::Done => return (rows, batches, slowest),
            Step::Failed(.., error) => panic!("{error:?}"),
            Step::LeaseLost => panic!("the lease is lost"),
        }
        batches += 1;
        let took = since.elapsed();
        slowest = slowest.max(took);
        tokio::time::sleep(house.pace.pause_after(took)).await;
    }
}

/// Somebody who signs in and refreshes all the time.
#[derive(Clone)]
struct Person {
    people: People,
    store: SqlStore,
    account: Account,
    session: SessionId,
}

impl Person {
    async fn new(store: &SqlStore, n: u32) -> Self {
        let people = People::new(u64::from(n) << 32);
        let account = people.whole_account(n);
        store.apply(&people.creation(&account)).await.unwrap();
        let session = people.session(account.id, None, Duration::ZERO);
        let id = session.id;
        let login = people.login(&account, session, 0);
        store.apply(&login).await.unwrap();
        Self {
            people,
            store: store.clone(),
            account,
            session: id,
        }
    }

    async fn sign_in(&self, device: u32) {
        let device = device.to_string();
        let session = self
            .people
            .session(self.account.id, Some(&device), Duration::ZERO);
        let login = self.people.login(&self.account, session, 5);
        self.store.apply(&login).await.unwrap();
    }

    async fn refresh(&self) {
        let found = self.store.find(self.session).await.unwrap().unwrap();
        let from = found.session.refresh;
        let to = RefreshState {
            current: from.current + 1,
            previous: Some(from.current),
            current_issued_at: now(),
            previous_exchanged_at: Some(now()),
        };
        let rotated = self.store.rotate(self.session, &from, &to, now(), None);
        // Lost where the same person was still at it, which is an answer, too.
        let _: Rotation = rotated.await.unwrap();
    }
}

/// Asks at a constant rate, however long the answers take, until `quiet`; waits are
/// counted from when a request was meant to begin.
async fn keep_asking(crowd: Arc<[Person]>, quiet: Arc<AtomicBool>) -> Waits {
    let (start, mut asking) = (Instant::now(), JoinSet::new());
    for asked in 0.. {
        let meant = start + Duration::from_secs(1) * asked / RATE;
        tokio::time::sleep_until(meant.into()).await;
        if quiet.load(Ordering::Acquire) {
            break;
        }
        let person = crowd[(asked % CROWD) as usize].clone();
        asking.spawn(async move {
            person.sign_in(asked / CROWD % 2).await;
            let login = meant.elapsed();
            let begun = Instant::now();
            person.refresh().await;
            (login, begun.elapsed())
        });
    }
    let (logins, refreshes) = asking.join_all().await.into_iter().unzip();
    Waits { logins, refreshes }
}

/// How long people waited.
struct Waits {
    logins: Vec<Duration>,
    refreshes: Vec<Duration>,
}

impl Waits {
    fn tell(mut self, when: &str) {
        for (what, waits) in [
            ("logins", &mut self.logins),
            ("refreshes", &mut self.refreshes),
        ] {
            waits.sort_unstable();
            let at = |share: usize| waits[(waits.len() * share / 1000).min(waits.len() - 1)];
            println!(
                "{when}: {} {what}, p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, slowest {:.1} ms",
                waits.len(),
                at(500).as_secs_f64() * 1e3,
                at(990).as_secs_f64() * 1e3,
                at(999).as_secs_f64() * 1e3,
                at(1000).as_secs_f64() * 1e3,
            );
        }
    }
}

/// Users with a phone number, an openid and a unionid each, and a session each.
const PEOPLE: &str = "\
    INSERT INTO users (id, status, phone_sealed, phone_index, phone_proof, nickname, avatar_url, \
    consent_version, consented_at, version, created_at, updated_at, last_login_at) \
    SELECT (lpad(to_hex(1767225600000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid, \
    'active', decode(repeat('ab', 47), 'hex'), sha256(n::text::bytea), 'sms', '用户94mnp8', \
    'https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132', \
    '2026-01', now(), 1, now(), now(), now() FROM generate_series(1, $N) n; \
    INSERT INTO identities (id, user_id, provider, app_id, subject, session_key_sealed, \
    session_key_at, linked_at) \
    SELECT (lpad(to_hex(1767225600000 + n), 12, '0') || '7' || substr(md5('i' || n), 1, 19))::uuid, \
    (lpad(to_hex(1767225600000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid, \
    'wechat_mini_program', 'wx5f3a9c0d7e1b2a48', 'o' || substr(md5('o' || n), 1, 27), \
    decode(repeat('ab', 49), 'hex'), now(), now() FROM generate_series(1, $N) n; \
    INSERT INTO identities (id, user_id, provider, app_id, subject, linked_at) \
    SELECT (lpad(to_hex(1767225600000 + n), 12, '0') || '7' || substr(md5('u' || n), 1, 19))::uuid, \
    (lpad(to_hex(1767225600000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid, \
    'wechat_platform', 'main', 'o' || substr(md5('p' || n), 1, 27), now() \
    FROM generate_series(1, $N) n";

/// Sessions and what is told of accounts belong to people at random; every other
/// session lives.
const SPREAD: &str = "\
    CREATE TEMP TABLE who AS SELECT row_number() OVER (ORDER BY md5(id::text)) AS n, id FROM users; \
    CREATE TEMP TABLE was AS SELECT row_number() OVER (ORDER BY id) AS n, * FROM sessions; \
    CREATE TEMP TABLE told AS SELECT row_number() OVER (ORDER BY id) AS n, * FROM audit_events; \
    TRUNCATE sessions; TRUNCATE audit_events; \
    INSERT INTO sessions (id, user_id, client_type, device_id, device_name, client_version, app_id, \
    address, user_agent, created_at, last_seen_at, proven_at, expires_at, ended_at, end_reason, \
    generation, previous_generation, current_issued_at, previous_exchanged_at, code_id) \
    SELECT was.id, who.id, client_type, device_id, device_name, client_version, app_id, address, \
    user_agent, created_at, last_seen_at, proven_at, expires_at + interval '180 days', \
    CASE WHEN was.n % 2 = 0 THEN expires_at END, CASE WHEN was.n % 2 = 0 THEN 'replaced' END, \
    generation, previous_generation, current_issued_at, previous_exchanged_at, \
    CASE WHEN was.n % 2 = 0 THEN decode(md5(was.n::text), 'hex') END \
    FROM was JOIN who USING (n) ORDER BY was.id; \
    INSERT INTO audit_events (id, at, action, user_id, session_id, method, address, device_id, \
    request_id) SELECT told.id, at, action, who.id, session_id, method, address, device_id, \
    request_id FROM told JOIN who USING (n) ORDER BY told.id";

async fn sizes(database: &Database, many: u64) {
    sql(database, &PEOPLE.replace("$N", &many.to_string())).await;
    filling::fill(database.connection(), many, now().timestamp()).await;
    sql(database, SPREAD).await;
    sql(database, "ANALYZE").await;
    println!("| table | rows | bytes a row | of them the row itself | indexes |");
    println!("| --- | --- | --- | --- | --- |");
    let statement = "\
        SELECT relname AS name, n_live_tup AS rows, pg_total_relation_size(relid) AS whole, \
        pg_relation_size(relid) AS heap, pg_indexes_size(relid) AS indexes \
        FROM pg_stat_user_tables WHERE schemaname = 'public' AND n_live_tup >= $1 ORDER BY relname";
    let db = database.connection();
    let least = i64::try_from(many).unwrap() / 2;
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, statement, [least.into()]);
    // The server notes what was written a moment later.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for row in db.query_all_raw(statement).await.unwrap() {
        let number = |column| row.try_get::<i64>("", column).unwrap();
        let rows = number("rows");
        println!(
            "| `{}` | {rows} | {} | {} | {} |",
            row.try_get::<String>("", "name").unwrap(),
            number("whole") / rows,
            number("heap") / rows,
            number("indexes") / rows,
        );
    }
}
