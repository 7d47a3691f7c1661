//! The roles that docs/postgres.md names are enough for the service, and no more.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use std::time::Duration;

use chrono::TimeDelta;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{SessionsOf, Step};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::{HolderId, SendId, TestNumberId};
use menshen_domain::model::record::{AuditFilter, Page};
use menshen_domain::model::retention::RecordKind;
use menshen_domain::model::session::EndReason;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::sms_delivery::SendVerdict;
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::sweep::{SealedPlace, Sweep};
use menshen_domain::model::test_number::{NewTestNumber, StoredTestNumber};
use menshen_domain::model::verification::{CodeId, Purpose};
use menshen_domain::model::webhook::{Listener, ReceiverName, Subscription};
use menshen_domain::model::webhook_retry::Settlement;
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_domain::ports::admin_reader::AdminReader as _;
use menshen_domain::ports::audit_log::AuditLog as _;
use menshen_domain::ports::keyring_store::{KeyringStore, RemovedKey, WrappedKey};
use menshen_domain::ports::lease_store::{LeaseName, LeaseStore as _};
use menshen_domain::ports::outbox::Outbox as _;
use menshen_domain::ports::retention_store::{Batch, RetentionStore as _};
use menshen_domain::ports::sealed_rows::{SealedRows as _, Stretch};
use menshen_domain::ports::send_records::{NewSend, SendRecords as _};
use menshen_domain::ports::session_store::{Proof, SessionStore as _};
use menshen_domain::ports::signing_key_store::SigningKeyStore;
use menshen_domain::ports::test_number_store::TestNumberStore as _;
use menshen_sql::{Database, DatabaseOptions, SqlStore};
use menshen_testkit::fake_keys::FakeMac;
use menshen_testkit::fake_ring::FakeRing;
use menshen_testkit::people::{People, about_send};
use menshen_testkit::sample::{SeededRandomness, now, phone};
use menshen_testkit::servers::postgres::PostgresServer;
use sea_orm::{ConnectionTrait as _, DbErr};
use support::store_with;
use tokio::task::spawn_blocking;

const OWNER: &str = "menshen_owner";
/// In place of `menshen`, who may do everything on a test's server.
const SERVICE: &str = "menshen_service";

/// The statements of a block of the page, in the names of this test. The database
/// is there already.
fn block(number: usize) -> Vec<String> {
    let page = include_str!("../../../docs/postgres.md");
    let (_, roles) = page.split_once("## Roles").unwrap();
    let block = roles.split("```sql").nth(number).unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let lines = block.lines().filter(|line| {
        !line.starts_with("\\c") && !line.starts_with("--") && !line.starts_with("CREATE DATABASE")
    });
    let text = lines.collect::<Vec<_>>().join(" ");
    let named = |word: &str| match word.trim_end_matches([';', ',']) {
        "menshen" => word.replace("menshen", SERVICE),
        _ => word.to_owned(),
    };
    let statements = text.split(';').filter(|one| !one.trim().is_empty());
    let words = |one: &str| {
        one.split_whitespace()
            .map(named)
            .collect::<Vec<_>>()
            .join(" ")
    };
    statements.map(words).collect()
}

async fn tell(server: &std::sync::Arc<PostgresServer>, statements: Vec<String>) {
    assert!(!statements.is_empty());
    let server = std::sync::Arc::clone(server);
    spawn_blocking(move || {
        for statement in statements {
            server.execute(&statement);
        }
    })
    .await
    .unwrap();
}

async fn run(database: &Database, sql: &str) -> Result<u64, DbErr> {
    let done = database.connection().execute_unprepared(sql).await;
    done.map(|done| done.rows_affected())
}

/// All that the service does, in the schema that it found.
async fn serve(database: &Database) {
    database.check_schema().await.unwrap();
    let ring = std::sync::Arc::new(FakeRing::default());
    let store = store_with(database, ring.clone());
    let people = People::new(1);
    let account = people.whole_account(1);
    let mut creation = people.creation(&account);
    let session = people.session(account.id, None, Duration::ZERO);
    creation.steps.push(Step::OpenSession {
        session: Box::new(session.clone()),
        max_live: 5,
        code: None,
    });
    store.apply(&creation).await.unwrap();
    let lookup = Lookup {
        phone: Some(phone(1)),
        ..Lookup::default()
    };
    assert!(store.observe(&lookup).await.unwrap().by_phone.is_some());
    let row = people.audit(AuditAction::SteppedUp, account.id);
    let code = Some(CodeId([1; 16]));
    let proof = store.prove(session.id, now(), code, row).await;
    assert_eq!(proof.unwrap(), Proof::Taken);
    let row = people.audit(AuditAction::SignedOut, account.id);
    let ended = store.end(
        account.id,
        SessionsOf::All,
        EndReason::SignedOut,
        now(),
        row,
    );
    assert_eq!(ended.await.unwrap(), [session.id]);
    let row = people.audit(AuditAction::SignedOut, account.id);
    store.append(&[row]).await.unwrap();
    send(&store).await;
    let new = NewTestNumber {
        phone: phone(2),
        code: SmsCode::parse("246810").unwrap(),
        until: now() + TimeDelta::days(1),
        note: None,
    };
    let id = TestNumberId::generate(people.randomness(), now());
    let number = StoredTestNumber::new(&FakeMac, id, "ops.alice", new, now()).unwrap();
    let row = people.audit(AuditAction::TestNumberMade, account.id);
    store.put(&number, row).await.unwrap();
    let page = Page {
        limit: 10,
        after: None,
    };
    let filter = AuditFilter::default();
    assert!(!store.audit_events(&filter, page).await.unwrap().is_empty());
    store.counts(now(), now()).await.unwrap();
    KeyringStore::load(database).await.unwrap();
    SigningKeyStore::load(&store, now()).await.unwrap();
    let holder = HolderId::generate(&SeededRandomness::new(1), now());
    let lease = LeaseName::HOUSEKEEPING;
    let taken = database.take(lease, holder, Duration::from_mins(1)).await;
    assert!(taken.unwrap().is_some());
    database.release(lease, holder).await.unwrap();
    renew_ring(database, &store, ring.rotate()).await;
    deliver(&store).await;
    for kind in RecordKind::ALL {
        let batch = Batch {
            kind,
            before: now() + TimeDelta::days(1),
            since: None,
            limit: 100,
        };
        let removed = database.remove(batch).await;
        removed.unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
    }
}

