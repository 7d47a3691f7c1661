//! Open data against WeChat's own example and others made to its rules.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use aws_lc_rs::cipher::{AES_128, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use menshen_domain::model::wechat::{AppId, OpenId, SessionKey};
use menshen_domain::ports::open_data_reader::{
    OpenData, OpenDataError, OpenDataExpectation, OpenDataReader as _, SealedOpenData,
};
use menshen_wechat::AesOpenDataReader;
use serde_json::{Value, json};

const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const APP: &str = "wx4f4bc4dec97d474b";
const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";

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

fn open_for(
    (app, openid): (&str, &str),
    (text, iv): (&str, &str),
    session_key: &str,
    now: i64,
) -> Result<OpenData, OpenDataError> {
    let sealed = SealedOpenData {
        encrypted_data: text,
        iv,
    };
    let expected = OpenDataExpectation {
        app: &AppId::parse(app).unwrap(),
        openid: &OpenId::parse(openid).unwrap(),
        now: DateTime::from_timestamp(now, 0).unwrap(),
    };
    AesOpenDataReader.open(sealed, &key(session_key), expected)
}

fn open(text: &str, iv: &str, session_key: &str, now: i64) -> Result<OpenData, OpenDataError> {
    open_for((APP, OPENID), (text, iv), session_key, now)
}

/// Encrypts as WeChat does, under [`KEY`] and [`PHONE_IV`].
fn seal(clear: &[u8]) -> String {
    let unbound = UnboundCipherKey::new(&AES_128, &STANDARD.decode(KEY).unwrap()).unwrap();
    let iv: [u8; 16] = STANDARD.decode(PHONE_IV).unwrap().try_into().unwrap();
    let mut buffer = clear.to_vec();
    PaddedBlockEncryptingKey::cbc_pkcs7(unbound)
        .unwrap()
        .less_safe_encrypt(&mut buffer, EncryptionContext::Iv128(FixedLength::from(iv)))
        .unwrap();
    STANDARD.encode(buffer)
}

fn open_sealed(clear: &[u8]) -> Result<OpenData, OpenDataError> {
    open(&seal(clear), PHONE_IV, KEY, PHONE_AT)
}

fn told(data: &OpenData) -> Value {
    serde_json::from_str(&data.client_json).unwrap()
}

#[test]
fn wechats_own_example_is_read() {
    let data = open(PROFILE, PROFILE_IV, KEY, PROFILE_AT).unwrap();
    assert_eq!(data.openid.as_ref().unwrap().as_str(), OPENID);
    let union_id = data.union_id.as_ref().unwrap();
    assert_eq!(union_id.as_str(), "ocMvos6NjeKLIBqg5Mr9QjxrP1FA");
    let nickname = data.profile.nickname.as_ref().unwrap();
    assert_eq!(nickname.as_str(), "Band");
    let avatar = data.profile.avatar_url.as_ref().unwrap();
    assert!(
        avatar
            .as_str()
            .starts_with("https://wx.qlogo.cn/mmopen/vi_32/")
    );
    let told = told(&data);
    assert_eq!(told["gender"], 1);
    assert_eq!(told["city"], "Guangzhou");
    for hidden in ["openId", "unionId", "watermark"] {
        assert!(told.get(hidden).is_none());
        assert!(!data.client_json.contains(OPENID));
    }
    assert_eq!(format!("{data:?}"), "OpenData(…)");
}

#[test]
fn a_phone_number_is_read() {
    let data = open(PHONE, PHONE_IV, KEY, PHONE_AT).unwrap();
    let expected = json!({"phoneNumber": "13580006666", "purePhoneNumber": "13580006666", "countryCode": "86"});
    assert_eq!(told(&data), expected);
    assert_eq!((data.openid.as_ref(), data.union_id.as_ref()), (None, None));
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
    let url_safe = PROFILE.replace('+', "-");
    let lines = format!("{}\n{}", &PROFILE[..76], &PROFILE[76..]);
    let odd_block = STANDARD.encode([7; 17]);
    for (text, iv, session_key, now) in [
        (PROFILE, PROFILE_IV, other_key, PROFILE_AT),
        (PROFILE, PHONE_IV, KEY, PROFILE_AT),
        (&PROFILE[4..], PROFILE_IV, KEY, PROFILE_AT),
        (&PROFILE[..PROFILE.len() - 24], PROFILE_IV, KEY, PROFILE_AT),
        (&odd_block, PROFILE_IV, KEY, PROFILE_AT),
        (&url_safe, PROFILE_IV, KEY, PROFILE_AT),
        (&lines, PROFILE_IV, KEY, PROFILE_AT),
        (PROFILE, "", KEY, PROFILE_AT),
        (PROFILE, "AAEC", KEY, PROFILE_AT),
        ("", PROFILE_IV, KEY, PROFILE_AT),
        ("%%%%", PROFILE_IV, KEY, PROFILE_AT),
        (&huge, PROFILE_IV, KEY, PROFILE_AT),
        (PROFILE, PROFILE_IV, KEY, PROFILE_AT + 601),
        (PROFILE, PROFILE_IV, KEY, PROFILE_AT - 61),
    ] {
        let error = open(text, iv, session_key, now).unwrap_err();
        assert_eq!(error, OpenDataError::DecryptFailed);
    }
}

