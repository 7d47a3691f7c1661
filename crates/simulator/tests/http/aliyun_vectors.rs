//! Requests that the vendor's own clients signed, sent as they were.

use chrono::DateTime;
use menshen_simulator::{AliyunAccount, SimulatorConfig, SmsRegion, SmsTemplate};
use serde_json::Value;

use super::offline::Offline;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/aliyun_acs3.json")).expect("JSON")
}

/// A simulator that knows the key, at the time that is meant.
async fn offline_at(keys: &Value, time: &Value, params: Option<&Value>) -> Offline {
    let known = |name: &str, otherwise: &str| {
        params
            .and_then(|params| params[name].as_str())
            .unwrap_or(otherwise)
            .to_owned()
    };
    let text = |name: &str| keys[name].as_str().expect("a key").to_owned();
    let aliyun = AliyunAccount {
        access_key_id: text("access_key_id"),
        access_key_secret: text("access_key_secret"),
        signs: vec![known("SignName", "PassportDemo")],
        templates: vec![SmsTemplate::new(
            &known("TemplateCode", "SMS_100000001"),
            SmsRegion::Mainland,
            &["code"],
        )],
    };
    let offline = Offline::start_with(SimulatorConfig {
        aliyun,
        ..SimulatorConfig::default()
    })
    .await;
    offline
        .clock
        .set(DateTime::from_timestamp(time.as_i64().expect("seconds"), 0).expect("a time"));
    offline
}

/// Sends the request byte for byte; answers status and body.
async fn send(offline: &Offline, request: &Value, path: &str) -> (u16, Value) {
    let target = request["target"].as_str().expect("a target");
    offline
        .send_vector(request, &format!("{path}{}", &target[1..]))
        .await
}

#[tokio::test]
async fn every_signed_request_passes_the_gateway_under_either_path() {
    let vectors = vectors();
    let all = ["vectors", "legacy_rpc_v1"]
        .iter()
        .flat_map(|name| vectors[*name].as_array().unwrap());
    for vector in all {
        let inputs = &vector["inputs"];
        for path in ["/", "/sms/aliyun"] {
            let offline =
                offline_at(inputs, &inputs["timestamp_unix"], Some(&inputs["params"])).await;
            let (status, answer) = send(&offline, &vector["expected"], path).await;
            assert_eq!(status, 200, "{}: {answer}", vector["id"]);
            let param = inputs["params"]["TemplateParam"].as_str().unwrap();
            let is_plain = serde_json::from_str::<Value>(param).unwrap()["code"]
                .as_str()
                .unwrap()
                .len()
                == 6;
            // Symbols exist there to test encoding: as a code they are refused, after the signature.
            let expected = if is_plain {
                "OK"
            } else {
                "isv.TEMPLATE_PARAMS_ILLEGAL"
            };
            assert_eq!(answer["Code"], expected, "{}", vector["id"]);
        }
    }
}

#[tokio::test]
async fn every_bad_request_has_the_vendors_word() {
    let vectors = vectors();
    for vector in vectors["negative_vectors"].as_array().unwrap() {
        let offline = offline_at(&vector["server_knows"], &vector["verify_at_unix"], None).await;
        if !vector["already_seen"].is_null() {
            let first = send(&offline, &vectors["vectors"][0]["expected"], "/").await;
            assert_eq!(first.1["Code"], "OK");
        }
        let (status, answer) = send(&offline, &vector["request"], "/sms/aliyun").await;
        let code = match vector["expect"].as_str().unwrap() {
            "signature_mismatch" => "SignatureDoesNotMatch",
            "timestamp_out_of_window" => "InvalidTimeStamp.Expired",
            "nonce_replayed" => "SignatureNonceUsed",
            other => panic!("{other}"),
        };
        assert_eq!(
            (status, answer["Code"].as_str()),
            (400, Some(code)),
            "{}",
            vector["id"]
        );
        assert!(
            answer["HostId"].is_string()
                && answer["Recommend"].is_string()
                && answer.get("BizId").is_none()
        );
    }
}
