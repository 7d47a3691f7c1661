//! What stands under an older key of the ring is sealed anew while people sign in, and
//! then that key leaves the ring.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::Step;
use menshen_domain::model::wechat::{Provider, SessionKey};
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_sql::SqlStore;
use menshen_testkit::people::{People, app_id};
use menshen_testkit::servers::postgres::PostgresDatabase;
use serde_json::Value;

use crate::support::{Login, Process, Service, ended, menshen, said};

const MASTER: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
const USES: [&str; 2] = ["seal.phone_number", "seal.session_key"];
/// People who were there before.
const CROWD: u32 = 300;
const SESSION_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
/// The number of the simulator's person of that name.
const BOB: &str = "+8613900139000";
/// One person signs in more often than people do.
const UNLIMITED: [(&str, &str); 10] = [
    ("sms.resend_interval", "0s"),
    ("sms.per_phone_hour", "0"),
    ("sms.per_phone_day", "0"),
    ("sms.per_ip_hour", "0"),
    ("sms.per_ip_day", "0"),
    ("sms.per_account_day", "0"),
    ("sms.deployment_minute", "0"),
    ("sms.per_network_hour", "0"),
    ("sms.per_prefix_hour", "0"),
    ("sms.guard", "off"),
];
/// The first keys were made a moment before the test; a newer one begins later.
const MADE_YESTERDAY: &str =
    "UPDATE keyring SET not_before = not_before - interval '1 day' WHERE not_before <= now()";
/// How long to wait for what happens in the background.
const PATIENCE: Duration = Duration::from_mins(2);

/// People with numbers and session keys, whom nobody needs to sign in.
async fn fill(store: &SqlStore) -> Vec<Account> {
    let people = People::new(1);
    let mut crowd = Vec::new();
    for n in 1..=CROWD {
        let account = people.whole_account(n);
        let mut creation = people.creation(&account);
        creation.steps.push(Step::StoreSessionKey {
            provider: Provider::WeChatMiniProgram,
            app_id: app_id("wx1"),
            openid: account.identities[0].openid.clone(),
            key: SessionKey::parse(SESSION_KEY).expect("a key"),
        });
        store.apply(&creation).await.expect("an account");
        crowd.push(account);
    }
    crowd
}

/// Everybody is found by their number, which reads as before, and so does their
/// session key.
async fn assert_whole(store: &SqlStore, crowd: &[Account]) {
    for account in crowd {
        let lookup = Lookup {
            phone: account.phone.clone(),
            ..Lookup::default()
        };
        let found = store.observe(&lookup).await.expect("an answer");
        let found = found.by_phone.expect("somebody with this number");
        assert_eq!((found.id, &found.phone), (account.id, &account.phone));
        let (provider, app) = (Provider::WeChatMiniProgram, app_id("wx1"));
        let key = store.session_key(account.id, provider, &app).await;
        let key = key.expect("an answer").expect("a session key");
        assert_eq!(key.key.expose(), SESSION_KEY);
    }
}