#[test]
fn a_wrong_key_with_lucky_padding_is_still_one_error() {
    // Of 2000 wrong keys about eight come out with valid padding.
    for n in 0..2000_u128 {
        let wrong = STANDARD.encode((n + 1).to_be_bytes());
        let error = open(PROFILE, PROFILE_IV, &wrong, PROFILE_AT).unwrap_err();
        assert_eq!(error, OpenDataError::DecryptFailed);
    }
}

#[test]
fn data_about_somebody_else_or_another_application_is_refused() {
    let other_app = "wx0000000000000000";
    let other_case = "ogzui0EGbjy1ZHbyW2kHDuFWvjje";
    for (app, openid, meant) in [
        (APP, OPENID, true),
        (APP, other_case, false),
        (other_app, OPENID, false),
    ] {
        let data = open_for((app, openid), (PROFILE, PROFILE_IV), KEY, PROFILE_AT);
        assert_eq!(data.is_ok(), meant, "{app} {openid}");
    }
}

#[test]
fn what_is_well_encrypted_must_still_be_marked() {
    let mark = format!(r#""watermark":{{"timestamp":{PHONE_AT},"appid":"{APP}"}}"#);
    assert!(open_sealed(format!("{{{mark}}}").as_bytes()).is_ok());
    for clear in [
        "{}".to_owned(),
        "[]".to_owned(),
        String::new(),
        format!("{{{mark}"),
        format!(r#"{{"openId":null,{mark}}}"#),
        format!(r#"{{"openId":7,{mark}}}"#),
        format!(r#"{{"watermark":{{"appid":"{APP}"}}}}"#),
        format!(r#"{{"watermark":{{"timestamp":"soon","appid":"{APP}"}}}}"#),
        format!(
            r#"{{"watermark":{{"timestamp":{},"appid":"{APP}"}}}}"#,
            i64::MAX
        ),
    ] {
        let result = open_sealed(clear.as_bytes());
        assert_eq!(result.unwrap_err(), OpenDataError::DecryptFailed, "{clear}");
    }
    assert!(open_sealed(b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn a_control_character_in_a_nickname_costs_no_login() {
    let clear = format!(
        "{{\"nickName\":\"Ba\u{1}nd\",\"unionId\":\"short\",\"watermark\":{{\"timestamp\":{PHONE_AT},\"appid\":\"{APP}\"}}}}"
    );
    let data = open_sealed(clear.as_bytes()).unwrap();
    assert_eq!(data.profile.nickname.unwrap().as_str(), "Ba nd");
    assert_eq!(data.union_id, None, "a malformed unionid joins nothing");
}

#[test]
fn the_signature_of_raw_data_is_checked_byte_for_byte() {
    let raw = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
    let signature = "75e81ceda165f4ffa64f4068af58c64b8f54b88c";
    let signed_with = key("HyVFkGl5F5OQWJZZaNzBBg==");
    let verify = |raw: &str, signature: &str, key: &SessionKey| {
        AesOpenDataReader.verify(raw, signature, key)
    };
    assert_eq!(verify(raw, signature, &signed_with), Ok(()));
    let mismatch = Err(OpenDataError::SignatureMismatch);
    let longer = format!("{raw} ");
    let upper = signature.to_uppercase();
    for (raw, signature, key) in [
        (longer.as_str(), signature, &signed_with),
        (raw, signature, &key(KEY)),
        (raw, &signature[1..], &signed_with),
        (raw, &upper, &signed_with),
        (raw, "", &signed_with),
    ] {
        assert_eq!(verify(raw, signature, key), mismatch);
    }
}
