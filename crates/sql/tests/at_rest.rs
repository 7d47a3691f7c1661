//! What a stolen copy of the database tells.

#![expect(clippy::unwrap_used, reason = "the functions here serve tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use chrono::TimeDelta;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::Step;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendOutcome, SendVerdict, SmsAttempt};
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::verification::Purpose;
use menshen_domain::model::wechat::SessionKey;
use menshen_domain::ports::account_store::{AccountStore as _, AccountStoreError, Lookup};
use menshen_domain::ports::send_records::{NewSend, SendRecords as _};
use menshen_sql::SqlStore;
use menshen_testkit::people::{People, about_send, changed};
use menshen_testkit::sample::{now, phone};
use support::{migrated, store};

const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";

/// Ten accounts with phone numbers and session keys, one of them with a second
/// number and a session.
async fn fill(database: &menshen_sql::Database) {
    let (people, store) = (People::new(1), store(database));
    for n in 0..10 {
        let account = people.whole_account(n);
        let mut creation = people.creation(&account);
        for step in &mut creation.steps {
            if let Step::LinkIdentity { session_key, .. } = step {
                *session_key = Some(SessionKey::parse(KEY).unwrap());
            }
        }
        store.apply(&creation).await.unwrap();
        let session = people.session(account.id, Some("device"), Duration::ZERO);
        store
            .apply(&people.login(&account, session, 5))
            .await
            .unwrap();
        let send = NewSend {
            id: SendId::generate(people.randomness(), now()),
            phone: phone(n),
            purpose: MessagePurpose::Code(Purpose::Login),
            asked: AskedThrough::Client(ClientType::Web),
            source: [203, 0, 113, 7].into(),
            at: now() + TimeDelta::minutes(i64::from(n)),
        };
        send_and_deliver(&store, &send).await;
    }
}

/// A message with an attempt and a receipt.
async fn send_and_deliver(store: &SqlStore, send: &NewSend) {
    let asked = about_send(send, AuditAction::CodeRequested);
    store.begin(send, &asked).await.unwrap();
    let attempt = SmsAttempt {
        vendor: "aliyun",
        outcome: SendOutcome::Accepted,
        vendor_code: None,
        request_id: None,
        message_id: Some(send.id.to_string()),
        cost_units: None,
        took: Duration::ZERO,
        at: send.at,
    };
    let attempts = [attempt];
    let told = about_send(send, AuditAction::CodeSent);
    let finished = store.finish(send.id, &attempts, SendVerdict::Accepted, &told);
    finished.await.unwrap();
    let receipt = DeliveryReceipt {
        vendor: "aliyun",
        message_id: send.id.to_string(),
        send: None,
        phone: Some(send.phone.clone()),
        delivered: true,
        code: None,
        segments: None,
        reported_at: send.at,
    };
    store.note_receipts(&[receipt]).await.unwrap();
}

#[tokio::test]
async fn a_copy_of_the_file_holds_no_phone_number_and_no_session_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/menshen.db");
    let database = migrated(&format!("sqlite://{}", file.display())).await;
    fill(&database).await;
    let mut seen = 0;
    for entry in fs::read_dir(file.parent().unwrap()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        seen += bytes.len();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        for n in 0..10 {
            let e164 = phone(n).as_e164().to_owned();
            assert!(!holds(e164.trim_start_matches("+86")), "a phone number");
        }
        assert!(!holds(KEY.trim_end_matches('=')), "a session key");
    }
    assert!(seen > 10_000, "the files were read");
}

#[tokio::test]
async fn the_file_and_its_folder_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/deep/menshen.db");
    let database = migrated(&format!("sqlite://{}", file.display())).await;
    fill(&database).await;
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.parent().unwrap().to_path_buf()), 0o700);
    for entry in fs::read_dir(file.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
    }
}

/// On either engine, with all that is told of them.
#[tokio::test]
async fn messages_past_their_time_can_be_deleted() {
    use sea_orm::{ConnectionTrait as _, Statement};
    let server = menshen_testkit::servers::postgres::PostgresDatabase::fresh().await;
    for database in [
        migrated("sqlite::memory:").await,
        migrated(&server.url).await,
    ] {
        fill(&database).await;
        let db = database.connection();
        let backend = db.get_database_backend();
        let sql = "DELETE FROM sms_sends WHERE at < $1";
        let until = now() + TimeDelta::minutes(4);
        let deleted = Statement::from_sql_and_values(backend, sql, [until.into()]);
        assert_eq!(db.execute_raw(deleted).await.unwrap().rows_affected(), 4);
        for table in ["sms_sends", "sms_attempts", "sms_receipts"] {
            let sql = format!("SELECT COUNT(*) AS many FROM {table}");
            let row = db.query_one_raw(Statement::from_string(backend, sql)).await;
            let many: i64 = row.unwrap().unwrap().try_get("", "many").unwrap();
            assert_eq!(many, 6, "{table}");
        }
    }
}

#[tokio::test]
async fn a_sealed_number_moved_to_another_row_does_not_open() {
    use sea_orm::ConnectionTrait as _;
    let database = migrated("sqlite::memory:").await;
    fill(&database).await;
    let sql = "UPDATE users SET phone_sealed = (SELECT max(phone_sealed) FROM users)";
    database.connection().execute_unprepared(sql).await.unwrap();
    let mut opened = 0;
    for n in 0..10 {
        let lookup = Lookup {
            phone: Some(phone(n)),
            ..Lookup::default()
        };
        match store(&database).observe(&lookup).await {
            Ok(_) => opened += 1,
            Err(AccountStoreError::Unavailable(source)) => {
                assert_eq!(source.to_string(), "a sealed value cannot be opened");
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn a_refused_value_is_not_in_the_error() {
    let server = menshen_testkit::servers::postgres::PostgresDatabase::fresh().await;
    for database in [
        migrated("sqlite::memory:").await,
        migrated(&server.url).await,
    ] {
        let (people, store) = (People::new(1), store(&database));
        let account = people.whole_account(1);
        store.apply(&people.creation(&account)).await.unwrap();
        let ghost = people.account();
        let step = Step::LinkIdentity {
            user: ghost.id,
            identity: people.identity("wx9", 9),
            session_key: None,
        };
        let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
        let error = store.apply(&changes).await.unwrap_err();
        let words = format!("{error} {error:?}");
        assert!(
            words.contains("oreign key") || words.contains("FOREIGN KEY"),
            "{words}"
        );
        for value in [ghost.id.to_string(), "oAbCdEf".to_owned(), "wx9".to_owned()] {
            assert!(!words.contains(&value), "{words}");
        }
    }
}
