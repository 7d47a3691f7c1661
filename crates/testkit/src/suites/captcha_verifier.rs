//! What every `CaptchaVerifier` must do.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use menshen_domain::model::captcha::{CaptchaToken, SolvedCaptcha};
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::captcha_verifier::{
    CaptchaVerdict, CaptchaVerifier, CaptchaVerifierError,
};

/// Makes one named test of each clause. The expression gives a [`Stage`]; it is
/// evaluated once per test, and may await.
#[macro_export]
macro_rules! captcha_verifier {
    ($stage:expr) => {
        $crate::clauses! {
            $crate::suites::captcha_verifier, $stage,
            a_solved_captcha_passes_and_only_once,
            what_nobody_solved_is_refused_however_it_looks,
            an_expired_captcha_is_refused,
            what_a_machine_solved_is_refused,
            of_many_that_show_one_captcha_one_passes,
            a_service_that_hangs_is_unavailable_before_long,
            a_service_that_fails_in_any_way_lets_nobody_through,
            a_service_that_fails_again_and_again_is_left_alone,
            a_service_that_refuses_us_is_told_apart,
            what_people_hand_in_leaves_the_service_open_to_others,
            no_error_shows_what_was_handed_in,
        }
    };
}

/// How a captcha came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Solved {
    /// A person solved it.
    ByAPerson,
    /// A machine did.
    ByAMachine,
    /// A person did, and then let its time go by.
    LongAgo,
}

/// How a service misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// It takes the question, and never answers.
    Hangs,
    /// It closes the connection without an answer.
    Closes,
    /// A front proxy answers 502.
    BadGateway,
    /// It answers 200 with something else.
    Nonsense,
    /// It sends elsewhere.
    Redirects,
    /// It answers without an end.
    Endless,
    /// It says that it is out of order.
    OutOfOrder,
}

/// All ways to misbehave that are answered soon.
const SOON: [Misbehaviour; 6] = [
    Misbehaviour::Closes,
    Misbehaviour::BadGateway,
    Misbehaviour::Nonsense,
    Misbehaviour::Redirects,
    Misbehaviour::Endless,
    Misbehaviour::OutOfOrder,
];

/// A service with the hand that solves its captchas.
#[async_trait]
pub trait Scene: Send + Sync {
    /// Who is asked.
    fn verifier(&self) -> Arc<dyn CaptchaVerifier>;

    /// One that asks with a wrong secret.
    fn stranger(&self) -> Arc<dyn CaptchaVerifier>;

    /// A captcha, as a client hands it in.
    async fn solve(&self, how: Solved) -> String;

    /// Lets the service misbehave from now on, or behave.
    async fn behave(&self, how: Option<Misbehaviour>);

    /// How many questions the service has seen.
    async fn asked(&self) -> u64;
}

type Stage = Arc<dyn Scene>;

/// No adapter may take longer than this, with the bound that the scene gave it.
const BEFORE_LONG: Duration = Duration::from_secs(5);

fn handed_in(token: &str) -> SolvedCaptcha {
    SolvedCaptcha {
        token: CaptchaToken::parse(token).expect("a token"),
        address: [203, 0, 113, 7].into(),
        purpose: Purpose::Login,
    }
}

async fn verdict(stage: &Stage, token: &str) -> CaptchaVerdict {
    let answer = stage.verifier().verify(&handed_in(token)).await;
    answer.expect("an answer")
}

/// It passes; shown again, it is worth nothing.
pub async fn a_solved_captcha_passes_and_only_once(stage: Stage) {
    for _ in 0..3 {
        let token = stage.solve(Solved::ByAPerson).await;
        assert_eq!(verdict(&stage, &token).await, CaptchaVerdict::Passed);
        for _ in 0..2 {
            assert_eq!(verdict(&stage, &token).await, CaptchaVerdict::Refused);
        }
    }
}

/// Short, long, and with all characters that forms and JSON give a meaning to.
pub async fn what_nobody_solved_is_refused_however_it_looks(stage: Stage) {
    let long = "x".repeat(CaptchaToken::LONGEST);
    for token in [
        "x",
        ";",
        ";;",
        "t03abc*;@Q7G",
        "a&secret=b&response=c",
        r#"","success":true,"x":""#,
        "%00%0d%0a",
        "{}",
        long.as_str(),
    ] {
        let refused = verdict(&stage, token).await;
        assert_eq!(refused, CaptchaVerdict::Refused, "{token:.30}");
    }
}

/// However good it was.
pub async fn an_expired_captcha_is_refused(stage: Stage) {
    let token = stage.solve(Solved::LongAgo).await;
    assert_eq!(verdict(&stage, &token).await, CaptchaVerdict::Refused);
}

/// As far as the service can tell.
pub async fn what_a_machine_solved_is_refused(stage: Stage) {
    let token = stage.solve(Solved::ByAMachine).await;
    assert_eq!(verdict(&stage, &token).await, CaptchaVerdict::Refused);
}

