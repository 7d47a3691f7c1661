//! Stores for the tests of this crate.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::model::sweep::SealedPlace;
use menshen_sql::{Database, DatabaseOptions, SqlStore};
use menshen_testkit::fake_keys::FakeMac;
use menshen_testkit::fake_ring::FakeRing;
use menshen_testkit::sample::SeededRandomness;
use menshen_testkit::servers::postgres::PostgresDatabase;
use menshen_testkit::stores::{
    AttemptRow, AuditRow, OutboxRow, ReceiptRow, SealedValue, SendRow, Stores, Witness,
};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use uuid::Uuid;

/// A connection to `url`, with the schema of today.
pub(crate) async fn migrated(url: &str) -> Database {
    let options = DatabaseOptions {
        max_connections: 8,
        ..DatabaseOptions::default()
    };
    let database = Database::connect(url, options).await.expect("a database");
    database.migrate_up().await.expect("the schema");
    database
}

/// A store over a database.
pub(crate) fn store(database: &Database) -> SqlStore {
    store_with(database, Arc::default())
}

/// A store over a database, with this ring.
pub(crate) fn store_with(database: &Database, ring: Arc<FakeRing>) -> SqlStore {
    let randomness = SeededRandomness::new(0xfeed);
    SqlStore::new(
        database.clone(),
        ring,
        Arc::new(FakeMac),
        Arc::new(randomness),
    )
}

/// The ports of a database; `guard` goes away with them.
pub(crate) fn stores(database: Database, guard: impl Send + Sync + 'static) -> Stores {
    let ring: Arc<FakeRing> = Arc::default();
    let store = Arc::new(store_with(&database, ring.clone()));
    Stores {
        accounts: store.clone(),
        imports: store.clone(),
        sessions: store.clone(),
        signing_keys: store.clone(),
        audit_log: store.clone(),
        outbox: store.clone(),
        send_records: store.clone(),
        sealed_rows: store.clone(),
        personal_records: store.clone(),
        ring,
        admin_reader: store.clone(),
        test_numbers: store,
        avatar_records: Arc::new(database.clone()),
        avatars: Arc::new(database.clone()),
        keyring: Arc::new(database.clone()),
        leases: Arc::new(database.clone()),
        retention: Arc::new(database.clone()),
        witness: Arc::new(Eyes(database)),
        guard: Box::new(guard),
    }
}

/// The ports of a fresh SQLite file.
pub(crate) async fn in_a_file() -> Stores {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!(
        "sqlite://{}",
        folder.path().join("data/menshen.db").display()
    );
    stores(migrated(&url).await, folder)
}

/// The ports of a fresh SQLite database in memory.
pub(crate) async fn in_memory() -> Stores {
    stores(migrated("sqlite::memory:").await, ())
}

/// The ports of a fresh PostgreSQL database.
pub(crate) async fn in_postgres() -> Stores {
    let server = PostgresDatabase::fresh().await;
    stores(migrated(&server.url).await, server)
}

/// Looks into the tables.
struct Eyes(Database);

impl Eyes {
    async fn all(&self, sql: &str) -> Vec<QueryResult> {
        let db = self.0.connection();
        let statement = Statement::from_string(db.get_database_backend(), sql);
        db.query_all_raw(statement).await.expect("rows")
    }
}

#[async_trait]
impl Witness for Eyes {
    async fn audit(&self) -> Vec<AuditRow> {
        let rows = self.all("SELECT * FROM audit_events ORDER BY id").await;
        let row = |row: QueryResult| AuditRow {
            id: row.try_get::<Uuid>("", "id").expect("an id").to_string(),
            action: text(&row, "action").expect("an action"),
            user: uuid(&row, "user_id"),
            session: uuid(&row, "session_id"),
            subject: text(&row, "subject"),
            method: text(&row, "method"),
            reason: text(&row, "reason"),
            address: text(&row, "address"),
            device_id: text(&row, "device_id"),
            request_id: text(&row, "request_id"),
            actor: text(&row, "actor"),
        };
        rows.into_iter().map(row).collect()
    }

