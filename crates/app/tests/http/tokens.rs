//! Access tokens as other services see them: with any JWT library, over the
//! public keys.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::support::{Service, redacted};

/// The keys that the service publishes.
async fn keys(service: &Service) -> Value {
    let answer = service.get("/.well-known/jwks.json").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    answer.body()
}

/// What a verifier that has never heard of us makes of a token.
fn claims(keys: &Value, algorithm: Algorithm, token: &str) -> Option<Value> {
    let keys: JwkSet = serde_json::from_value(keys.clone()).expect("a JWK set");
    let kid = decode_header(token).ok()?.kid?;
    let key = DecodingKey::from_jwk(keys.find(&kid)?).ok()?;
    let mut rules = Validation::new(algorithm);
    rules.set_audience(&["menshen"]);
    rules.set_issuer(&["menshen"]);
    rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    decode(token, &key, &rules).ok().map(|data| data.claims)
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a part");
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn any_verifier_accepts_the_token_and_refuses_it_after_one_changed_byte() {
    let algorithms = [
        ("ES256", Algorithm::ES256),
        ("EdDSA", Algorithm::EdDSA),
        ("RS256", Algorithm::RS256),
    ];
    for (name, algorithm) in algorithms {
        let service = Service::with(&[("tokens.algorithm", name)]).await;
        let login = service.one_tap("alice").await;
        let token = login.access();
        let keys = keys(&service).await;
        let told = claims(&keys, algorithm, token).expect("a good token");
        assert_eq!(told["sub"], login.user());
        assert_eq!(told["sid"], login.session());
        assert_eq!(part(token, 0)["alg"], name);
        for at in [10, token.len() / 2, token.len() - 5] {
            let mut changed = token.to_owned().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(claims(&keys, algorithm, &changed), None, "{name} {at}");
            service.me(&changed).await.fails(401, "token_invalid");
        }
    }
}

#[tokio::test]
async fn a_token_says_what_is_documented_and_nothing_about_the_person() {
    let service = Service::with(&[("tokens.access_ttl", "10m")]).await;
    let login = service.one_tap("alice").await;
    let header = part(login.access(), 0);
    let names: Vec<&String> = header.as_object().unwrap().keys().collect();
    assert_eq!(names, ["alg", "kid", "typ"]);
    assert_eq!(header["typ"], "at+jwt");
    let told = part(login.access(), 1);
    let names: BTreeSet<&str> = told
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = BTreeSet::from([
        "iss",
        "aud",
        "sub",
        "sid",
        "jti",
        "iat",
        "nbf",
        "exp",
        "client_type",
        "scope",
    ]);
    assert_eq!(names, expected);
    assert_eq!(told["scope"], "user");
    assert_eq!(told["client_type"], "mini_program");
    let lives = told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap();
    assert_eq!(lives, 600);
}

#[tokio::test]
async fn the_published_keys_hold_public_members_only() {
    let service = Service::start().await;
    let keys = keys(&service).await;
    for key in keys["keys"].as_array().unwrap() {
        for member in key.as_object().unwrap().keys() {
            let public = ["kty", "crv", "x", "y", "kid", "alg", "use"];
            assert!(public.contains(&member.as_str()), "{member}");
        }
        assert_eq!(key["use"], "sig");
    }
    insta::assert_json_snapshot!(redacted(&json!({ "count": keys["keys"].as_array().map(Vec::len) })), @r#"
    {
      "count": 1
    }
    "#);
}

#[tokio::test]
async fn a_shared_secret_is_never_published() {
    let service = Service::with(&[("tokens.algorithm", "HS256")]).await;
    let login = service.one_tap("alice").await;
    service.me(login.access()).await.ok();
    assert_eq!(keys(&service).await, json!({ "keys": [] }));
}

#[tokio::test]
async fn a_token_that_somebody_else_made_is_refused() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let [header, body, signature] = [0, 1, 2].map(|n| login.access().split('.').nth(n).unwrap());
    let forged = |header: Value| {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{body}.{signature}")
    };
    let kid = part(login.access(), 0)["kid"].clone();
    let tokens = [
        forged(json!({ "alg": "none", "typ": "at+jwt", "kid": kid })),
        forged(json!({ "alg": "nOnE", "typ": "at+jwt", "kid": kid })),
        forged(json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid })),
        forged(json!({ "alg": "ES256", "typ": "JWT", "kid": kid })),
        forged(json!({ "alg": "ES256", "typ": "at+jwt" })),
        forged(json!({ "alg": "ES256", "typ": "at+jwt", "kid": "../../etc/passwd" })),
        format!("{header}.{body}."),
        format!("{header}.{body}"),
        format!("{header}=.{body}.{signature}"),
        format!("{}.x", login.access()),
    ];
    let before = service.statements();
    for token in tokens {
        let answer = service.me(&token).await;
        answer.fails(401, "token_invalid");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Bearer error=\"invalid_token\""));
    }
    assert_eq!(service.statements(), before, "no store is asked");
    // A token of another deployment, with keys of its own.
    let stranger = Service::start().await.one_tap("alice").await;
    service
        .me(stranger.access())
        .await
        .fails(401, "token_invalid");
}

#[tokio::test]
async fn a_token_for_onboarding_has_an_audience_of_its_own() {
    let service = Service::with(&[("accounts.require_phone", "always")]).await;
    let login = service.one_tap("alice").await;
    let told = part(login.access(), 1);
    assert_eq!(told["aud"], "menshen:onboarding");
    assert_eq!(told["scope"], "onboarding");
    let keys = keys(&service).await;
    assert_eq!(claims(&keys, Algorithm::ES256, login.access()), None);
}
