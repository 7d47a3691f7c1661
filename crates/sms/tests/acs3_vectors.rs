//! The signer against requests that Alibaba Cloud's own SDKs made.

use chrono::DateTime;
use menshen_sms::aliyun::acs3::{date, sign};
use menshen_sms::canonical::{SignedParts, canonical_query, hex_sha256};
use secrecy::SecretString;
use serde_json::Value;

const VECTORS: &str = include_str!("vectors/aliyun_acs3.json");

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn every_vector_comes_out_byte_for_byte() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let (id, inputs, expected) = (text(vector, "id"), &vector["inputs"], &vector["expected"]);
        let query: Vec<(&str, &str)> = inputs["params"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let names: Vec<&str> = text(expected, "signed_headers").split(';').collect();
        let headers: Vec<(&str, &str)> = expected["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .filter(|(name, _)| names.contains(name))
            .collect();
        assert_eq!(headers.len(), names.len(), "{id}");
        let body = text(expected, "body_utf8").as_bytes();
        let parts = SignedParts {
            method: text(expected, "method"),
            canonical_uri: "/",
            query: &query,
            headers: &headers,
            payload: &hex_sha256(body),
        };
        let secret = SecretString::from(text(inputs, "access_key_secret"));
        let signed = sign(&parts, text(inputs, "access_key_id"), &secret);
        assert_eq!(
            canonical_query(&query),
            text(expected, "canonical_query"),
            "{id}"
        );
        assert_eq!(
            signed.canonical_request,
            text(expected, "canonical_request"),
            "{id}"
        );
        assert_eq!(
            signed.string_to_sign,
            text(expected, "string_to_sign"),
            "{id}"
        );
        assert_eq!(signed.signature, text(expected, "signature"), "{id}");
        assert_eq!(
            signed.authorization,
            text(expected, "authorization"),
            "{id}"
        );
        assert_eq!(hex_sha256(body), text(expected, "body_sha256"), "{id}");
        let at = DateTime::from_timestamp(inputs["timestamp_unix"].as_i64().unwrap(), 0).unwrap();
        assert_eq!(date(at), text(inputs, "timestamp_utc"), "{id}");
    }
}
