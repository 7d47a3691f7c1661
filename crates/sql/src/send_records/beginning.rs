//! A message that is about to be handed to a vendor.

use std::slice;

use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::ports::mac::MacUse;
use menshen_domain::ports::send_records::NewSend;
use sea_orm::Value;

use crate::audit_log;
use crate::database::run;
use crate::failure::Failure;
use crate::lane::Filled;
use crate::moment::micros;
use crate::store::SqlStore;

/// The message and the row of the audit log in one statement, on PostgreSQL. An id
/// that was begun before undoes both.
const BEGIN: &str = "\
    WITH begun AS (\
        INSERT INTO sms_sends (id, at, phone_index, phone_masked, purpose, client_type, source) \
        VALUES ($12, $13, $14, $15, $16, $17, $18)\
    ) \
    INSERT INTO audit_events (id, at, action, user_id, session_id, subject, method, reason, \
    address, device_id, request_id) \
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], \
    $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])";

pub(super) async fn begin(
    store: &SqlStore,
    send: &NewSend,
    audit: &AuditEvent,
) -> Result<(), Failure> {
    let audit = slice::from_ref(audit);
    if let Some(lane) = store.database.lane() {
        store.database.tick_single_write();
        let statement = begin_at_once(store, send, audit);
        return lane.run(statement).await.map(drop);
    }
    let transaction = store.database.begin().await?;
    let sql = "INSERT INTO sms_sends \
               (id, at, phone_index, phone_masked, purpose, client_type, source) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values: [Value; 7] = [
        send.id.as_uuid().into(),
        micros(send.at).into(),
        index(store, &send.phone).to_vec().into(),
        send.phone.masked().into(),
        send.purpose.as_str().into(),
        send.asked.as_str().into(),
        send.source.to_string().into(),
    ];
    run(&transaction, sql, values).await?;
    audit_log::append(&transaction, &store.keys, audit).await?;
    transaction.commit().await?;
    Ok(())
}

fn begin_at_once(store: &SqlStore, send: &NewSend, audit: &[AuditEvent]) -> Filled {
    audit_log::bind(sqlx::query(BEGIN), &store.keys, audit)
        .bind(send.id.as_uuid())
        .bind(micros(send.at))
        .bind(index(store, &send.phone).to_vec())
        .bind(send.phone.masked())
        .bind(send.purpose.as_str())
        .bind(send.asked.as_str())
        .bind(send.source.to_string())
}

/// The index of the accounts: it leads from a person to what was sent.
pub(super) fn index(store: &SqlStore, phone: &PhoneNumber) -> [u8; 32] {
    let clear = phone.as_e164().as_bytes();
    store.keys.mac.tag(MacUse::BlindIndex, clear)
}
