//! All that is held about a person, for the person and nobody else.

use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, device};

const PHONE: &str = "+8613900000001";

async fn export(service: &Service, login: &Login) -> Answer {
    let call = service.get("/v1/me/export").bearer(login.access());
    call.send().await
}

fn list<'a>(data: &'a Value, name: &str) -> &'a Vec<Value> {
    data[name].as_array().expect("a list")
}

#[tokio::test]
async fn all_that_is_held_is_in_it_and_nothing_of_anybody_else() {
    let given = [
        ("accounts.consent_version", "2026-01"),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&given).await;
    let consent = json!({ "version": "2026-01" });
    let code = service.login_code("bob").await;
    let body = json!({ "code": code, "client": device("b"), "consent": consent });
    let first = Login::of(&service.post("/v1/login/wechat").json(body).send().await);
    service.bind_by_sms(&first, PHONE).await.ok();
    service.forget_messages().await;
    let login = service.sms_login_with(PHONE, device("a")).await;
    assert_eq!(login.user(), first.user());
    let patch = json!({ "bio": "喜欢喝茶" });
    let patch = service.patch("/v1/me").bearer(login.access()).json(patch);
    patch.send().await.ok();
    let code = service.login_code("carol").await;
    let body = json!({ "code": code, "client": device("carol's"), "consent": consent });
    service
        .post("/v1/login/wechat")
        .json(body)
        .send()
        .await
        .ok();

    let answer = export(&service, &login).await;
    let data = answer.ok();
    assert_eq!(data["user"]["id"], login.user());
    assert_eq!(data["user"]["phone"], PHONE);
    assert_eq!(data["user"]["bio"], "喜欢喝茶");
    assert_eq!(data["phone_proof"], "sms");
    assert_eq!(data["consent"]["version"], "2026-01");
    assert_eq!(list(&data, "openids").len(), 1);
    assert_eq!(list(&data, "union_ids").len(), 1);
    let sessions = list(&data, "sessions");
    assert_eq!(sessions.len(), 2, "also the one that was not used");
    let devices: Vec<_> = sessions.iter().map(|one| &one["device_id"]).collect();
    assert_eq!(devices, ["a", "b"], "newest first");
    assert_eq!(sessions[0]["device_name"], "phone a");
    assert_eq!(sessions[0]["address"], "127.0.0.1");
    let actions: Vec<_> = list(&data, "history")
        .iter()
        .map(|row| &row["action"])
        .collect();
    for told in [
        "account.created",
        "account.linked",
        "login.succeeded",
        "account.profile_updated",
    ] {
        assert!(
            actions.iter().any(|action| *action == told),
            "{told}: {data}"
        );
    }
    let purposes: Vec<_> = list(&data, "messages")
        .iter()
        .map(|row| &row["purpose"])
        .collect();
    assert_eq!(purposes, ["login", "bind_phone"]);
    assert_eq!(data["truncated"], json!([]));
    assert!(!answer.text.contains("carol"), "{}", answer.text);
    let row = "audit_events WHERE action = 'account.exported' AND address IS NOT NULL";
    assert_eq!(service.count(row).await, 1);
}

/// No openid, no unionid, nothing sealed or hashed, no token.
#[tokio::test]
async fn no_secret_is_in_it() {
    let service = Service::start().await;
    let login = service.sms_login(PHONE).await;
    service.link(&login, "bob").await.ok();
    let db = service.witness();
    let subjects = {
        use sea_orm::{ConnectionTrait as _, Statement};
        let db = db.connection();
        let sql = "SELECT subject FROM identities";
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql));
        let rows = rows.await.expect("rows");
        let subject = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0);
        let subjects = rows.iter().map(subject).collect::<Result<Vec<_>, _>>();
        subjects.expect("texts")
    };
    assert_eq!(subjects.len(), 2);
    let answer = export(&service, &login).await;
    answer.ok();
    let refresh_proof = login.refresh().rsplit('.').next().expect("a part");
    let signature = login.access().rsplit('.').next().expect("a part");
    let secrets = subjects.iter().map(String::as_str);
    for secret in secrets.chain([refresh_proof, signature]) {
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    for word in ["sealed", "index", "hash", "key", "token", "generation"] {
        let member = format!("{word}\":");
        assert!(!answer.text.contains(&member), "{word}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_day_has_five_of_them_for_each_person() {
    let service = Service::start().await;
    let (one, other) = (service.one_tap("bob").await, service.one_tap("carol").await);
    for _ in 0..5 {
        export(&service, &one).await.ok();
    }
    let body = export(&service, &one).await.fails(429, "rate_limited");
    assert!(
        body["retry_after"].as_u64().is_some_and(|s| s > 80_000),
        "{body}"
    );
    export(&service, &other).await.ok();
    let service = Service::with(&[("accounts.exports_per_day", "0")]).await;
    let login = service.one_tap("bob").await;
    for _ in 0..7 {
        export(&service, &login).await.ok();
    }
}

#[tokio::test]
async fn nothing_is_given_out_without_a_recent_proof() {
    let service = Service::start().await;
    let login = service.one_tap("bob").await;
    service.age_proofs().await;
    let body = export(&service, &login)
        .await
        .fails(403, "step_up_required");
    assert_eq!(body["methods"], json!(["wechat"]));
    let bare = service.get("/v1/me/export").send().await;
    bare.fails(401, "token_missing");
}

#[tokio::test]
async fn what_was_sent_to_the_number_before_is_somebody_elses() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let former = service.sms_login(PHONE).await;
    service
        .delete("/v1/me")
        .bearer(former.access())
        .send()
        .await
        .ok();
    let long_ago = "UPDATE sms_sends SET at = '2020-01-01T00:00:00+00:00'";
    service.sql(long_ago).await;
    let over = "UPDATE users SET purge_at = '2020-01-01T00:00:00+00:00'";
    service.sql(over).await;
    service.forget_messages().await;
    let login = service.sms_login(PHONE).await;
    assert!(login.is_new());
    let data = export(&service, &login).await.ok();
    assert_eq!(list(&data, "messages").len(), 1, "{data}");
}