/// Ten at once, each of five times.
pub async fn of_many_that_show_one_captcha_one_passes(stage: Stage) {
    for round in 0..5 {
        let token = stage.solve(Solved::ByAPerson).await;
        let mut racing = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (verifier, solved) = (stage.verifier(), handed_in(&token));
            racing.spawn(async move { verifier.verify(&solved).await });
        }
        let answers = racing.join_all().await;
        let passed = answers
            .iter()
            .filter(|answer| matches!(answer, Ok(CaptchaVerdict::Passed)))
            .count();
        assert_eq!(passed, 1, "round {round}");
    }
}

/// Whoever waits is told within seconds, and the token may be spent.
pub async fn a_service_that_hangs_is_unavailable_before_long(stage: Stage) {
    let token = stage.solve(Solved::ByAPerson).await;
    stage.behave(Some(Misbehaviour::Hangs)).await;
    let since = Instant::now();
    let answer = stage.verifier().verify(&handed_in(&token)).await;
    assert!(since.elapsed() < BEFORE_LONG, "{:?}", since.elapsed());
    let asked = matches!(
        answer,
        Err(CaptchaVerifierError::Unavailable { asked: true, .. })
    );
    assert!(asked, "{answer:?}");
}

/// Nothing but the service's own word lets anybody through; and it is asked again
/// once it behaves.
pub async fn a_service_that_fails_in_any_way_lets_nobody_through(stage: Stage) {
    for how in SOON {
        let token = stage.solve(Solved::ByAPerson).await;
        stage.behave(Some(how)).await;
        let answer = stage.verifier().verify(&handed_in(&token)).await;
        let unavailable = matches!(answer, Err(CaptchaVerifierError::Unavailable { .. }));
        assert!(unavailable, "{how:?}: {answer:?}");
        stage.behave(None).await;
        let token = stage.solve(Solved::ByAPerson).await;
        assert_eq!(verdict(&stage, &token).await, CaptchaVerdict::Passed);
    }
}

/// The circuit opens: those who come then are told at once, and their tokens are
/// not spent.
pub async fn a_service_that_fails_again_and_again_is_left_alone(stage: Stage) {
    stage.behave(Some(Misbehaviour::BadGateway)).await;
    let verifier = stage.verifier();
    for _ in 0..20 {
        drop(verifier.verify(&handed_in("x")).await);
    }
    let before = stage.asked().await;
    stage.behave(None).await;
    let token = stage.solve(Solved::ByAPerson).await;
    let answer = verifier.verify(&handed_in(&token)).await;
    let Err(CaptchaVerifierError::Unavailable {
        retry_after: Some(wait),
        asked: false,
        ..
    }) = answer
    else {
        panic!("{answer:?}");
    };
    assert!(wait >= Duration::from_secs(1), "{wait:?}");
    assert!(before < 20, "{before} questions");
    assert_eq!(stage.asked().await, before);
}

/// Our account is refused: somebody must mend the settings.
pub async fn a_service_that_refuses_us_is_told_apart(stage: Stage) {
    let token = stage.solve(Solved::ByAPerson).await;
    let answer = stage.stranger().verify(&handed_in(&token)).await;
    let told = matches!(answer, Err(CaptchaVerifierError::Misconfigured(_)));
    assert!(told, "{answer:?}");
}

/// However many are refused, the circuit stays closed.
pub async fn what_people_hand_in_leaves_the_service_open_to_others(stage: Stage) {
    let verifier = stage.verifier();
    for n in 0..20 {
        let made_up = format!("made-up-{n};@{n}");
        let answer = verifier.verify(&handed_in(&made_up)).await;
        assert!(matches!(answer, Ok(CaptchaVerdict::Refused)), "{answer:?}");
    }
    let token = stage.solve(Solved::ByAPerson).await;
    let answer = verifier.verify(&handed_in(&token)).await;
    assert!(matches!(answer, Ok(CaptchaVerdict::Passed)), "{answer:?}");
}

/// Not in the text, not in the `Debug`, not in any source.
pub async fn no_error_shows_what_was_handed_in(stage: Stage) {
    let token = stage.solve(Solved::ByAPerson).await;
    let mut errors = Vec::new();
    for how in SOON {
        stage.behave(Some(how)).await;
        errors.extend(stage.verifier().verify(&handed_in(&token)).await.err());
    }
    stage.behave(None).await;
    errors.extend(stage.stranger().verify(&handed_in(&token)).await.err());
    assert!(errors.len() > SOON.len(), "{errors:?}");
    for error in &errors {
        let mut shown = format!("{error:?}");
        let mut source = Some(error as &dyn std::error::Error);
        while let Some(error) = source {
            shown.extend([error.to_string()]);
            source = error.source();
        }
        assert!(!shown.contains(&token), "{shown}");
        assert!(!shown.contains("http://"), "{shown}");
    }
}
