//! Codes by SMS, and the login with them.

mod asking;
mod codes;
mod purposes;
mod tries;

use serde_json::json;

use crate::support::{Answer, Service, client};

const PHONE: &str = "13900000001";

fn challenge(sent: &Answer) -> String {
    let id = sent.ok()["challenge_id"].as_str().map(ToOwned::to_owned);
    id.expect("a challenge")
}

async fn try_with(service: &Service, code: &str, challenge: &str) -> Answer {
    let body =
        json!({ "phone": PHONE, "code": code, "challenge_id": challenge, "client": client() });
    service.post("/v1/login/sms").json(body).send().await
}
