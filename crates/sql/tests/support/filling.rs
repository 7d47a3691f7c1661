//! Tables filled in bulk with rows like those of real logins.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

/// Fills sessions, audit log, outbox, dead letters and record of messages with `many` rows each,
/// one a second, the last one of them at `end` (Unix time). Each session is over at
/// the moment of its row; every second event was told to other services.
pub(crate) async fn fill(db: &DatabaseConnection, many: u64, end: i64) {
    run(db, &Rows::of(db, many, end).statements()).await;
}

/// The same with sessions only, all of one account.
#[allow(dead_code, reason = "not every user of this file wants it")]
pub(crate) async fn fill_sessions(db: &DatabaseConnection, many: u64, end: i64) {
    run(db, &Rows::of(db, many, end).statements()[..2]).await;
}

async fn run(db: &DatabaseConnection, statements: &[String]) {
    let patience = match db.get_database_backend() {
        DbBackend::Postgres => "SET LOCAL statement_timeout = 0; ",
        _ => "",
    };
    for statement in statements {
        let statement = format!("{patience}{statement}");
        db.execute_unprepared(&statement).await.expect("rows");
    }
}

/// What differs between the engines.
struct Rows {
    numbers: String,
    /// The id of row `n`, as a UUIDv7 of its moment.
    id: String,
    /// The moment of row `n`.
    at: String,
    bytes: &'static str,
}

impl Rows {
    fn of(db: &DatabaseConnection, many: u64, end: i64) -> Self {
        let second = format!("({end} - {many} + n)");
        if db.get_database_backend() == DbBackend::Postgres {
            return Self {
                numbers: format!("numbers(n) AS (SELECT generate_series(1, {many}::bigint))"),
                id: format!(
                    "(lpad(to_hex({second} * 1000), 12, '0') || '7' || lpad(to_hex(n), 19, '0'))::uuid"
                ),
                at: format!("to_timestamp({second})"),
                bytes: "sha256(n::text::bytea)",
            };
        }
        Self {
            numbers: format!(
                "RECURSIVE numbers(n) AS \
                 (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {many})"
            ),
            id: format!("unhex(printf('%012x7%019x', {second} * 1000, n))"),
            at: format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', {second}, 'unixepoch')"),
            bytes: "randomblob(32)",
        }
    }

    fn statements(&self) -> [String; 7] {
        let Self {
            numbers,
            id,
            at,
            bytes,
        } = self;
        let one = "(SELECT min(u.id::text)::uuid FROM users u)";
        let one = if id.contains("uuid") {
            one
        } else {
            "(SELECT min(id) FROM users)"
        };
        [
            format!(
                "WITH {numbers} INSERT INTO users \
                 (id, status, nickname, version, created_at, updated_at, last_login_at) \
                 SELECT {id}, 'active', 'x', 1, {at}, {at}, {at} FROM numbers WHERE n = 1 \
                 AND NOT EXISTS (SELECT 1 FROM users)"
            ),
            // Every third one was signed out, the others expired.
            format!(
                "WITH {numbers} INSERT INTO sessions (id, user_id, client_type, device_id, \
                 device_name, client_version, app_id, address, user_agent, created_at, \
                 last_seen_at, proven_at, expires_at, ended_at, end_reason, generation, \
                 previous_generation, current_issued_at, previous_exchanged_at) \
                 SELECT {id}, {one}, 'mini_program', '0f3a9c0d7e1b2a485f3a9c0d7e1b2a48', \
                 'iPhone 15 Pro', '3.4.1', 'wx5f3a9c0d7e1b2a48', '203.0.113.77', \
                 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49', {at}, {at}, {at}, {at}, \
                 CASE WHEN n % 3 = 0 THEN {at} END, CASE WHEN n % 3 = 0 THEN 'signed_out' END, \
                 3, 2, {at}, {at} FROM numbers"
            ),
            format!(
                "WITH {numbers} INSERT INTO audit_events (id, at, action, user_id, session_id, \
                 method, address, device_id, request_id) \
                 SELECT {id}, {at}, 'login.signed_in', {one}, {id}, 'wechat', '203.0.113.77', \
                 '0f3a9c0d7e1b2a485f3a9c0d7e1b2a48', '0198c0de-0000-7000-8000-00000000abcd' \
                 FROM numbers"
            ),
            format!(
                "WITH {numbers} INSERT INTO outbox \
                 (id, at, user_id, kind, payload, due_at, delivered_at) \
                 SELECT {id}, {at}, {one}, 'session.created', \
                 '{{\"user_id\":\"0198c0de-0000-7000-8000-00000000abcd\",\
                 \"session_id\":\"0198c0de-0000-7000-8000-00000000abcd\"}}', {at}, \
                 CASE WHEN n % 2 = 0 THEN {at} END FROM numbers"
            ),
            format!(
                "WITH {numbers} INSERT INTO webhook_deliveries \
                 (event_id, receiver, user_id, kind, at, data, attempts, due_at, give_up_at, \
                 dead_at, last_outcome) \
                 SELECT {id}, 'crm', {one}, 'session.created', {at}, \
                 '{{\"user_id\":\"0198c0de-0000-7000-8000-00000000abcd\"}}', 30, {at}, {at}, \
                 {at}, 'timed_out' FROM numbers"
            ),
            format!(
                "WITH {numbers} INSERT INTO sms_sends \
                 (id, at, phone_index, phone_masked, purpose, client_type, source, verdict) \
                 SELECT {id}, {at}, {bytes}, '138****8000', 'login', 'mini_program', \
                 '203.0.113.77', 'accepted' FROM numbers"
            ),
            format!(
                "WITH {numbers} INSERT INTO sms_attempts (send_id, number, at, took_ms, vendor, \
                 outcome, vendor_code, request_id, message_id, cost_units) \
                 SELECT {id}, 1, {at}, 87, 'aliyun', 'accepted', 'OK', \
                 'F655A8D5-B967-440B-8683-DAD6FF8DE990', '9006197469364984' || n, 1 FROM numbers"
            ),
        ]
    }
}
