//! The public signing keys as a JWK set (RFC 7517, RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::private_key::PublicKey;
use crate::signing_key::KeyPair;

/// A key as a JWK, public members only; `None` for a shared secret.
pub(crate) fn jwk(key: &KeyPair) -> Option<Value> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let mut jwk = match key.private.public() {
        PublicKey::Ec { x, y } => {
            json!({"kty": "EC", "crv": "P-256", "x": text(&x), "y": text(&y)})
        }
        PublicKey::Ed { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": text(&x)}),
        PublicKey::Rsa { n, e } => json!({"kty": "RSA", "n": text(&n), "e": text(&e)}),
        PublicKey::None => return None,
    };
    jwk["kid"] = key.kid.as_str().into();
    jwk["alg"] = key.algorithm.as_str().into();
    jwk["use"] = "sig".into();
    Some(jwk)
}
