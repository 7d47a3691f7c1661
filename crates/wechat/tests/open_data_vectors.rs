//! Open data against WeChat's own example and one made to its rules.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use chrono::{DateTime, TimeDelta};
use menshen_domain::model::wechat::{AppId, OpenId, SessionKey};
use menshen_wechat::open_data::{Expectation, OpenData, OpenDataError, decrypt, signature_matches};

const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const APP: &str = "wx4f4bc4dec97d474b";

/// The example of WeChat's own documentation.
const PROFILE_IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";
const PROFILE_AT: i64 = 1_477_314_187;
const PROFILE: &str = include_str!("vectors/open_data_profile.b64");

const PHONE_IV: &str = "AAECAwQFBgcICQoLDA0ODw==";
const PHONE_AT: i64 = 1_700_000_000;
const PHONE: &str = "8StvfEY3Y4nKVaA9OMvN94VHLAcphVMKZErnvyST3JXCaulp0ihOEw0Yfeva19Sk0rjUjwK1pihmhwmIxGUAnxRRo/PRrhohzOZf0p0RO7t7cYcHbe3/y9bn0OSC8uPsFiSFcGaZtwiMk2JzjiSCVcNAVKnu+j213msfifTLAaUx3kQ1b9kxfL0xSoHj/e0QQzgWRyVXaH4py2gGjG1m3Q==";

fn key(text: &str) -> SessionKey {
    SessionKey::parse(text).unwrap()
}

fn open(text: &str, iv: &str, session_key: &str, now: i64) -> Result<OpenData, OpenDataError> {
    let openid = OpenId::parse("oGZUI0egBJY1zhBYw2KhdUfwVJJE").unwrap();
    let expected = Expectation {
        app: &AppId::parse(APP).unwrap(),
        openid: Some(&openid),
        now: DateTime::from_timestamp(now, 0).unwrap(),
        max_age: TimeDelta::seconds(600),
        max_ahead: TimeDelta::seconds(60),
    };
    decrypt(text, iv, &key(session_key), &expected)
}

#[test]
fn wechats_own_example_is_read() {
    let data = open(PROFILE, PROFILE_IV, KEY, PROFILE_AT).unwrap();
    assert_eq!(data.text("nickName"), Some("Band"));
    assert_eq!(data.text("city"), Some("Guangzhou"));
    assert!(
        data.text("avatarUrl")
            .unwrap()
            .starts_with("http://wx.qlogo.cn/mmopen/vi_32/")
    );
    assert_eq!(
        data.union_id().unwrap().as_str(),
        "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
    );
    let told = data.into_client_data();
    assert_eq!(told["gender"], 1);
    for hidden in ["openId", "unionId", "watermark"] {
        assert!(!told.contains_key(hidden));
    }
}

#[test]
fn a_phone_number_is_read() {
    let data = open(PHONE, PHONE_IV, KEY, PHONE_AT).unwrap();
    assert_eq!(data.text("phoneNumber"), Some("13580006666"));
    assert_eq!(data.text("purePhoneNumber"), Some("13580006666"));
    assert_eq!(data.text("countryCode"), Some("86"));
}

#[test]
fn damage_of_the_way_is_mended() {
    let spaces = PROFILE.replace('+', " ");
    let bare = PROFILE.trim_end_matches('=');
    for text in [spaces.as_str(), bare] {
        assert!(open(text, PROFILE_IV.trim_end_matches('='), KEY, PROFILE_AT).is_ok());
    }
}

#[test]
fn whatever_is_wrong_is_one_error() {
    let other_key = "HyVFkGl5F5OQWJZZaNzBBg==";
    let huge = "A".repeat(1_000_000);
    for (text, iv, session_key, now) in [
        (PROFILE, PROFILE_IV, other_key, PROFILE_AT),
        (PROFILE, PHONE_IV, KEY, PROFILE_AT),
        (&PROFILE[4..], PROFILE_IV, KEY, PROFILE_AT),
        (&PROFILE[..PROFILE.len() - 24], PROFILE_IV, KEY, PROFILE_AT),
        (PROFILE, "", KEY, PROFILE_AT),
        ("", PROFILE_IV, KEY, PROFILE_AT),
        ("%%%%", PROFILE_IV, KEY, PROFILE_AT),
        (&huge, PROFILE_IV, KEY, PROFILE_AT),
        (PROFILE, PROFILE_IV, KEY, PROFILE_AT + 601),
        (PROFILE, PROFILE_IV, KEY, PROFILE_AT - 61),
    ] {
        assert_eq!(open(text, iv, session_key, now).unwrap_err(), OpenDataError);
    }
}

#[test]
fn data_about_somebody_else_or_another_application_is_refused() {
    let app = AppId::parse(APP).unwrap();
    let openid = OpenId::parse("oGZUI0egBJY1zhBYw2KhdUfwVJJE").unwrap();
    let (other_app, stranger) = (
        AppId::parse("wx0000000000000000").unwrap(),
        OpenId::parse("ogzui0EGbjy1ZHbyW2kHDuFWvjje").unwrap(),
    );
    for (app, openid, meant) in [
        (&app, Some(&openid), true),
        (&app, None, true),
        (&app, Some(&stranger), false),
        (&other_app, Some(&openid), false),
    ] {
        let expected = Expectation {
            app,
            openid,
            now: DateTime::from_timestamp(PROFILE_AT, 0).unwrap(),
            max_age: TimeDelta::seconds(600),
            max_ahead: TimeDelta::seconds(60),
        };
        assert_eq!(
            decrypt(PROFILE, PROFILE_IV, &key(KEY), &expected).is_ok(),
            meant
        );
    }
}

#[test]
fn the_signature_of_raw_data_is_checked_byte_for_byte() {
    let raw = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
    let signature = "75e81ceda165f4ffa64f4068af58c64b8f54b88c";
    let signed_with = key("HyVFkGl5F5OQWJZZaNzBBg==");
    assert!(signature_matches(raw, signature, &signed_with));
    assert!(!signature_matches(
        &format!("{raw} "),
        signature,
        &signed_with
    ));
    assert!(!signature_matches(raw, signature, &key(KEY)));
    assert!(!signature_matches(raw, &signature[1..], &signed_with));
    assert!(!signature_matches(raw, "", &signed_with));
}