    async fn outbox(&self) -> Vec<OutboxRow> {
        let rows = self.all("SELECT * FROM outbox ORDER BY id").await;
        let row = |row: QueryResult| OutboxRow {
            id: uuid(&row, "id").expect("an id"),
            user: uuid(&row, "user_id").expect("a user"),
            kind: text(&row, "kind").expect("a kind"),
            payload: row
                .try_get::<sea_orm::JsonValue>("", "payload")
                .expect("JSON")
                .to_string(),
        };
        rows.into_iter().map(row).collect()
    }

    async fn sends(&self) -> Vec<SendRow> {
        let rows = self.all("SELECT * FROM sms_sends ORDER BY id").await;
        let row = |row: QueryResult| SendRow {
            id: uuid(&row, "id").expect("an id"),
            at: row.try_get("", "at").expect("a moment"),
            phone_masked: text(&row, "phone_masked").expect("a number"),
            purpose: text(&row, "purpose").expect("a purpose"),
            client_type: text(&row, "client_type").expect("a type"),
            source: text(&row, "source").expect("a source"),
            verdict: text(&row, "verdict"),
        };
        rows.into_iter().map(row).collect()
    }

    async fn attempts(&self) -> Vec<AttemptRow> {
        let sql = "SELECT * FROM sms_attempts ORDER BY send_id, number";
        let row = |row: QueryResult| AttemptRow {
            send: uuid(&row, "send_id").expect("an id"),
            number: row.try_get("", "number").expect("a number"),
            at: row.try_get("", "at").expect("a moment"),
            took_ms: row.try_get("", "took_ms").expect("a time"),
            vendor: text(&row, "vendor").expect("a vendor"),
            outcome: text(&row, "outcome").expect("an outcome"),
            vendor_code: text(&row, "vendor_code"),
            request_id: text(&row, "request_id"),
            message_id: text(&row, "message_id"),
            cost_units: row.try_get("", "cost_units").expect("units"),
        };
        self.all(sql).await.into_iter().map(row).collect()
    }

    async fn receipts(&self) -> Vec<ReceiptRow> {
        let sql = "SELECT * FROM sms_receipts ORDER BY send_id, vendor, message_id";
        let row = |row: QueryResult| ReceiptRow {
            send: uuid(&row, "send_id").expect("an id"),
            vendor: text(&row, "vendor").expect("a vendor"),
            message_id: text(&row, "message_id").expect("an id"),
            delivered: row.try_get("", "delivered").expect("a fact"),
            code: text(&row, "code"),
            segments: row.try_get("", "segments").expect("segments"),
            reported_at: row.try_get("", "reported_at").expect("a moment"),
        };
        self.all(sql).await.into_iter().map(row).collect()
    }

    async fn sealed(&self, place: SealedPlace) -> Vec<SealedValue> {
        let (table, key, column) = match place {
            SealedPlace::PhoneNumbers => ("users", "id", "phone_sealed"),
            SealedPlace::SessionKeys => ("identities", "id", "session_key_sealed"),
            SealedPlace::SigningKeys => ("signing_keys", "kid", "sealed"),
        };
        let sql = format!("SELECT * FROM {table} WHERE {column} IS NOT NULL ORDER BY {key}");
        let row = |row: QueryResult| SealedValue {
            row: match key {
                "id" => uuid(&row, key).expect("an id"),
                _ => text(&row, key).expect("an id"),
            },
            sealed: row.try_get("", column).expect("a value"),
        };
        self.all(&sql).await.into_iter().map(row).collect()
    }
}

fn text(row: &QueryResult, column: &str) -> Option<String> {
    row.try_get("", column).expect("text")
}

fn uuid(row: &QueryResult, column: &str) -> Option<String> {
    row.try_get::<Option<Uuid>>("", column)
        .expect("a UUID")
        .map(|id| id.to_string())
}
