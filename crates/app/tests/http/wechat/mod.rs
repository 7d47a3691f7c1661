//! Logins through WeChat: one tap, the phone button, OAuth2 consent.

mod applications;
mod conditions;
mod one_tap;
mod phone_button;

use serde_json::json;

use crate::support::{Answer, Service, client, client_of};

const APP: &str = "wx8c2d4e6f0a1b3c5d";

const CODE2SESSION: &str = "/sns/jscode2session";

const PHONE_NUMBER: &str = "/wxa/business/getuserphonenumber";

const ALICE: &str = "+8613800138000";

async fn oauth(service: &Service, app_id: &str, client_type: &str, person: &str) -> Answer {
    let code = service.oauth_code(app_id, person).await;
    let body = json!({ "code": code, "app_id": app_id, "client": client_of(client_type) });
    service
        .post("/v1/login/wechat-oauth")
        .json(body)
        .send()
        .await
}

async fn press_with(service: &Service, login_code: &str, phone_code: &str) -> Answer {
    let body = json!({ "phone_code": phone_code, "login_code": login_code, "client": client() });
    service
        .post("/v1/login/wechat-phone")
        .json(body)
        .send()
        .await
}
