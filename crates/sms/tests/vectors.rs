//! The signers against requests that the vendors' own SDKs made, and against
//! requests that a vendor must refuse.

#![expect(
    clippy::unwrap_used,
    reason = "a vector that cannot be read fails the test"
)]

use chrono::{DateTime, Utc};
use menshen_signing::tc3;
use menshen_sms::canonical::{Signature, SignedParts, basic_date, canonical_query, hex_sha256};
use menshen_sms::huawei::{sdk_hmac, wsse};
use menshen_sms::volcengine::signature as volcengine;
use secrecy::SecretString;
use serde_json::Value;

const TENCENT: &str = include_str!("vectors/tencent_tc3.json");
const HUAWEI: &str = include_str!("vectors/huawei.json");
const VOLCENGINE: &str = include_str!("vectors/volcengine.json");

/// A literal that some schemes sign in place of the body.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name}"))
}

fn time(unix: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(unix, 0).unwrap()
}

/// A request as it stands in a vector.
struct Wire<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

impl<'a> Wire<'a> {
    fn of(request: &'a Value) -> Self {
        let pairs = request["headers"].as_array().unwrap();
        let pair = |pair: &'a Value| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        Self {
            method: text(request, "method"),
            target: text(request, "target"),
            headers: pairs.iter().map(pair).collect(),
            body: text(request, "body_utf8"),
        }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        let mut found = self.headers.iter().filter(|(known, _)| *known == name);
        found.next().map(|(_, value)| *value)
    }

    fn path(&self) -> &'a str {
        self.target.split('?').next().unwrap()
    }

    fn query(&self) -> Vec<(&'a str, &'a str)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap()).collect()
    }

    /// The headers of the request's own list.
    fn signed(&self) -> Vec<(&'a str, &'a str)> {
        let (_, rest) = self
            .header("authorization")
            .unwrap()
            .split_once("SignedHeaders=")
            .unwrap();
        let names: Vec<&str> = rest.split(',').next().unwrap().split(';').collect();
        let all = self.headers.iter().copied();
        all.filter(|(name, _)| names.contains(name)).collect()
    }
}

