//! Exports as the products write them, and who comes of each.

use chrono::{DateTime, Utc};
use menshen_domain::model::imported_person::ImportedPerson;
use menshen_domain::model::region::Region;
use menshen_domain::model::wechat::{AppId, AppKind, Platform, WeChatApp, WeChatApps};
use serde_json::{Value, json};

use super::{Hints, Told, read};
use crate::commands::import::arguments::{NamedApp, Product, WeChatIdKind};
use crate::commands::import::given::Surroundings;

const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
const OTHER: &str = "oAbCdEfGhIjKlMnOpQrStUvWxYz0";
const UNIONID: &str = "o6_bmasdasdsad6_2sgVt7hMZOPfL";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

fn app(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

fn surroundings() -> Surroundings {
    let one = |id, kind| WeChatApp {
        id: app(id),
        kind,
        platform: Some(Platform::parse("main").unwrap()),
    };
    let apps = vec![
        one("wxmini", AppKind::MiniProgram),
        one("wxapp", AppKind::App),
        one("wxsite", AppKind::Website),
    ];
    Surroundings {
        apps: WeChatApps::new(apps),
        usual_app: Some(app("wxmini")),
        platform: None,
        region: Region::CN,
    }
}

fn hints() -> Hints {
    Hints {
        apps: Vec::new(),
        wechat_id: None,
        now: now(),
    }
}

fn told(product: Product, hints: &Hints, row: &Value) -> (Option<String>, Result<Told, String>) {
    let (id, told) = read(product, row.as_object().unwrap(), hints);
    (id, told.map_err(|problems| problems.join("; ")))
}

#[track_caller]
fn person(product: Product, hints: &Hints, row: &Value) -> ImportedPerson {
    match told(product, hints, row).1 {
        Ok(Told::Person(given)) => surroundings().person(*given, now()).unwrap(),
        Ok(Told::Skipped(reason)) => panic!("skipped: {reason}"),
        Err(problems) => panic!("{problems}"),
    }
}

#[track_caller]
fn skipped(product: Product, row: &Value) -> &'static str {
    match told(product, &hints(), row).1 {
        Ok(Told::Skipped(reason)) => reason,
        Ok(Told::Person(given)) => panic!("{given:?}"),
        Err(problems) => panic!("{problems}"),
    }
}

fn openids(person: &ImportedPerson) -> Vec<(&str, &str)> {
    let openids = person.ways_in().openids.iter();
    openids
        .map(|(_, app, openid)| (app.as_str(), openid.as_str()))
        .collect()
}

fn union_ids(person: &ImportedPerson) -> Vec<(&str, &str)> {
    let union_ids = person.ways_in().union_ids.iter();
    union_ids
        .map(|(platform, union_id)| (platform.as_str(), union_id.as_str()))
        .collect()
}

#[test]
fn casdoor_tells_numbers_with_their_countries() {
    let row = json!({
        "owner": "built-in", "name": "ming", "id": "a-1", "phone": "51234567",
        "countryCode": "HK", "displayName": "小明", "avatar": "http://thirdwx.qlogo.cn/x/132",
        "createdTime": "2023-05-01T08:00:00+08:00", "lastSigninTime": "", "isForbidden": true,
        "isDeleted": false, "wechat": "", "password": "***", "properties": {},
    });
    let someone = person(Product::Casdoor, &hints(), &row);
    let number = someone.ways_in().phone.as_ref().unwrap();
    assert_eq!(number.as_e164(), "+85251234567");
    let details = someone.details();
    assert_eq!(details.nickname.as_ref().unwrap().as_str(), "小明");
    let avatar = details.avatar_url.as_ref().unwrap();
    assert_eq!(avatar.as_str(), "https://thirdwx.qlogo.cn/x/132");
    let made = details.created_at.unwrap().to_rfc3339();
    assert_eq!(made, "2023-05-01T00:00:00+00:00");
    assert!(details.disabled && details.last_login_at.is_none());
    assert_eq!(told(Product::Casdoor, &hints(), &row).0.unwrap(), "a-1");
}

