//! `/admin/v1`: what is on record, counters, test numbers.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use serde_json::{Value, json};

use crate::administration::{READ, delete, get, post, with_keys};
use crate::support::{Login, MINI_PROGRAM, Service};

const PHONE: &str = "13900000001";
const OTHER: &str = "13900000002";

async fn audit(service: &Service, query: &str) -> Value {
    let path = format!("audit-events?{query}");
    get(service, &path).send().await.ok()
}

fn rows(page: &Value) -> &Vec<Value> {
    page["events"].as_array().expect("events")
}

#[tokio::test]
async fn the_audit_log_is_read_page_by_page_with_conditions() {
    let service = with_keys(&[]).await;
    let alice = service.one_tap("alice").await;
    let bob = service.one_tap("bob").await;
    for login in [&alice, &bob, &alice] {
        let logout = service.post("/v1/logout").bearer(login.access());
        logout.send().await.ok();
    }
    service.one_tap("alice").await;
    let of_alice = format!("user_id={}", alice.user());
    let whole = audit(&service, &format!("{of_alice}&limit=100")).await;
    assert_eq!(whole["next_cursor"], Value::Null);
    let of_whole: BTreeSet<String> = rows(&whole).iter().map(ToString::to_string).collect();
    assert!(of_whole.len() >= 5, "{whole}");
    assert!(
        rows(&whole)
            .iter()
            .all(|row| row["user_id"] == alice.user())
    );
    // The same rows, two by two.
    let mut paged = BTreeSet::new();
    let mut next = String::new();
    loop {
        let page = audit(&service, &format!("{of_alice}&limit=2{next}")).await;
        for row in rows(&page) {
            // A look at the account is told of itself.
            if row["action"] != "admin.read" {
                assert!(paged.insert(row.to_string()), "{row} is there twice");
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    let lives: BTreeSet<String> = of_whole
        .into_iter()
        .filter(|row| !row.contains("admin.read"))
        .collect();
    assert_eq!(paged, lives);

    let logins = audit(&service, "action=login.succeeded").await;
    assert_eq!(rows(&logins).len(), 3);
    let both = audit(&service, &format!("{of_alice}&action=login.succeeded")).await;
    assert_eq!(rows(&both).len(), 2);
    let mine = audit(&service, "actor=ops.alice&action=admin.read").await;
    assert!(rows(&mine).iter().all(|row| row["actor"] == "ops.alice"));
    let here = format!("{of_alice}&address=127.0.0.1");
    assert!(rows(&audit(&service, &here).await).len() >= 5);
    let there = format!("{of_alice}&address=127.0.0.2");
    assert!(rows(&audit(&service, &there).await).is_empty());
    let unbounded = get(&service, "audit-events?address=127.0.0.1");
    unbounded.send().await.fails(400, "invalid_request");
    let probed = format!("/admin/v1/audit-events?{here}");
    let probed = service.get(&probed).bearer(READ).send().await;
    probed.fails(403, "forbidden");
    let none = audit(&service, "action=account.erased").await;
    assert!(rows(&none).is_empty());
    let hour_ago = (SystemClock.now() - TimeDelta::hours(1)).format("%FT%TZ");
    let past = audit(&service, &format!("to={hour_ago}")).await;
    assert!(rows(&past).is_empty());
    let since = audit(&service, &format!("from={hour_ago}&action=login.succeeded")).await;
    assert_eq!(rows(&since).len(), 3);
    let masked = service.get("/admin/v1/audit-events?action=login.succeeded");
    let masked = masked.bearer(READ).send().await;
    assert!(!masked.text.contains("127.0.0.1") && !masked.text.contains('~'));
    assert!(masked.text.contains("\"127.0.0.0/24\""), "{}", masked.text);
}

#[tokio::test]
async fn a_wrong_condition_is_named() {
    let service = with_keys(&[]).await;
    for (query, field) in [
        ("user_id=x", "user_id"),
        ("action=x", "action"),
        ("action=a.b%27", "action"),
        ("from=yesterday", "from"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor"),
        ("page=2", "page"),
        ("limit=1&limit=2", "limit"),
        ("actor=a%20b", "actor"),
    ] {
        let refused = get(&service, &format!("audit-events?{query}")).send().await;
        refused.fails(400, "invalid_request");
        assert_eq!(refused.body()["errors"][0]["field"], field, "{query}");
    }
    for query in ["date=2026-13-01", "offset=8", "offset=+15:00", "zone=x"] {
        let refused = get(&service, &format!("counters?{query}")).send().await;
        refused.fails(400, "invalid_request");
    }
}

#[tokio::test]
async fn messages_to_a_number_are_told_with_what_became_of_them() {
    let service = with_keys(&[("sms.resend_interval", "0s")]).await;
    for phone in [PHONE, OTHER, PHONE] {
        service.ask(phone).await.ok();
        service.forget_messages().await;
    }
    let fault = json!({ "target": "sms/aliyun", "errcode": "isp.SYSTEM_ERROR" });
    service.fault(fault).await;
    service.ask(PHONE).await.fails(503, "sms_unavailable");
    let search = |limit: u32, cursor: Option<&str>| {
        let body = json!({ "phone": PHONE, "limit": limit, "cursor": cursor });
        post(&service, "sends/search", body).send()
    };
    let page = search(2, None).await;
    assert!(!page.text.contains("+86139"), "{}", page.text);
    let page = page.ok();
    let sends = page["sends"].as_array().unwrap();
    assert_eq!(sends.len(), 2);
    assert_eq!(sends[0]["verdict"], "unavailable");
    assert_eq!(sends[0]["attempts"][0]["vendor_code"], "isp.SYSTEM_ERROR");
    assert_eq!(sends[1]["verdict"], "accepted");
    assert_eq!(sends[1]["phone_masked"], "139****0001");
    assert!(sends[1]["attempts"][0]["message_id"].is_string());
    let last = search(2, page["next_cursor"].as_str()).await.ok();
    assert_eq!(last["sends"].as_array().unwrap().len(), 1);
    assert_eq!(last["next_cursor"], Value::Null);
    let masked = service.post("/admin/v1/sends/search").bearer(READ);
    let masked = masked.json(json!({ "phone": PHONE })).send().await.ok();
    assert_eq!(masked["sends"][0]["source"], "127.0.0.*");
    let looks = "audit_events WHERE method = 'sends.search' AND subject = '139****0001'";
    assert_eq!(service.count(looks).await, 3);
}

#[tokio::test]
async fn the_applications_are_listed_for_whoever_searches_by_openid() {
    let service = with_keys(&[]).await;
    let listed = service.get("/admin/v1/applications").bearer(READ);
    let listed = listed.send().await.ok();
    let applications = listed["applications"].as_array().unwrap();
    let mini_program = applications
        .iter()
        .find(|one| one["app_id"] == MINI_PROGRAM)
        .expect("the mini-program of the development profile");
    assert_eq!(mini_program["provider"], "wechat_mini_program");
    assert!(mini_program["platform"].is_string());
    let looks = "audit_events WHERE method = 'applications.list' AND actor = 'web'";
    assert_eq!(service.count(looks).await, 1);
}

#[tokio::test]
async fn a_refused_code_is_counted() {
    let service = with_keys(&[]).await;
    service.ask(OTHER).await.ok();
    // Too soon.
    service.ask(OTHER).await.fails(429, "sms_too_frequent");
    let day = get(&service, "counters?offset=%2B08:00").send().await.ok();
    let from: chrono::DateTime<Utc> = day["from"].as_str().unwrap().parse().unwrap();
    if SystemClock.now() - from > TimeDelta::minutes(5) {
        assert_eq!(day["totals"]["refused_codes"], 1);
    }
}

#[tokio::test]
async fn the_day_is_counted_hour_by_hour() {
    let service = with_keys(&[("sms.resend_interval", "0s")]).await;
    service.sms_login(PHONE).await;
    service.one_tap("alice").await;
    service.one_tap("alice").await;
    service.ask(OTHER).await.ok();
    service
        .try_code(OTHER, "000000")
        .await
        .fails(400, "sms_code_incorrect");
    let day = get(&service, "counters?offset=%2B08:00").send().await.ok();
    let totals = json!({
        "logins": 3, "refused_logins": 0, "new_users": 2,
        "sent": 2, "verified": 1, "wrong_codes": 1, "refused_codes": 0,
    });
    // Midnight may have passed meanwhile: then some of it is yesterday's.
    let from: chrono::DateTime<Utc> = day["from"].as_str().unwrap().parse().unwrap();
    if SystemClock.now() - from > TimeDelta::minutes(5) {
        assert_eq!(day["totals"], totals);
        assert_eq!(
            day["sends_by_verdict"],
            json!([{ "name": "accepted", "count": 2 }])
        );
        let spend = &day["spend"][0];
        assert_eq!(
            (&spend["vendor"], &spend["accepted"]),
            (&json!("aliyun"), &json!(2))
        );
        assert!(spend["units"].as_u64().unwrap() >= 2, "{spend}");
        let methods: u64 = day["logins_by_method"]
            .as_array()
            .unwrap()
            .iter()
            .map(|method| method["count"].as_u64().unwrap())
            .sum();
        assert_eq!(methods, 3);
    }
    assert_eq!(from.format("%T").to_string(), "16:00:00");
    let hours = day["hours"].as_array().unwrap();
    let logins: u64 = hours
        .iter()
        .map(|hour| hour["logins"].as_u64().unwrap())
        .sum();
    assert_eq!(day["totals"]["logins"], logins);
    // Each hour tells its logins by method, too.
    for hour in hours {
        let methods = hour["logins_by_method"].as_array().unwrap();
        let by_method: u64 = methods
            .iter()
            .map(|method| method["count"].as_u64().unwrap())
            .sum();
        assert_eq!(hour["logins"], by_method, "{hour}");
    }
    let since = (SystemClock.now() - from).num_hours();
    assert_eq!(i64::try_from(hours.len()).unwrap(), since + 1);
    let past = get(&service, "counters?date=2020-01-01").send().await.ok();
    assert_eq!(past["hours"].as_array().unwrap().len(), 24);
    assert_eq!(past["totals"]["logins"], 0);
    let future = get(&service, "counters?date=2999-01-01").send().await.ok();
    assert!(future["hours"].as_array().unwrap().is_empty());
}

fn number(phone: &str, until: &str) -> Value {
    json!({ "phone": phone, "code": "246810", "until": until, "note": "app review" })
}

#[tokio::test]
async fn a_test_number_works_until_its_end_and_no_message_is_sent() {
    let service = with_keys(&[]).await;
    let until = (SystemClock.now() + TimeDelta::days(3)).to_rfc3339();
    let made = post(&service, "test-numbers", number(PHONE, &until))
        .send()
        .await;
    assert!(!made.text.contains("246810") && !made.text.contains(PHONE));
    let made = made.ok();
    assert_eq!(made["phone_masked"], "139****0001");
    assert_eq!(made["made_by"], "ops.alice");
    service.ask(PHONE).await.ok();
    assert!(service.inbox(PHONE).await.is_empty());
    service
        .try_code(PHONE, "246811")
        .await
        .fails(400, "sms_code_incorrect");
    Login::of(&service.try_code(PHONE, "246810").await);
    // Others are as before.
    service.ask(OTHER).await.ok();
    let code = service.code_at(OTHER).await;
    service.try_code(OTHER, &code).await.ok();
    let used = "audit_events WHERE action = 'code.test_number_used'";
    assert_eq!(service.count(used).await, 1);
    // It is there after a restart, too.
    let service = service.restarted().await;
    let listed = get(&service, "test-numbers").send().await.ok();
    assert_eq!(listed["test_numbers"][0]["id"], made["id"]);
    service.ask(PHONE).await.ok();
    Login::of(&service.try_code(PHONE, "246810").await);
    let path = format!("test-numbers/{}", made["id"].as_str().unwrap());
    delete(&service, &path).send().await.ok();
    delete(&service, &path).send().await.fails(404, "not_found");
    let service = service.restarted().await;
    service.ask(PHONE).await.ok();
    assert_eq!(service.inbox(PHONE).await.len(), 1);
}

/// Whoever knows the code of a test number is in its account: that must not be a
/// person's.
#[tokio::test]
async fn the_number_of_an_account_is_no_test_number_and_a_test_number_is_renewed() {
    let service = with_keys(&[("sms.resend_interval", "0s")]).await;
    let until = (SystemClock.now() + TimeDelta::days(3)).to_rfc3339();
    let make = async || {
        let call = post(&service, "test-numbers", number(PHONE, &until));
        call.send().await
    };
    let person = service.sms_login(PHONE).await;
    make().await.fails(409, "phone_taken");
    let row = "audit_events WHERE action = 'admin.refused' AND reason = 'phone_taken'";
    assert_eq!(service.count(row).await, 1);
    service.forget_messages().await;
    service.ask(PHONE).await.ok();
    let tried = service.try_code(PHONE, "246810").await;
    tried.fails(400, "sms_code_incorrect");
    // Freed, it may be one, and is renewed while its reviewer has an account.
    let path = format!("users/{}/detach-phone", person.user());
    let even = json!({ "reason": "app review", "even_the_last": true });
    post(&service, &path, even).send().await.ok();
    make().await.ok();
    service.ask(PHONE).await.ok();
    Login::of(&service.try_code(PHONE, "246810").await);
    make().await.ok();
}

#[tokio::test]
async fn a_test_number_that_cannot_be_made_says_why() {
    let service = with_keys(&[]).await;
    let day = |days| (SystemClock.now() + TimeDelta::days(days)).to_rfc3339();
    for (until, field) in [
        (day(-1), "until"),
        (day(91), "until"),
        ("x".to_owned(), "until"),
    ] {
        let refused = post(&service, "test-numbers", number(PHONE, &until))
            .send()
            .await;
        refused.fails(400, "invalid_request");
        assert_eq!(refused.body()["errors"][0]["field"], field);
    }
    let refused = post(&service, "test-numbers", number("123", &day(1)))
        .send()
        .await;
    refused.fails(400, "invalid_phone");
    let mut wrong = number(PHONE, &day(1));
    wrong["code"] = json!("12345");
    let refused = post(&service, "test-numbers", wrong).send().await;
    refused.blames("code", "invalid_code");
    assert_eq!(service.count("test_numbers").await, 0);
}
