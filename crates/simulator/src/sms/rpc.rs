//! Alibaba Cloud's older request signature, RPC version 1.0 with HMAC-SHA1.
//!
//! Source: Alibaba Cloud, "RPC signature mechanism". Everything is a query or
//! form parameter, and one signature covers both.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::percent::{canonical_query, encode};
use crate::call::Pairs;

/// Whether these parameters are what the holder of `secret` signed.
pub(super) fn is_made_with(secret: &str, method: &str, parameters: &Pairs) -> bool {
    let Some((_, signature)) = parameters.iter().find(|(name, _)| name == "Signature") else {
        return false;
    };
    let signed: Pairs = parameters
        .iter()
        .filter(|(name, _)| name != "Signature")
        .cloned()
        .collect();
    let key = hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        format!("{secret}&").as_bytes(),
    );
    let tag = hmac::sign(&key, string_to_sign(method, &signed).as_bytes());
    verify_slices_are_equal(STANDARD.encode(tag).as_bytes(), signature.as_bytes()).is_ok()
}

fn string_to_sign(method: &str, signed: &Pairs) -> String {
    format!("{method}&%2F&{}", encode(&canonical_query(signed)))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::call::parse_pairs;

    #[test]
    fn what_the_vendors_own_clients_signed_is_accepted() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/vectors/aliyun_acs3.json")).unwrap();
        let legacy = vectors["legacy_rpc_v1"].as_array().unwrap();
        assert_eq!(legacy.len(), 2);
        for vector in legacy {
            let (expected, inputs) = (&vector["expected"], &vector["inputs"]);
            let (_, query) = expected["target"]
                .as_str()
                .unwrap()
                .split_once('?')
                .unwrap();
            let method = expected["method"].as_str().unwrap();
            let mut parameters = parse_pairs(query);
            parameters.extend(parse_pairs(expected["body_utf8"].as_str().unwrap()));
            let signed = parameters
                .iter()
                .filter(|(name, _)| name != "Signature")
                .cloned()
                .collect();
            assert_eq!(
                string_to_sign(method, &signed),
                expected["string_to_sign"].as_str().unwrap()
            );
            assert!(is_made_with(
                inputs["access_key_secret"].as_str().unwrap(),
                method,
                &parameters
            ));
            assert!(!is_made_with("another secret", method, &parameters));
        }
    }
}
