//! Access tokens of every algorithm, as other services see them.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Deployment, claims, config};
use jsonwebtoken::{DecodingKey, Validation};
use menshen_domain::model::token::Scope;
use menshen_domain::ports::token_issuer::TokenIssuer as _;
use menshen_domain::ports::token_verifier::{TokenVerifier as _, TokenVerifierError};
use menshen_testkit::sample::now;
use menshen_token::algorithm::Algorithm;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_issued_is_accepted_as_it_was_issued() {
    for algorithm in Algorithm::ALL {
        let keys = Deployment::new()
            .await
            .replica(config(algorithm), now())
            .await;
        for scope in [Scope::User, Scope::Onboarding] {
            let claims = claims(now(), scope);
            let token = keys.issue(&claims).unwrap();
            assert_eq!(
                keys.verify(token.expose(), now()),
                Ok(claims),
                "{algorithm}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_says_what_the_contract_says_and_nothing_else() {
    for algorithm in Algorithm::ALL {
        let keys = Deployment::new()
            .await
            .replica(config(algorithm), now())
            .await;
        for (scope, audience) in [
            (Scope::User, "menshen"),
            (Scope::Onboarding, "menshen:onboarding"),
        ] {
            let token = keys.issue(&claims(now(), scope)).unwrap();
            let parts: Vec<&str> = token.expose().split('.').collect();
            let kid = keys.list(now())[0].kid.clone();
            assert_eq!(
                decode(parts[0]),
                json!({"alg": algorithm.as_str(), "typ": "at+jwt", "kid": kid})
            );
            assert_eq!(
                decode(parts[1]),
                json!({
                    "iss": "menshen",
                    "aud": audience,
                    "sub": "00000000-0000-0000-0000-000000000001",
                    "sid": "00000000-0000-0000-0000-000000000002",
                    "jti": "00000000-0000-0000-0000-000000000003",
                    "iat": 1_767_225_600,
                    "nbf": 1_767_225_600,
                    "exp": 1_767_229_200,
                    "client_type": "app",
                    "scope": scope.as_str(),
                })
            );
        }
    }
}

fn decode(part: &str) -> Value {
    use base64::Engine as _;
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&json.expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn any_library_can_check_a_token_with_the_published_keys() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let keys = Deployment::new()
            .await
            .replica(config(algorithm), now())
            .await;
        let token = keys.issue(&claims(now(), Scope::User)).unwrap();
        let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys.jwks(now())).unwrap();
        let header = jsonwebtoken::decode_header(token.expose()).unwrap();
        let jwk = jwks.find(&header.kid.unwrap()).unwrap();
        let mut rules = Validation::new(header.alg);
        rules.set_audience(&["menshen"]);
        rules.set_issuer(&["menshen"]);
        rules.validate_exp = false;
        let key = DecodingKey::from_jwk(jwk).unwrap();
        let read = jsonwebtoken::decode::<Value>(token.expose(), &key, &rules).unwrap();
        assert_eq!(read.claims["scope"], "user");
        // A verifier that looks at no scope refuses an onboarding token too.
        let token = keys.issue(&claims(now(), Scope::Onboarding)).unwrap();
        assert!(jsonwebtoken::decode::<Value>(token.expose(), &key, &rules).is_err());
    }
}

#[tokio::test]
async fn the_key_set_has_public_members_only() {
    for (algorithm, members) in [
        (Algorithm::Es256, &["kty", "crv", "x", "y"][..]),
        (Algorithm::EdDsa, &["kty", "crv", "x"]),
        (Algorithm::Rs256, &["kty", "n", "e"]),
    ] {
        let keys = Deployment::new()
            .await
            .replica(config(algorithm), now())
            .await;
        keys.rotate(now()).await.unwrap();
        let jwks = keys.jwks(now());
        let jwks = jwks["keys"].as_array().unwrap();
        assert_eq!(jwks.len(), 2);
        assert_ne!(jwks[0]["kid"], jwks[1]["kid"]);
        for key in jwks {
            let names: BTreeSet<_> = key
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let expected = members.iter().copied().chain(["kid", "alg", "use"]);
            assert_eq!(names, expected.collect(), "{algorithm}");
            assert_eq!(key["alg"], algorithm.as_str());
            assert_eq!(key["use"], "sig");
        }
    }
}

#[tokio::test]
async fn a_shared_secret_is_never_published() {
    let keys = Deployment::new()
        .await
        .replica(config(Algorithm::Hs256), now())
        .await;
    assert_eq!(keys.jwks(now()), json!({"keys": []}));
}

#[tokio::test]
async fn a_token_lives_for_its_time_and_thirty_seconds() {
    let keys = Deployment::new()
        .await
        .replica(config(Algorithm::Es256), now())
        .await;
    let token = keys.issue(&claims(now(), Scope::User)).unwrap();
    let at = |seconds| keys.verify(token.expose(), now() + Duration::from_secs(seconds));
    assert!(at(0).is_ok());
    assert!(at(3629).is_ok());
    assert_eq!(at(3630), Err(TokenVerifierError::Expired));
    assert_eq!(at(86_400), Err(TokenVerifierError::Expired));
    let before = |seconds| keys.verify(token.expose(), now() - Duration::from_secs(seconds));
    assert!(before(30).is_ok());
    assert_eq!(before(31), Err(TokenVerifierError::Invalid));
}

#[tokio::test]
async fn tokens_of_other_deployments_and_audiences_are_refused() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(config(Algorithm::Es256), now()).await;
    let mut other_issuer = config(Algorithm::Es256);
    other_issuer.issuer = "menshen-2".to_owned();
    let mut other_audience = config(Algorithm::Es256);
    other_audience.audience = "menshen:onboarding".to_owned();
    for other in [other_issuer, other_audience] {
        // Even with the same keys.
        let other = deployment.replica(other, now()).await;
        let token = other.issue(&claims(now(), Scope::User)).unwrap();
        let verified = keys.verify(token.expose(), now());
        assert_eq!(verified, Err(TokenVerifierError::Invalid));
    }
    let stranger = Deployment::new()
        .await
        .replica(config(Algorithm::Es256), now())
        .await;
    let token = stranger.issue(&claims(now(), Scope::User)).unwrap();
    let verified = keys.verify(token.expose(), now());
    assert_eq!(verified, Err(TokenVerifierError::UnknownKey));
}

#[tokio::test]
async fn nothing_of_a_key_is_printed() {
    for algorithm in Algorithm::ALL {
        let keys = Deployment::new()
            .await
            .replica(config(algorithm), now())
            .await;
        let kid = keys.list(now())[0].kid.clone();
        assert_eq!(
            format!("{keys:?}"),
            format!("KeySet {{ keys: [{kid:?}], .. }}")
        );
    }
}