#[test]
fn what_casdoor_keeps_of_wechat_must_be_said() {
    let row = json!({"owner": "o", "name": "n", "wechat": UNIONID});
    let (id, refused) = told(Product::Casdoor, &hints(), &row);
    assert_eq!(id.unwrap(), "o/n");
    assert!(refused.err().unwrap().contains("--wechat-id"));
    let said = |kind| Hints {
        wechat_id: Some(kind),
        ..hints()
    };
    let by_union_id = person(Product::Casdoor, &said(WeChatIdKind::Unionid), &row);
    assert_eq!(union_ids(&by_union_id), [("main", UNIONID)]);
    assert!(openids(&by_union_id).is_empty());
    let by_openid = person(Product::Casdoor, &said(WeChatIdKind::Openid), &row);
    assert_eq!(openids(&by_openid), [("wxmini", UNIONID)]);
    let both = json!({"id": "1", "wechat": UNIONID,
        "properties": {"wechatUnionId": UNIONID, "wechatOpenId": OPENID}});
    let someone = person(Product::Casdoor, &hints(), &both);
    assert_eq!(union_ids(&someone), [("main", UNIONID)]);
    assert_eq!(openids(&someone), [("wxmini", OPENID)]);
}

#[test]
fn whoever_was_deleted_or_has_a_password_only_is_passed_over() {
    let deleted = json!({"id": "1", "phone": "13800138000", "isDeleted": true});
    assert_eq!(skipped(Product::Casdoor, &deleted), "deleted");
    let gone = json!({"_id": "1", "mobile": "13800138000", "status": 4});
    assert_eq!(skipped(Product::UniId, &gone), "deleted");
    let left = json!({"id": "1", "phone": "8613800138000", "deleted_at": "2024-01-01T00:00:00Z"});
    assert_eq!(skipped(Product::Supabase, &left), "deleted");
    let unproven = json!({"id": "1", "email": "a@b.example", "phone": "8613800138000",
        "phone_confirmed_at": null});
    assert_eq!(skipped(Product::Supabase, &unproven), "no_way_in");
    let unproven = json!({"_id": "1", "mobile": "13800138000", "mobile_confirmed": 0});
    assert_eq!(skipped(Product::UniId, &unproven), "no_way_in");
}

#[test]
fn uni_id_keeps_openids_by_place() {
    for (mini_program, app_place) in [("mp", "app"), ("mp-weixin", "app-plus")] {
        let row = json!({
            "_id": {"$oid": "f2a60d815ee1da39"}, "mobile": "13800138000", "mobile_confirmed": 1,
            "wx_openid": {mini_program: OPENID, app_place: OTHER}, "wx_unionid": UNIONID,
            "status": 1, "nickname": "小明", "register_date": 1_600_000_000_000_i64,
            "last_login_date": 1_700_000_000_000_i64, "token": ["secret"],
        });
        let someone = person(Product::UniId, &hints(), &row);
        assert_eq!(openids(&someone), [("wxmini", OPENID), ("wxapp", OTHER)]);
        assert_eq!(union_ids(&someone), [("main", UNIONID)]);
        let details = someone.details();
        assert!(details.disabled);
        assert_eq!(details.created_at.unwrap().timestamp(), 1_600_000_000);
        assert_eq!(details.last_login_at.unwrap().timestamp(), 1_700_000_000);
        let (id, _) = told(Product::UniId, &hints(), &row);
        assert_eq!(id.unwrap(), "f2a60d815ee1da39");
    }
}

#[test]
fn an_application_that_nobody_knows_must_be_named() {
    let row = json!({"_id": "1", "wx_openid": {"web": OPENID, "mp": OTHER}});
    let (_, refused) = told(Product::UniId, &hints(), &row);
    assert!(refused.err().unwrap().contains("--app web=APP_ID"));
    let named = |app| Hints {
        apps: vec![NamedApp {
            name: "web".to_owned(),
            app,
        }],
        ..hints()
    };
    let someone = person(Product::UniId, &named(Some(app("wxsite"))), &row);
    assert_eq!(openids(&someone), [("wxmini", OTHER), ("wxsite", OPENID)]);
    let someone = person(Product::UniId, &named(None), &row);
    assert_eq!(openids(&someone), [("wxmini", OTHER)]);
}

#[test]
fn supabase_keeps_numbers_without_their_plus() {
    let row = |until: &str| {
        json!({
            "id": "7d2e", "phone": "6591234567", "phone_confirmed_at": "2024-01-01T00:00:00.123456Z",
            "user_metadata": {"full_name": "Wei", "avatar_url": "https://a.example/x.png"},
            "created_at": "2023-12-31T23:59:59Z", "banned_until": until,
        })
    };
    let someone = person(Product::Supabase, &hints(), &row("2999-01-01T00:00:00Z"));
    let number = someone.ways_in().phone.as_ref().unwrap();
    assert_eq!(number.as_e164(), "+6591234567");
    assert!(someone.details().disabled);
    assert_eq!(someone.details().nickname.as_ref().unwrap().as_str(), "Wei");
    let someone = person(Product::Supabase, &hints(), &row("2024-01-01T00:00:00Z"));
    assert!(!someone.details().disabled);
}
