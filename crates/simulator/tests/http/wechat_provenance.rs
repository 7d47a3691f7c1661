//! Numbers and payers that a client claims, and what `WeChat` says to that.

use aws_lc_rs::digest;
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, text};
use super::open_data::open;

async fn token(offline: &Offline) -> String {
    text(&offline.stable_token(false).await, "access_token")
}

async fn press(offline: &Offline, body: &Value) -> (u16, Value) {
    offline
        .control(Method::POST, "/control/wechat/phone", body)
        .await
}

#[tokio::test]
async fn the_button_gives_the_number_in_the_old_way_too() {
    let offline = Offline::start().await;
    let (_, before) = press(&offline, &json!({"person": "alice"})).await;
    assert_eq!(before.get("encrypted_data"), None, "there is no key yet");
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let (_, pressed) = press(&offline, &json!({"person": "alice"})).await;

    assert_eq!(
        open(&session, &pressed),
        json!({
            "phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86",
            "watermark": {"timestamp": 1_767_225_600, "appid": APP_ID},
        })
    );

    let token = token(&offline).await;
    let check = async |hash: &str| {
        let body = json!({"encrypted_msg_hash": hash});
        offline
            .with_token("/wxa/business/checkencryptedmsg", &token, &body)
            .await
    };
    let made = text(&pressed, "encrypted_data");
    let hash = hex::encode(digest::digest(&digest::SHA256, made.as_bytes()));
    assert_eq!(
        check(&hash).await,
        json!({"errcode": 0, "errmsg": "ok", "vaild": true, "create_time": 1_767_225_600})
    );
    assert_eq!(check(&hash.to_uppercase()).await["vaild"], true);
    assert_eq!(
        check(&"0".repeat(64)).await,
        json!({"errcode": 0, "errmsg": "ok", "vaild": false, "create_time": 0})
    );
    assert_eq!(check("").await["errcode"], 40097);
}

#[tokio::test]
async fn the_provenance_of_a_number_is_known_for_three_days() {
    let offline = Offline::start().await;
    offline.login_code("alice").await;
    let (_, pressed) = press(&offline, &json!({"person": "alice"})).await;
    let made = text(&pressed, "encrypted_data");
    let hash = hex::encode(digest::digest(&digest::SHA256, made.as_bytes()));
    let body = json!({"encrypted_msg_hash": hash});
    let path = "/wxa/business/checkencryptedmsg";
    offline.advance(3 * 86_400 - 1);
    let answer = offline
        .with_token(path, &token(&offline).await, &body)
        .await;
    assert_eq!(answer["vaild"], true);
    offline.advance(1);
    let answer = offline
        .with_token(path, &token(&offline).await, &body)
        .await;
    assert_eq!(answer["vaild"], false);
}

#[tokio::test]
async fn somebody_with_several_numbers_chooses_one() {
    let offline = Offline::start().await;
    let change = async |body: Value| {
        offline
            .control(Method::PATCH, "/control/people/alice", &body)
            .await
    };
    let phones = json!({"phones": ["13800138000", "+85298765432"]});
    let (_, person) = change(phones).await;
    assert_eq!(
        (&person["phone"], &person["phones"]),
        (
            &json!("+8613800138000"),
            &json!(["+8613800138000", "+85298765432"])
        )
    );
    let token = token(&offline).await;
    let number = async |body: Value| {
        let (_, pressed) = press(&offline, &body).await;
        let code = json!({"code": text(&pressed, "code")});
        offline.phone_number(&token, &code).await["phone_info"].clone()
    };
    let first = number(json!({"person": "alice"})).await;
    assert_eq!(first["phoneNumber"], "13800138000");
    let second = number(json!({"person": "alice", "phone": "+85298765432"})).await;
    assert_eq!(
        (
            &second["countryCode"],
            &second["purePhoneNumber"],
            &second["phoneNumber"]
        ),
        (&json!("852"), &json!("98765432"), &json!("+85298765432"))
    );
    let foreign = json!({"person": "alice", "phone": "13900139000"});
    assert_eq!(press(&offline, &foreign).await.0, 409);
    for wrong in [
        json!({"phone": "13800138000", "phones": []}),
        json!({"phones": ["x"]}),
        json!({"phones": vec!["13800138000"; 11]}),
    ] {
        assert_eq!(change(wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(change(json!({"phones": []})).await.1["phone"], json!(null));
}

#[tokio::test]
async fn a_denied_button_gives_no_code_and_costs_nothing() {
    let offline = Offline::start().await;
    let (status, answer) = press(&offline, &json!({"person": "alice", "deny": true})).await;
    assert_eq!(
        (status, answer),
        (200, json!({"errMsg": "getPhoneNumber:fail user deny"}))
    );
    let apps = offline.get_json("/control/apps", &[]).await;
    assert_eq!(apps[0]["phone_billed"], 0);
}

#[tokio::test]
async fn a_payer_is_known_for_five_minutes() {
    let offline = Offline::start().await;
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let openid = text(&session, "openid");
    let (_, paid) = offline
        .control(
            Method::POST,
            "/control/wechat/pay",
            &json!({"person": "alice"}),
        )
        .await;
    let token = token(&offline).await;
    let ask = async |more: &[(&str, &str)]| {
        let mut query = vec![("access_token", token.as_str())];
        query.extend(more);
        offline.get_json("/wxa/getpaidunionid", &query).await
    };
    let (transaction, merchant, order) = (
        text(&paid, "transaction_id"),
        text(&paid, "mch_id"),
        text(&paid, "out_trade_no"),
    );
    let by_transaction = [
        ("openid", openid.as_str()),
        ("transaction_id", &transaction),
    ];
    let by_order = [
        ("openid", openid.as_str()),
        ("mch_id", &merchant),
        ("out_trade_no", &order),
    ];
    let expected = json!({"errcode": 0, "errmsg": "ok", "unionid": session["unionid"]});
    assert_eq!(ask(&by_transaction).await, expected);
    assert_eq!(ask(&by_order).await, expected);
    let bob = text(
        &offline.code2session(&offline.login_code("bob").await).await,
        "openid",
    );
    for (query, errcode) in [
        (vec![("transaction_id", transaction.as_str())], 41009),
        (vec![("openid", openid.as_str())], 40097),
        (vec![("openid", &openid), ("mch_id", &merchant)], 40097),
        (
            vec![("openid", "oNobody"), ("transaction_id", &transaction)],
            40003,
        ),
        (
            vec![("openid", &bob), ("transaction_id", &transaction)],
            89300,
        ),
        (vec![("openid", &openid), ("transaction_id", "1")], 89300),
    ] {
        assert_eq!(ask(&query).await["errcode"], errcode, "{query:?}");
    }
    let path = format!("/control/apps/{APP_ID}");
    let unbound = json!({"platform": null});
    offline.control(Method::POST, &path, &unbound).await;
    assert_eq!(ask(&by_transaction).await["errcode"], 89002);
    offline.advance(300);
    assert_eq!(ask(&by_transaction).await["errcode"], 89300);
}
