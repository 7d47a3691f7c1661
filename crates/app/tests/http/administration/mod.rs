//! `/admin/v1`: who may come in, and what operators do to accounts.

mod acting;
mod finding;
mod keys;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use crate::support::{Call, Service};

/// A key that may change, one that may look, and a wrong one.
pub(crate) const WRITE: &str = "mak_q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM";

pub(crate) const READ: &str = "mak_h7PzKq3VwB9sXn2LcRt6YdFg8JmEaUo1iTbNvSxZ4Q0";

const PHONE: &str = "13900000001";

const ALICE: &str = "+8613800138000";

/// The setting that lets the keys in.
pub(crate) fn admin_keys() -> String {
    let key = |name: &str, key: &str, scope: &str| {
        let sha256 = hex::encode(digest(&SHA256, key.as_bytes()).as_ref());
        format!("{{ name = \"{name}\", sha256 = \"{sha256}\", scope = \"{scope}\" }}")
    };
    format!(
        "[{}, {}]",
        key("ops.alice", WRITE, "write"),
        key("web", READ, "read")
    )
}

/// A service whose settings have both keys.
pub(crate) async fn with_keys(more: &[(&str, &str)]) -> Service {
    let keys = admin_keys();
    let mut given = vec![("admin.keys", keys.as_str())];
    given.extend_from_slice(more);
    Service::with(&given).await
}

pub(crate) fn get(service: &Service, path: &str) -> Call {
    service.get(&format!("/admin/v1/{path}")).bearer(WRITE)
}

pub(crate) fn post(service: &Service, path: &str, body: Value) -> Call {
    let call = service.post(&format!("/admin/v1/{path}")).bearer(WRITE);
    call.json(body)
}

pub(crate) fn delete(service: &Service, path: &str) -> Call {
    service.delete(&format!("/admin/v1/{path}")).bearer(WRITE)
}

async fn see(service: &Service, user: &str) -> Value {
    get(service, &format!("users/{user}")).send().await.ok()
}

/// Rows of the audit log by the operator with this action.
async fn told(service: &Service, action: &str) -> i64 {
    let rows = format!("audit_events WHERE actor = 'ops.alice' AND action = '{action}'");
    service.count(&rows).await
}
