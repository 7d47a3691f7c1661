//! What was acknowledged is there after the process was killed.

#![expect(clippy::unwrap_used, reason = "the functions here serve tests")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::changes::Step;
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_domain::ports::session_store::SessionStore as _;
use menshen_testkit::people::People;
use menshen_testkit::sample::{now, phone};
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, Statement};
use support::{migrated, store};

/// Set in the process that is to be killed: where its database is.
const VICTIM: &str = "MENSHEN_TEST_VICTIM";

/// Signs one person after the other in, from four sides at once, and says so
/// after each, until it is killed.
async fn sign_in_until_killed(url: &str) {
    let store = Arc::new(store(&migrated(url).await));
    let mut sides = tokio::task::JoinSet::new();
    for side in 0..4 {
        let store = Arc::clone(&store);
        sides.spawn(async move {
            let people = People::new(u64::from(side) + 1);
            for n in 0.. {
                let number = side * 1_000_000 + n;
                let account = people.whole_account(number);
                let mut changes = people.creation(&account);
                let session = Box::new(people.session(account.id, None, Duration::ZERO));
                changes.steps.push(Step::OpenSession {
                    session,
                    max_live: 5,
                    code: None,
                });
                store.apply(&changes).await.unwrap();
                writeln!(std::io::stdout().lock(), "acknowledged {number}").unwrap();
            }
        });
    }
    sides.join_all().await;
}

/// Starts this test again as the victim, kills it after 60 acknowledgements, and
/// answers whom it signed in.
fn kill(test: &str, url: &str) -> Vec<u32> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(VICTIM, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        let number = line
            .split_once("acknowledged ")
            .and_then(|(_, number)| number.parse::<u32>().ok());
        acknowledged.extend(number);
        if acknowledged.len() == 60 {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    acknowledged
}

async fn all_is_there(url: &str, acknowledged: &[u32]) {
    assert!(acknowledged.len() >= 60, "{}", acknowledged.len());
    let database = migrated(url).await;
    let store = store(&database);
    for number in acknowledged {
        let lookup = Lookup {
            phone: Some(phone(*number)),
            ..Lookup::default()
        };
        let account = store
            .observe(&lookup)
            .await
            .unwrap()
            .by_phone
            .expect("an account");
        assert_eq!((account.identities.len(), account.union_ids.len()), (1, 1));
        assert_eq!(store.list(account.id, now()).await.unwrap().len(), 1);
    }
    // Nor is there anything that was done by half.
    let halves = "SELECT id FROM users WHERE phone_index IS NULL \
                  OR NOT EXISTS (SELECT 1 FROM sessions WHERE user_id = users.id) \
                  OR NOT EXISTS (SELECT 1 FROM identities WHERE user_id = users.id) \
                  OR NOT EXISTS (SELECT 1 FROM audit_events WHERE user_id = users.id)";
    let db = database.connection();
    let halves = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), halves))
        .await;
    assert!(halves.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    if let Ok(url) = std::env::var(VICTIM) {
        return sign_in_until_killed(&url).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/menshen.db", folder.path().display());
    let acknowledged = kill("on_sqlite", &url);
    all_is_there(&url, &acknowledged).await;
    let database = migrated(&url).await;
    let db = database.connection();
    let check = Statement::from_string(db.get_database_backend(), "PRAGMA integrity_check");
    let answer = db.query_one_raw(check).await.unwrap().unwrap();
    assert_eq!(answer.try_get_by_index::<String>(0).unwrap(), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    if let Ok(url) = std::env::var(VICTIM) {
        return sign_in_until_killed(&url).await;
    }
    let server = PostgresDatabase::fresh().await;
    let acknowledged = kill("on_postgres", &server.url);
    all_is_there(&server.url, &acknowledged).await;
}
