//! The audit log and the record of messages.

use menshen_domain::model::origin::network_kept;
use menshen_domain::model::record::{AuditRecord, SendRecord};
use menshen_domain::services::administration::Listed;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown_address;
use crate::http::account_json::time;
use crate::http::admin::cursor;

/// A row of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventJson {
    /// The row's id.
    id: String,
    /// RFC 3339.
    at: String,
    /// What happened.
    #[schema(example = "login.succeeded")]
    action: String,
    /// Whose account it concerns.
    user_id: Option<String>,
    /// Which session it concerns.
    session_id: Option<String>,
    /// The subject, masked.
    subject: Option<String>,
    /// How it was done; of operators' acts, which.
    method: Option<String>,
    /// Why it came out so; of operators' acts, why it was done.
    reason: Option<String>,
    /// From which network, and a keyed tag that rows of one source share, which keys
    /// with scope `read` do not see.
    #[schema(example = "203.0.113.0/24~3c0ffee1ab2d4e5f")]
    address: Option<String>,
    /// The device's own name for itself; for keys with scope `write` only.
    device_id: Option<String>,
    /// The request's id.
    request_id: Option<String>,
    /// The operator who did it.
    actor: Option<String>,
}

impl AuditEventJson {
    /// A row, whole or with personal data masked.
    #[must_use]
    pub fn new(row: &AuditRecord, whole: bool) -> Self {
        let address = row.address.as_deref().map(|kept| {
            let shown = if whole { kept } else { network_kept(kept) };
            shown.to_owned()
        });
        Self {
            id: row.id.to_string(),
            at: time(row.at),
            action: row.action.clone(),
            user_id: row.user.map(|user| user.to_string()),
            session_id: row.session.map(|session| session.to_string()),
            subject: row.subject.clone(),
            method: row.method.clone(),
            reason: row.reason.clone(),
            address,
            device_id: row.device_id.clone().filter(|_| whole),
            request_id: row.request_id.clone(),
            actor: row.actor.clone(),
        }
    }
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPageJson {
    /// Newest first.
    events: Vec<AuditEventJson>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

impl AuditPageJson {
    /// A page, whole or with personal data masked.
    #[must_use]
    pub fn new(listed: &Listed<AuditRecord>, whole: bool) -> Self {
        let rows = listed.rows.iter();
        Self {
            events: rows.map(|row| AuditEventJson::new(row, whole)).collect(),
            next_cursor: listed.next.map(cursor::write),
        }
    }
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct SendJson {
    /// The message's id, as vendors know it.
    id: String,
    /// RFC 3339.
    at: String,
    /// To whom, masked.
    phone_masked: String,
    /// `login`, `bind_phone` or `step_up`; `number_notice` tells a number that an account
    /// has lost it.
    purpose: String,
    /// From which client type it was asked for; `operator` where an operator's act did.
    client_type: String,
    /// From which source network; for keys with scope `read` its host part is hidden.
    source: String,
    /// `accepted`, `unknown`, `unreachable`, `number_limited`, `misconfigured` or
    /// `unavailable`; null while it is under way, or if its process died then.
    verdict: Option<String>,
    /// Each try at a vendor, in their order.
    attempts: Vec<AttemptJson>,
    /// What vendors told later.
    receipts: Vec<ReceiptJson>,
}

/// A try at a vendor.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptJson {
    /// The vendor.
    vendor: String,
    /// What it came to.
    outcome: String,
    /// The vendor's own word for it.
    vendor_code: Option<String>,
    /// The vendor's id of the request.
    request_id: Option<String>,
    /// The vendor's id of the message.
    message_id: Option<String>,
    /// What it costs, in the vendor's own unit.
    cost_units: Option<u64>,
    /// Milliseconds until the answer.
    took_ms: u64,
    /// RFC 3339.
    at: String,
}

/// A delivery receipt.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptJson {
    /// The vendor.
    vendor: String,
    /// The vendor's id of the message.
    message_id: String,
    /// Whether the handset has it.
    delivered: bool,
    /// The vendor's own word.
    code: Option<String>,
    /// How many segments are billed.
    segments: Option<u64>,
    /// RFC 3339.
    reported_at: String,
}

impl SendJson {
    /// A message, with its source whole or masked.
    #[must_use]
    pub fn new(send: &SendRecord, whole: bool) -> Self {
        let attempts = send.attempts.iter().map(|one| AttemptJson {
            vendor: one.vendor.clone(),
            outcome: one.outcome.clone(),
            vendor_code: one.vendor_code.clone(),
            request_id: one.request_id.clone(),
            message_id: one.message_id.clone(),
            cost_units: one.cost_units,
            took_ms: one.took_ms,
            at: time(one.at),
        });
        let receipts = send.receipts.iter().map(|one| ReceiptJson {
            vendor: one.vendor.clone(),
            message_id: one.message_id.clone(),
            delivered: one.delivered,
            code: one.code.clone(),
            segments: one.segments,
            reported_at: time(one.reported_at),
        });
        Self {
            id: send.id.to_string(),
            at: time(send.at),
            phone_masked: send.phone_masked.clone(),
            purpose: send.purpose.clone(),
            client_type: send.client_type.clone(),
            source: match send.source.parse() {
                Ok(address) => shown_address(address, whole),
                Err(_) => String::new(),
            },
            verdict: send.verdict.clone(),
            attempts: attempts.collect(),
            receipts: receipts.collect(),
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct SendPageJson {
    /// Newest first.
    sends: Vec<SendJson>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

impl SendPageJson {
    /// A page, with sources whole or masked.
    #[must_use]
    pub fn new(listed: &Listed<SendRecord>, whole: bool) -> Self {
        let rows = listed.rows.iter();
        Self {
            sends: rows.map(|send| SendJson::new(send, whole)).collect(),
            next_cursor: listed.next.map(cursor::write),
        }
    }
}
