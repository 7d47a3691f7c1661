//! Refreshing, signing out, devices, and what other services see.

mod devices;
mod ending;
mod idempotency;
mod other_services;
mod refreshing;

use serde_json::Value;

use crate::support::{Answer, Login, Service};

const PHONE: &str = "13900000001";

async fn logout(service: &Service, login: &Login, body: Option<Value>) -> Answer {
    let call = service.post("/v1/logout").bearer(login.access());
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

async fn is_over(service: &Service, login: &Login, reason: &str) {
    for answer in [
        service.me(login.access()).await,
        service.verify(login.access()).await,
        service.refresh(login.refresh()).await,
    ] {
        assert_eq!(answer.fails(401, "session_revoked")["reason"], reason);
    }
}