/// The keys of the ring by use, oldest first, as `menshen keys list` tells.
fn listed(settings: &[(&str, &str)], arguments: &[&str]) -> BTreeMap<String, Vec<(u32, String)>> {
    let folder = tempfile::tempdir().expect("a folder");
    let output = ended(menshen(folder.path(), settings, arguments));
    let (out, err) = said(&output);
    assert!(output.status.success(), "{out}{err}");
    let mut keys: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in out.lines().filter_map(|line| line.strip_prefix("ring ")) {
        let mut words = line.split("  ");
        let id = words.next().expect("a number").parse().expect("a number");
        let usage = words.next().expect("a use").to_owned();
        let rest = words.collect::<Vec<_>>().join("  ");
        keys.entry(usage).or_default().push((id, rest));
    }
    keys
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < PATIENCE, "not reached: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A figure of `/metrics`.
fn metric(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
    value.trim().parse().expect("a number")
}

async fn figure(service: &Service, name: &str) -> u64 {
    let answer = service.get("/metrics").raw().await;
    metric(&answer.text().await.expect("a text"), name)
}

fn older(usage: &str) -> String {
    format!(r#"menshen_keyring_keys{{use="{usage}",stage="older"}}"#)
}

/// How many values of a column stand under a key.
async fn under(service: &Service, key: u32, column: &str) -> i64 {
    let (table, column) = column.split_once('.').expect("a column");
    let prefix = hex::encode(key.to_be_bytes());
    service
        .count(&format!(
            "{table} WHERE substring({column} from 2 for 4) = decode('{prefix}', 'hex')"
        ))
        .await
}

async fn seen(service: &Service) -> i64 {
    service
        .count("(SELECT generate_series(1, seen) FROM reseal_sweeps) AS seen")
        .await
}

/// WeChat lets one person sign in so often a minute only.
const BETWEEN_TAPS: Duration = Duration::from_secs(1);

/// People who sign in until they are told to stop: one after the other of the crowd by
/// SMS, and Alice by one tap, whose session key each login replaces. Answers her last
/// login, and how many of the crowd have signed in.
async fn sign_in_again(
    service: &Service,
    crowd: &[Account],
    alice: &Login,
    stop: &AtomicBool,
) -> (Login, usize) {
    let mut signed_in = 0;
    let mut tapped = None;
    loop {
        // A vendor sends nobody two messages within a minute.
        if let Some(account) = crowd.get(signed_in) {
            let phone = account.phone.as_ref().expect("a number");
            let login = service.sms_login(phone.as_e164()).await;
            assert_eq!(
                (login.is_new(), login.user()),
                (false, &*account.id.to_string())
            );
            signed_in += 1;
        }
        let stopped = stop.load(Ordering::Relaxed);
        if stopped || tapped.is_none_or(|at: Instant| at.elapsed() > BETWEEN_TAPS) {
            let login = service.one_tap("alice").await;
            assert_eq!((login.is_new(), login.user()), (false, alice.user()));
            if stopped {
                return (login, signed_in);
            }
            tapped = Some(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The `seen` of the first run that a process tells of.
fn first_run(heard: &str) -> Option<u64> {
    let lines = heard
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut runs = lines.filter(|line: &Value| line.to_string().contains("values are sealed anew"));
    runs.find_map(|line| number(&line, "seen"))
}

/// A number somewhere in a line.
fn number(value: &Value, name: &str) -> Option<u64> {
    let members = value.as_object()?;
    let own = members.get(name).and_then(Value::as_u64);
    own.or_else(|| members.values().find_map(|inner| number(inner, name)))
}

/// Two processes over one database, and the keys that were replaced.
struct Stage<'a> {
    service: &'a Service,
    shared: &'a [(&'a str, &'a str)],
    old: [u32; 2],
}

const COLUMNS: [&str; 2] = ["users.phone_sealed", "identities.session_key_sealed"];

impl Stage<'_> {
    /// A process that looks all the time.
    fn eager(&self, folder: &Path, more: &[(&str, &str)]) -> Process {
        let pace = [
            ("retention.interval", "100ms"),
            ("server.listen", "127.0.0.1:0"),
        ];
        let all = [self.shared, &pace, more].concat();
        Process::start(menshen(folder, &all, &[]), "Playground")
    }

    async fn are_gone(&self) -> bool {
        let [one, two] = self.old;
        let left = format!("keyring WHERE id IN ({one}, {two})");
        self.service.count(&left).await == 0
    }

    /// Goes slowly, and is killed half-way; answers how many rows it had seen.
    async fn killed_half_way(&self) -> i64 {
        let folder = tempfile::tempdir().expect("a folder");
        let slow = [("retention.batch", "5"), ("retention.pause", "50ms")];
        let slow = self.eager(folder.path(), &slow);
        until("a part is done", async || seen(self.service).await >= 60).await;
        slow.signal("KILL");
        slow.end();
        for (key, column) in self.old.iter().zip(COLUMNS) {
            let left = under(self.service, *key, column).await;
            assert!(left > 0 && left < i64::from(CROWD), "{left} of {column}");
        }
        let text = listed(self.shared, &["keys", "list"])[USES[0]][0].1.clone();
        assert!(text.starts_with("older"), "{text}");
        assert!(text.contains("rows left "), "{text}");
        seen(self.service).await
    }

    /// Goes on quickly where the other one was killed, to the end.
    async fn completed(&self, seen_before: i64) {
        // Nobody waits for the lease of the dead.
        let ended = "UPDATE leases SET expires_at = now() - interval '1 second'";
        self.service.sql(ended).await;
        let rows = self.service.count("users").await + self.service.count("identities").await;
        let folder = tempfile::tempdir().expect("a folder");
        let quick = self.eager(folder.path(), &[("retention.pause", "0s")]);
        until("the old keys are gone", async || self.are_gone().await).await;
        for (key, column) in self.old.iter().zip(COLUMNS) {
            assert_eq!(under(self.service, *key, column).await, 0, "{column}");
        }
        until("it is told", async || {
            let told = "audit_events WHERE action = 'key.ring_removed'";
            self.service.count(told).await == 2
        })
        .await;
        let seen_after = first_run(&quick.heard()).expect("a run");
        let seen_after = i64::try_from(seen_after).expect("a number");
        let most = rows + 20 - seen_before;
        assert!(seen_after <= most, "{seen_after} of {rows}, {seen_before}");
        until("it is shown", async || shows_the_end(&quick).await).await;
    }
}

async fn shows_the_end(process: &Process) -> bool {
    let text = process.get("/metrics").raw().await.text().await;
    let text = text.expect("a text");
    ["phone_numbers", "session_keys"].iter().all(|place| {
        let of = |name: &str| {
            let name = format!(r#"menshen_reseal_{name}{{place="{place}"}}"#);
            metric(&text, &name)
        };
        of("rows_total") > 0
            && of("rows_left") == 0
            && of("rows_unopened") == 0
            && of("last_sweep_timestamp_seconds") > 1_700_000_000
    })
}

async fn older_keys(service: &Service) -> u64 {
    figure(service, &older(USES[0])).await + figure(service, &older(USES[1])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_key_leaves_the_ring_while_people_sign_in_and_nobody_is_lost() {
    let database = PostgresDatabase::fresh().await;
    let shared = [
        ("database.url", database.url.as_str()),
        ("secrets.master_key", MASTER),
        ("log.format", "json"),
    ];
    // It signs people in, and sees to no key for ten minutes.
    let service = Service::with(&[&shared[..], &UNLIMITED].concat()).await;
    let crowd = fill(&service.store_aside().await).await;
    let (bob, alice) = (service.sms_login(BOB).await, service.one_tap("alice").await);
    let keys = listed(&shared, &["keys", "list"]);
    let old = USES.map(|usage| keys[usage][0].0);
    for usage in USES {
        listed(&shared, &["keys", "rotate", "--ring", usage]);
    }
    // The clock is moved by moving the keys.
    let begun =
        "UPDATE keyring SET not_before = now() - interval '1 hour' WHERE not_before > now()";
    service.sql(&format!("{MADE_YESTERDAY}; {begun}")).await;
    until("the new keys are in use", async || {
        older_keys(&service).await == 2
    })
    .await;

    let stop = AtomicBool::new(false);
    let stage = Stage {
        service: &service,
        shared: &shared,
        old,
    };
    let sweep = async {
        let seen_before = stage.killed_half_way().await;
        stage.completed(seen_before).await;
        // The other replica has forgotten them, too.
        let forgotten = async || older_keys(&service).await == 0;
        until("the old keys are forgotten", forgotten).await;
        stop.store(true, Ordering::Relaxed);
    };
    let people = sign_in_again(&service, &crowd, &alice, &stop);
    let ((), (alice, signed_in)) = tokio::join!(sweep, people);
    assert!(signed_in > 3, "{signed_in}");

    let keys = listed(&shared, &["keys", "list"]);
    for (usage, old) in USES.iter().zip(old) {
        let [(id, text)] = &keys[*usage][..] else {
            panic!("{keys:?}")
        };
        assert!(*id > old && text.starts_with("active"), "{id} {text}");
    }
    // By a ring that never knew the old keys.
    assert_whole(&service.store_aside().await, &crowd).await;
    assert_eq!(service.me(bob.access()).await.ok()["phone"], BOB);
    // The session key of the last login is the one that is kept.
    let data = service.open_data("alice").await;
    let opened = service.post("/v1/me/wechat/decrypt").bearer(alice.access());
    opened.json(data).send().await.ok();
}

#[tokio::test]
async fn a_value_that_does_not_open_is_told_of_and_keeps_its_key() {
    let eager = [("retention.interval", "100ms"), ("retention.pause", "0s")];
    let service = Service::with(&eager).await;
    service.sms_login(BOB).await;
    service
        .sql("UPDATE users SET phone_sealed = zeroblob(length(phone_sealed))")
        .await;
    service.rotate_ring("seal.phone_number").await;
    // The clock is moved by moving the keys.
    service
        .sql(
            "UPDATE keyring SET not_before = CASE WHEN not_before > created_at \
             THEN '2021-01-01T00:00:00+00:00' ELSE '2020-01-01T00:00:00+00:00' END",
        )
        .await;
    let unopened = r#"menshen_reseal_rows_unopened{place="phone_numbers"}"#;
    until("it is counted", async || {
        figure(&service, unopened).await == 1
    })
    .await;
    let left = r#"menshen_reseal_rows_left{place="phone_numbers"}"#;
    until("it is left", async || figure(&service, left).await == 1).await;
    assert_eq!(
        service
            .count("keyring WHERE usage = 'seal.phone_number'")
            .await,
        2
    );
    assert_eq!(service.count("keyring_removed").await, 0);
    // Somebody sees to it: here it is given up.
    service
        .sql("UPDATE users SET phone_sealed = NULL, phone_index = NULL, phone_proof = NULL")
        .await;
    let day_ago = "UPDATE reseal_sweeps SET ended_at = '2021-01-02T00:00:00+00:00'";
    service.sql(day_ago).await;
    until("the old key is gone", async || {
        service
            .count("keyring WHERE usage = 'seal.phone_number'")
            .await
            == 1
    })
    .await;
    until("all is well", async || {
        figure(&service, unopened).await == 0
    })
    .await;
}
