//! Requests that the vendor's own SDK made.

use menshen_simulator::{SimulatorConfig, SmsRegion, SmsTemplate, TencentAccount};
use serde_json::Value;

use super::PATH;
use crate::offline::{Offline, text};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/tencent_tc3.json")).expect("JSON")
}

/// A simulator that knows the key, sign and template of a vector, at its time.
async fn offline_at(keys: &Value, inputs: &Value, unix: &Value) -> Offline {
    let params = &inputs["params"];
    let known = |name: &str| params[name].as_str().unwrap_or("?").to_owned();
    let (region, variables): (_, &[&str]) = match params["TemplateParamSet"].as_array() {
        Some(given) if given.len() == 2 => (SmsRegion::Mainland, &["code", "minutes"]),
        _ if inputs["region"] == "ap-singapore" => (SmsRegion::Overseas, &["code"]),
        _ => (SmsRegion::Mainland, &["code"]),
    };
    let tencent = TencentAccount {
        secret_id: text(keys, "access_key_id"),
        secret_key: text(keys, "access_key_secret"),
        token: inputs["security_token"].as_str().map(str::to_owned),
        sdk_app_id: known("SmsSdkAppId"),
        signs: vec![known("SignName")],
        templates: vec![SmsTemplate::new(&known("TemplateId"), region, variables)],
        ..TencentAccount::default()
    };
    let config = SimulatorConfig {
        tencent,
        ..SimulatorConfig::default()
    };
    let offline = Offline::start_with(config).await;
    offline.set_clock(unix);
    offline
}

#[tokio::test]
async fn every_vector_is_taken_as_it_was_sent() {
    for vector in vectors()["vectors"].as_array().unwrap() {
        let inputs = &vector["inputs"];
        for path in ["/", PATH] {
            let offline = offline_at(inputs, inputs, &inputs["timestamp_unix"]).await;
            let (_, answer) = offline.send_vector(&vector["expected"], path).await;
            // Symbols exist there to test encoding: as a code they are refused, after the signature.
            let code = inputs["params"]["TemplateParamSet"][0].as_str().unwrap();
            let expected = if code.bytes().all(|byte| byte.is_ascii_digit()) {
                "Ok"
            } else {
                "InvalidParameterValue.TemplateParameterFormatError"
            };
            let statuses = answer["Response"]["SendStatusSet"].as_array();
            let statuses = statuses.unwrap_or_else(|| panic!("{}: {answer}", vector["id"]));
            assert_eq!(
                statuses.len(),
                inputs["params"]["PhoneNumberSet"].as_array().unwrap().len()
            );
            assert!(
                statuses.iter().all(|one| one["Code"] == expected),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn every_negative_vector_is_refused_in_the_vendors_words() {
    let vectors = vectors();
    for vector in vectors["negative_vectors"].as_array().unwrap() {
        let inputs = &vectors["vectors"][0]["inputs"];
        let offline = offline_at(&vector["server_knows"], inputs, &vector["verify_at_unix"]).await;
        let (status, answer) = offline.send_vector(&vector["request"], PATH).await;
        let code = match vector["expect"].as_str().unwrap() {
            "signature_mismatch" => "AuthFailure.SignatureFailure",
            "timestamp_out_of_window" => "AuthFailure.SignatureExpire",
            other => panic!("{other}"),
        };
        assert_eq!(status, 200);
        assert_eq!(
            answer["Response"]["Error"]["Code"], code,
            "{}",
            vector["id"]
        );
        assert!(offline.inbox("").await.is_empty());
    }
}