/// How one vendor's requests are signed again, and when they were.
struct Scheme {
    payload: fn(&Wire<'_>) -> String,
    uri: fn(&Wire<'_>) -> String,
    at: fn(&Wire<'_>) -> DateTime<Utc>,
    sign: fn(&SignedParts<'_>, DateTime<Utc>, &str, &SecretString) -> Signature,
    /// In seconds.
    tolerance: i64,
}

fn basic(text: &str) -> DateTime<Utc> {
    let time = chrono::NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ");
    time.unwrap().and_utc()
}

const TENCENT_SCHEME: Scheme = Scheme {
    payload: |wire| match wire.header("x-tc-content-sha256") {
        Some(UNSIGNED) => hex_sha256(UNSIGNED.as_bytes()),
        _ => hex_sha256(wire.body.as_bytes()),
    },
    uri: |wire| wire.path().to_owned(),
    at: |wire| time(wire.header("x-tc-timestamp").unwrap().parse().unwrap()),
    sign: |parts, at, id, key| tc3::sign(parts, "sms", at, id, key),
    tolerance: 300,
};

const HUAWEI_SCHEME: Scheme = Scheme {
    payload: |wire| match wire.header("x-sdk-content-sha256") {
        Some(UNSIGNED) => UNSIGNED.to_owned(),
        _ => hex_sha256(wire.body.as_bytes()),
    },
    uri: |wire| wire.path().to_owned(),
    at: |wire| basic(wire.header("x-sdk-date").unwrap()),
    sign: |parts, at, key, secret| sdk_hmac::sign(parts, &basic_date(at), key, secret),
    tolerance: 900,
};

const VOLCENGINE_SCHEME: Scheme = Scheme {
    payload: |wire| hex_sha256(wire.body.as_bytes()),
    uri: |wire| wire.path().to_owned(),
    at: |wire| basic(wire.header("x-date").unwrap()),
    sign: |parts, at, key, secret| volcengine::sign(parts, at, "cn-north-1", key, secret),
    tolerance: 900,
};

impl Scheme {
    fn sign(&self, wire: &Wire<'_>, keys: &Value) -> Signature {
        let parts = SignedParts {
            method: wire.method,
            canonical_uri: &(self.uri)(wire),
            query: &wire.query(),
            headers: &wire.signed(),
            payload: &(self.payload)(wire),
        };
        let secret = SecretString::from(text(keys, "access_key_secret"));
        let key = text(keys, "access_key_id");
        (self.sign)(&parts, (self.at)(wire), key, &secret)
    }

    /// What a vendor would say to a request at some time.
    fn verdict(&self, wire: &Wire<'_>, keys: &Value, at: i64) -> &'static str {
        let signed = self.sign(wire, keys).authorization;
        // Volcengine signs the header that carries the hash of the body.
        let hash = wire.header("x-content-sha256");
        let body = hash.is_none_or(|hash| hash == hex_sha256(wire.body.as_bytes()));
        if !body || Some(signed.as_str()) != wire.header("authorization") {
            "signature_mismatch"
        } else if ((self.at)(wire).timestamp() - at).abs() > self.tolerance {
            "timestamp_out_of_window"
        } else {
            "accepted"
        }
    }
}

fn every_vector_comes_out(file: &str, scheme: &Scheme, counts: (usize, usize)) {
    let file: Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let negative = file["negative_vectors"].as_array().unwrap();
    assert_eq!((vectors.len(), negative.len()), counts);
    for vector in vectors {
        let (id, inputs, expected) = (text(vector, "id"), &vector["inputs"], &vector["expected"]);
        let wire = Wire::of(expected);
        let signed = scheme.sign(&wire, inputs);
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
        if let Some(query) = expected["canonical_query"].as_str() {
            assert_eq!(canonical_query(&wire.query()), query, "{id}");
        }
        let at = inputs["timestamp_unix"].as_i64().unwrap();
        assert_eq!((scheme.at)(&wire), time(at), "{id}");
        assert_eq!(scheme.verdict(&wire, inputs, at), "accepted", "{id}");
    }
    for vector in negative {
        let (id, at) = (
            text(vector, "id"),
            vector["verify_at_unix"].as_i64().unwrap(),
        );
        let wire = Wire::of(&vector["request"]);
        let verdict = scheme.verdict(&wire, &vector["server_knows"], at);
        assert_eq!(verdict, text(vector, "expect"), "{id}");
    }
}

#[test]
fn tencents_vectors_come_out_byte_for_byte() {
    every_vector_comes_out(TENCENT, &TENCENT_SCHEME, (4, 4));
}

#[test]
fn huaweis_vectors_come_out_byte_for_byte() {
    every_vector_comes_out(HUAWEI, &HUAWEI_SCHEME, (3, 4));
}

#[test]
fn volcengines_vectors_come_out_byte_for_byte() {
    every_vector_comes_out(VOLCENGINE, &VOLCENGINE_SCHEME, (4, 4));
}

#[test]
fn the_digest_of_huaweis_token_is_the_documented_one() {
    let file: Value = serde_json::from_str(HUAWEI).unwrap();
    let ours = |vector: &&Value| {
        text(&vector["inputs"], "digest_form") == "base64(lower-case hex of SHA-256)"
    };
    let vectors: Vec<&Value> = file["wsse_vectors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(ours)
        .collect();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let (inputs, wire) = (&vector["inputs"], Wire::of(&vector["expected"]));
        let token = wsse::token(
            text(inputs, "access_key_id"),
            &SecretString::from(text(inputs, "access_key_secret")),
            text(inputs, "nonce"),
            time(inputs["timestamp_unix"].as_i64().unwrap()),
        );
        assert_eq!(Some(token.as_str()), wire.header("x-wsse"));
        assert_eq!(Some(wsse::AUTHORIZATION), wire.header("authorization"));
    }
}
