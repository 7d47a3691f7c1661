//! Which asks for a code need a captcha, and what one is worth.

use std::sync::Arc;

use menshen_domain::model::captcha::{CaptchaPolicy, CaptchaReason, CaptchaToken};
use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
use menshen_domain::model::origin::source_network;
use menshen_domain::ports::captcha_verifier::{
    CaptchaVerdict, CaptchaVerifierError, MockCaptchaVerifier,
};
use menshen_domain::ports::rate_limiter::{Admission, MockRateLimiter, RateLimiterError};
use menshen_domain::ports::replay_ledger::ProofRecord;
use menshen_domain::services::ask_captcha::{AskCaptcha, CaptchaError};

use crate::desk::reservation;
use crate::ledger::FakeLedger;
use crate::support::people::{login_scope, origin};
use crate::support::{away, mac, phone, secs};

const POLICY: CaptchaPolicy = CaptchaPolicy {
    always: false,
    after: 3,
    failures_per_ip: 30,
};

fn token() -> CaptchaToken {
    CaptchaToken::parse("ticket;@abc").expect("a token")
}

fn asks(limiter: MockRateLimiter, verifier: MockCaptchaVerifier) -> (AskCaptcha, Arc<FakeLedger>) {
    let ledger = Arc::new(FakeLedger::default());
    let asks = AskCaptcha {
        verifier: Arc::new(verifier),
        limiter: Arc::new(limiter),
        ledger: ledger.clone(),
        mac: mac(),
        policy: POLICY,
    };
    (asks, ledger)
}

/// A limiter where the windows of these rules are full.
fn full(rules: &'static [LimitRule]) -> MockRateLimiter {
    let mut limiter = MockRateLimiter::new();
    limiter
        .expect_wait()
        .returning(move |windows| Ok(rules.contains(&windows[0].rule).then(|| secs(9))));
    limiter
}

#[tokio::test]
async fn a_busy_address_a_number_that_is_guessed_and_a_wave_each_ask_for_one() {
    for (rules, expected) in [
        (&[][..], None),
        (&[LimitRule::Captcha], Some(CaptchaReason::Source)),
        (&[LimitRule::GuessRun], Some(CaptchaReason::Guessing)),
        (&[LimitRule::GuessWave], Some(CaptchaReason::Wave)),
        (
            &[LimitRule::Captcha, LimitRule::GuessRun],
            Some(CaptchaReason::Guessing),
        ),
    ] {
        let (asks, _) = asks(full(rules), MockCaptchaVerifier::new());
        let reason = asks.reason(&login_scope(&phone(1)), &origin()).await;
        assert_eq!(reason.expect("an answer"), expected, "{rules:?}");
    }
}

#[tokio::test]
async fn with_the_limiter_away_nobody_knows_and_nobody_is_let_through() {
    let mut limiter = MockRateLimiter::new();
    limiter
        .expect_wait()
        .returning(|_| Err(RateLimiterError::Unavailable(away())));
    let (asks, _) = asks(limiter, MockCaptchaVerifier::new());
    assert!(
        asks.reason(&login_scope(&phone(1)), &origin())
            .await
            .is_err()
    );
}

/// A limiter with a place for a captcha that fails, which it gets back or not.
fn with_place(given_back: bool) -> MockRateLimiter {
    let mut limiter = MockRateLimiter::new();
    let of_source = |windows: &[Window]| {
        let source = source_network(origin().address);
        windows.len() == 1 && windows[0].key == LimitKey::CaptchaFailures(source)
    };
    limiter
        .expect_reserve()
        .withf(of_source)
        .once()
        .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    limiter
        .expect_release()
        .times(usize::from(given_back))
        .returning(|_| Ok(()));
    limiter
}

fn saying(answer: fn() -> Result<CaptchaVerdict, CaptchaVerifierError>) -> MockCaptchaVerifier {
    let mut verifier = MockCaptchaVerifier::new();
    verifier
        .expect_verify()
        .withf(|solved| {
            solved.token.expose() == token().expose() && solved.address == origin().address
        })
        .once()
        .returning(move |_| answer());
    verifier
}

async fn check(asks: &AskCaptcha) -> Result<(), CaptchaError> {
    let scope = login_scope(&phone(1));
    asks.check(&token(), &scope, &origin()).await
}

#[tokio::test]
async fn a_good_captcha_is_spent_and_its_place_given_back() {
    let (asks, ledger) = asks(with_place(true), saying(|| Ok(CaptchaVerdict::Passed)));
    assert!(check(&asks).await.is_ok());
    assert!(matches!(ledger.only(), Some(ProofRecord::Spent)));
}

#[tokio::test]
async fn a_bad_captcha_is_spent_and_counts_against_its_source() {
    let (asks, ledger) = asks(with_place(false), saying(|| Ok(CaptchaVerdict::Refused)));
    let error = check(&asks).await.unwrap_err();
    assert!(matches!(error, CaptchaError::Invalid));
    assert!(matches!(ledger.only(), Some(ProofRecord::Spent)));
}

#[tokio::test]
async fn a_captcha_that_was_used_is_not_asked_about_again() {
    let (first, ledger) = asks(with_place(true), saying(|| Ok(CaptchaVerdict::Passed)));
    assert!(check(&first).await.is_ok());
    let again = AskCaptcha {
        verifier: Arc::new(MockCaptchaVerifier::new()),
        limiter: Arc::new(with_place(false)),
        ledger,
        mac: mac(),
        policy: POLICY,
    };
    let error = check(&again).await.unwrap_err();
    assert!(matches!(error, CaptchaError::Invalid));
}

fn unavailable(asked: bool) -> Result<CaptchaVerdict, CaptchaVerifierError> {
    Err(CaptchaVerifierError::Unavailable {
        retry_after: Some(secs(7)),
        asked,
        source: away(),
    })
}

#[tokio::test]
async fn what_its_service_may_have_seen_is_spent_and_the_rest_is_not() {
    let (seen, ledger) = asks(with_place(true), saying(|| unavailable(true)));
    let error = check(&seen).await.unwrap_err();
    assert!(
        matches!(error, CaptchaError::Unavailable { retry_after, .. } if retry_after == secs(7))
    );
    assert!(matches!(ledger.only(), Some(ProofRecord::Spent)));

    let (unseen, ledger) = asks(with_place(true), saying(|| unavailable(false)));
    assert!(check(&unseen).await.is_err());
    assert!(ledger.only().is_none());

    let refused = || Err(CaptchaVerifierError::Misconfigured(away()));
    let (misconfigured, _) = asks(with_place(true), saying(refused));
    let error = check(&misconfigured).await.unwrap_err();
    assert!(matches!(error, CaptchaError::Unavailable { .. }));
}

#[tokio::test]
async fn a_source_with_too_many_failures_is_not_looked_at() {
    let mut limiter = MockRateLimiter::new();
    let refused = Admission::Refused {
        rule: LimitRule::CaptchaFailures,
        retry_after: secs(37),
    };
    limiter
        .expect_reserve()
        .once()
        .returning(move |_| Ok(refused.clone()));
    let (full, _) = asks(limiter, MockCaptchaVerifier::new());
    let error = check(&full).await.unwrap_err();
    assert!(matches!(error, CaptchaError::RateLimited { retry_after } if retry_after == secs(37)));
}
