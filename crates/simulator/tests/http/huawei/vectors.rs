//! Requests that the vendor's own SDK made.

use menshen_simulator::{HuaweiAccount, HuaweiChannel, SimulatorConfig, SmsRegion, SmsTemplate};
use serde_json::Value;

use crate::offline::{Offline, text};

/// A simulator that knows the key, sign and template of a vector, at its time.
async fn offline_at(keys: &Value, params: &Value, unix: &Value) -> Offline {
    let content = params.pointer("/smsContent/0").unwrap_or(params);
    let values = match &content["templateParas"] {
        Value::String(text) => serde_json::from_str(text).expect("JSON"),
        values => values.clone(),
    };
    let names: &[&str] = match values.as_array().expect("an array").len() {
        1 => &["code"],
        _ => &["code", "app"],
    };
    let huawei = HuaweiAccount {
        app_key: text(keys, "access_key_id"),
        app_secret: text(keys, "access_key_secret"),
        channels: vec![HuaweiChannel {
            sender: text(params, "from"),
            region: SmsRegion::Mainland,
            signs: vec![text(content, "signature")],
        }],
        templates: vec![SmsTemplate::new(
            &text(content, "templateId"),
            SmsRegion::Mainland,
            names,
        )],
    };
    let offline = Offline::start_with(SimulatorConfig {
        huawei,
        ..SimulatorConfig::default()
    })
    .await;
    offline.set_clock(unix);
    offline
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/huawei.json")).expect("JSON")
}

#[tokio::test]
async fn every_vector_is_taken_as_it_was_sent() {
    let vectors = vectors();
    let all = ["vectors", "wsse_vectors"]
        .iter()
        .flat_map(|name| vectors[*name].as_array().unwrap());
    for vector in all {
        let (inputs, request) = (&vector["inputs"], &vector["expected"]);
        for prefix in ["", "/sms/huawei"] {
            let offline = offline_at(inputs, &inputs["params"], &inputs["timestamp_unix"]).await;
            let target = format!("{prefix}{}", text(request, "target"));
            let (status, answer) = offline.send_vector(request, &target).await;
            assert_eq!(status, 200, "{}: {answer}", vector["id"]);
            // Symbols exist there to test encoding: as a code they are refused, after the signature.
            let expected = if vector["id"] == "pub-hw-02" {
                "E200028"
            } else {
                "000000"
            };
            let results = answer["result"].as_array().unwrap();
            assert!(
                results.iter().all(|result| result["status"] == expected),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn every_negative_vector_is_refused_in_the_vendors_words() {
    let vectors = vectors();
    for vector in vectors["negative_vectors"].as_array().unwrap() {
        let inputs = vectors["vectors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vector| &vector["inputs"]);
        let inputs = inputs
            .clone()
            .find(|inputs| inputs["access_key_id"] == vector["server_knows"]["access_key_id"]);
        let params = &inputs.expect("a vector of this key")["params"];
        let offline = offline_at(&vector["server_knows"], params, &vector["verify_at_unix"]).await;
        let target = text(&vector["request"], "target");
        let (status, answer) = offline.send_vector(&vector["request"], &target).await;
        let expected = match vector["expect"].as_str().unwrap() {
            "signature_mismatch" => (403, "E000045"),
            "timestamp_out_of_window" => (400, "E000110"),
            other => panic!("{other}"),
        };
        assert_eq!(
            (status, text(&answer, "code").as_str()),
            expected,
            "{}",
            vector["id"]
        );
    }
}
