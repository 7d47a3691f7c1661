//! What came of a push, as the control API tells it.

use serde_json::{Value, json};

use crate::outgoing::Reply;
use crate::wechat::push::Subscription;

/// 200 with `success` or nothing.
pub(super) fn is_acknowledged(reply: &Reply) -> bool {
    matches!(reply, Reply::Answered { status: 200, body } if matches!(body.trim(), "" | "success"))
}

/// A subscription without its token and key.
pub(super) fn describe(app_id: &str, subscription: &Subscription) -> Value {
    json!({"app_id": app_id, "url": subscription.url.as_string(), "mode": subscription.mode})
}

/// One delivery and what was said to it.
pub(super) fn delivery(copy: u32, attempt: u32, reply: &Reply) -> Value {
    let mut delivery = describe_reply(reply);
    delivery["copy"] = json!(copy);
    delivery["attempt"] = json!(attempt);
    delivery["accepted"] = json!(is_acknowledged(reply));
    delivery
}

/// `{status, body}` or `{error}`.
pub(super) fn describe_reply(reply: &Reply) -> Value {
    match reply {
        Reply::Answered { status, body } => json!({"status": status, "body": body}),
        Reply::TimedOut => json!({"error": "no answer in time"}),
        Reply::Failed => json!({"error": "no connection, or it broke"}),
    }
}