/// Hands over what happened, and delivers it.
async fn deliver(store: &SqlStore) {
    let receiver = ReceiverName::parse("crm").unwrap();
    let since = store
        .meet(std::slice::from_ref(&receiver), now(), now())
        .await;
    let listener = Listener {
        subscription: Subscription {
            receiver: receiver.clone(),
            events: Vec::new(),
        },
        since: since.unwrap()[0],
    };
    let handed = store.hand_over(&[listener], now(), 10).await.unwrap();
    assert!(handed.deliveries > 0);
    let heads = store.heads(&receiver, Some(now()), 10).await.unwrap();
    for head in heads {
        let settled = store.settle(&head, &Settlement::Delivered, now());
        settled.await.unwrap();
    }
    assert!(store.backlog().await.unwrap().len() <= 1);
}

/// Seals anew, and takes a key out of the ring.
async fn renew_ring(database: &Database, store: &SqlStore, target: u32) {
    for place in SealedPlace::ALL {
        let stretch = Stretch {
            place,
            target,
            after: None,
            limit: 100,
        };
        let done = store.reseal(&stretch).await.unwrap();
        assert_eq!(done.counts.found, done.counts.resealed);
        let size = store.size(place).await.unwrap();
        let sweep = Sweep::begin(place, target, size, now(), None);
        store.keep(&sweep).await.unwrap();
    }
    let key = |id| WrappedKey {
        id,
        usage: "seal.phone_number".to_owned(),
        wrapped: vec![7],
        created_at: now(),
        not_before: now(),
    };
    assert!(database.add(&[key(1001), key(1002)]).await.unwrap());
    let gone = RemovedKey {
        id: 1001,
        usage: key(1001).usage,
        removed_at: now(),
    };
    assert!(database.take_out(&gone).await.unwrap());
    assert_eq!(database.removed().await.unwrap(), [gone]);
}

/// A message and what became of it.
async fn send(store: &SqlStore) {
    let send = NewSend {
        id: SendId::generate(&SeededRandomness::new(1), now()),
        phone: phone(1),
        purpose: MessagePurpose::Code(Purpose::Login),
        asked: AskedThrough::Client(ClientType::Web),
        source: [203, 0, 113, 7].into(),
        at: now(),
    };
    let asked = about_send(&send, AuditAction::CodeRequested);
    store.begin(&send, &asked).await.unwrap();
    let refused = about_send(&send, AuditAction::CodeRefused);
    let finished = store.finish(send.id, &[], SendVerdict::Unavailable, &refused);
    finished.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_can_do_its_work_and_cannot_touch_its_own_traces() {
    let server = spawn_blocking(PostgresServer::start).await.unwrap();
    let server = std::sync::Arc::new(server);
    tell(&server, block(1)).await;
    let url = |role: &str| server.url().replace("//menshen@", &format!("//{role}@"));
    let connect = async |role: &str| {
        let options = DatabaseOptions::default();
        Database::connect(&url(role), options).await.unwrap()
    };
    let owner = connect(OWNER).await;
    owner.migrate_up().await.unwrap();
    tell(&server, block(2)).await;
    let service = connect(SERVICE).await;
    serve(&service).await;

    // What was written lately stays, even for whoever has got hold of the role.
    let lately = "INSERT INTO audit_events (id, at, action) \
                  VALUES (gen_random_uuid(), now() - interval '179 days', 'lately')";
    run(&service, lately).await.unwrap();
    let long_ago = lately.replace("179", "181").replace("lately", "long ago");
    run(&service, &long_ago).await.unwrap();
    let lately = "DELETE FROM audit_events WHERE action = 'lately'";
    assert_eq!(run(&service, lately).await.unwrap(), 0);
    let all = "DELETE FROM audit_events WHERE action = 'long ago'";
    assert_eq!(run(&service, all).await.unwrap(), 1);
    for refused in [
        "UPDATE audit_events SET action = 'x'",
        "UPDATE audit_events SET id = gen_random_uuid() WHERE at < now() - interval '180 days'",
        "TRUNCATE audit_events",
        "TRUNCATE users CASCADE",
        "DROP TABLE users",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "ALTER TABLE audit_events DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE mine (id int)",
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2999_x', 0)",
    ] {
        let outcome = run(&service, refused).await;
        assert!(
            outcome.is_err() || outcome == Ok(0),
            "{refused}: {outcome:?}"
        );
    }
    assert!(service.migrate_down(1).await.is_err());
}
