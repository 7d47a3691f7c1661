//! A token that comes again is not computed again, and is believed no longer for
//! that.

mod common;

use std::time::Duration;

use common::{Deployment, claims, config};
use menshen_domain::model::token::Scope;
use menshen_domain::ports::token_issuer::TokenIssuer as _;
use menshen_domain::ports::token_verifier::{TokenVerifier as _, TokenVerifierError};
use menshen_testkit::sample::now;
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::LEEWAY;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_remembered_token_has_its_times_all_the_same() {
    for algorithm in Algorithm::ALL {
        let deployment = Deployment::new().await;
        let keys = deployment.replica(config(algorithm), now()).await;
        let token = keys.issue(&claims(now(), Scope::User)).unwrap();
        let verify = |at| keys.verify(token.expose(), at);
        // Remembered from here on.
        verify(now()).unwrap();
        verify(now() + HOUR + LEEWAY - SECOND).unwrap();
        assert_eq!(
            verify(now() + HOUR + LEEWAY),
            Err(TokenVerifierError::Expired)
        );
        verify(now() - LEEWAY).unwrap();
        assert_eq!(
            verify(now() - LEEWAY - SECOND),
            Err(TokenVerifierError::Invalid)
        );
    }
}

#[tokio::test]
async fn a_remembered_token_goes_with_its_key() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(config(Algorithm::Es256), now()).await;
    let token = keys.issue(&claims(now(), Scope::User)).unwrap();
    keys.verify(token.expose(), now()).unwrap();
    // Due to go in a minute: known here from the next maintenance on.
    let minute = Duration::from_mins(1);
    deployment.keys.rows.lock().unwrap()[0].retire_at = Some(now() + minute);
    keys.maintain(now()).await.unwrap();
    keys.verify(token.expose(), now() + minute - SECOND)
        .unwrap();
    assert_eq!(
        keys.verify(token.expose(), now() + minute),
        Err(TokenVerifierError::Invalid)
    );
    // Taken away before its time, by whoever suspects that it leaked.
    keys.verify(token.expose(), now()).unwrap();
    deployment.keys.rows.lock().unwrap().clear();
    keys.maintain(now()).await.unwrap();
    assert_eq!(
        keys.verify(token.expose(), now()),
        Err(TokenVerifierError::Invalid)
    );
}

#[tokio::test]
async fn a_remembered_token_does_not_speak_for_one_that_differs() {
    let deployment = Deployment::new().await;
    let keys = deployment.replica(config(Algorithm::Es256), now()).await;
    let token = keys.issue(&claims(now(), Scope::User)).unwrap();
    keys.verify(token.expose(), now()).unwrap();
    let (signed, signature) = token.expose().rsplit_once('.').unwrap();
    // The first character of a signature carries no padding.
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    for _ in 0..2 {
        assert_eq!(
            keys.verify(&forged, now()),
            Err(TokenVerifierError::Invalid)
        );
    }
    keys.verify(token.expose(), now()).unwrap();
}
