//! What only an engine can tell of sealing anew.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use menshen_domain::model::sweep::SealedPlace;
use menshen_domain::ports::account_store::AccountStore as _;
use menshen_domain::ports::sealed_rows::{Reseal, SealedRows as _, Stretch};
use menshen_sql::SqlStore;
use menshen_testkit::fake_ring::FakeRing;
use menshen_testkit::people::People;
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, Statement, TransactionTrait as _};
use support::{migrated, store_with};

const PLACE: SealedPlace = SealedPlace::PhoneNumbers;

async fn all(store: &SqlStore, target: u32) -> Reseal {
    let stretch = Stretch {
        place: PLACE,
        target,
        after: None,
        limit: 100,
    };
    store.reseal(&stretch).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_somebody_writes_to_is_passed_over_and_not_waited_for() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    let ring = Arc::new(FakeRing::default());
    let store = store_with(&database, ring.clone());
    let people = People::new(1);
    let mut ids = Vec::new();
    for n in 1..=3 {
        let account = people.whole_account(n);
        store.apply(&people.creation(&account)).await.unwrap();
        ids.push(account.id);
    }
    let target = ring.rotate();
    // Somebody who is in the middle of something, and has the row.
    let writer = database.connection().begin().await.unwrap();
    let held = ids[1].as_uuid();
    let sql = format!("UPDATE users SET last_login_at = now() WHERE id = '{held}'");
    writer.execute_unprepared(&sql).await.unwrap();
    // Waiting would end in the bound of a lock, and in an error.
    let done = all(&store, target).await;
    assert_eq!((done.counts.found, done.counts.resealed), (3, 2));
    assert_eq!((done.counts.unopened, done.is_last), (0, true));
    writer.commit().await.unwrap();
    let done = all(&store, target).await;
    assert_eq!((done.counts.found, done.counts.resealed), (1, 1));
    assert_eq!(all(&store, target).await.counts.found, 0);
}

/// Every column of bytes is either gone through, or holds nothing that is sealed with
/// the ring. Whoever adds one has to say which.
#[tokio::test]
async fn every_column_that_can_hold_sealed_values_is_known() {
    const SEALED: [&str; 3] = [
        "identities.session_key_sealed",
        "signing_keys.sealed",
        "users.phone_sealed",
    ];
    const OTHERS: [&str; 12] = [
        // Pictures, which whoever knows their names may see.
        "avatar_files.bytes",
        "avatar_files.name",
        "avatars.name",
        // Wrapped by the master key.
        "keyring.wrapped",
        // Hashes, random ids, marks.
        "provider_notices.key",
        "reseal_sweeps.after",
        "sessions.code_id",
        "sms_sends.phone_index",
        "spent_codes.code_id",
        "test_numbers.code_tag",
        "test_numbers.phone_tag",
        "users.phone_index",
    ];
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns \
               WHERE table_schema = current_schema() AND data_type = 'bytea'";
    let db = database.connection();
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    let found = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
    let found: BTreeSet<String> = found.collect();
    let known = SEALED.iter().chain(&OTHERS).map(|name| (*name).to_owned());
    assert_eq!(found, known.collect());
    assert_eq!(SEALED.len(), SealedPlace::ALL.len());
}
