//! WeChat and the SMS vendor misbehaving: the contract's answer within the
//! deadline, and nothing half-done.

mod database;
mod sms;
mod wechat;

use std::time::Duration;

use serde_json::{Value, json};

const PHONE: &str = "13900000001";

/// No answer takes longer than six seconds, whatever is broken; the rest is for a
/// machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(9);

/// A fault of one call.
fn at(target: &str, mut fault: Value) -> Value {
    fault["target"] = json!(target);
    fault
}
