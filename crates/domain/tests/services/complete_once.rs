use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use menshen_domain::model::evidence::EvidencePart;
use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::linking::Refusal;
use menshen_domain::model::refresh_token::{RefreshClaims, RefreshToken};
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::token::{AccessToken, TokenPair};
use menshen_domain::model::wechat::{AppId, OpenId, UnionId};
use menshen_domain::model::wechat_login::HostedIdentity;
use menshen_domain::ports::replay_ledger::{
    Claim, MockReplayLedger, ProofRecord, ReplayLedgerError,
};
use menshen_domain::ports::session_store::{SessionStoreError, SessionWithAccount};
use menshen_domain::services::complete_once::CompleteOnce;
use menshen_domain::services::login::{Arrival, LoginError, SignedIn};

use crate::desk::{Desk, session_of};
use crate::ledger::FakeLedger;
use crate::support::people::account;
use crate::support::{away, epoch, mac, secs};

fn done() -> SignedIn {
    let session = session_of(&account(1));
    let claims = RefreshClaims {
        session: session.id,
        generation: 0,
    };
    SignedIn {
        account: account(1),
        tokens: TokenPair {
            access_token: AccessToken::new("first".to_owned()),
            expires_in: secs(1),
            refresh_token: RefreshToken::compute(&*mac(), claims),
            refresh_expires_in: secs(1),
        },
        session,
        is_new_user: true,
        arrival: Arrival::New,
        not_attached: vec![EvidencePart::WeChat],
        phone_required: false,
    }
}

fn finding(desk: &mut Desk, ended: Option<EndReason>) {
    desk.signing();
    desk.sessions.expect_find().returning(move |id: SessionId| {
        let session = session_of(&account(1));
        Ok((id == session.id).then(|| SessionWithAccount {
            session: Session {
                ended: ended.map(|reason| (epoch(), reason)),
                ..session
            },
            account: account(1),
        }))
    });
}

fn with_mock(prepare: impl FnOnce(&mut MockReplayLedger)) -> Desk {
    let mut ledger = MockReplayLedger::new();
    prepare(&mut ledger);
    Desk {
        ledger: Arc::new(ledger),
        ..Desk::default()
    }
}

/// Runs the login under one key, and tells how often it was carried out.
async fn run(once: &CompleteOnce, times: &AtomicU32) -> Result<SignedIn, LoginError> {
    let key = once.key("/v1/login/sms", "key-1", "{}", None);
    let login = async {
        times.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(done())
    };
    once.execute(key, login).await
}

async fn failing(once: &CompleteOnce) -> Result<SignedIn, LoginError> {
    let key = once.key("/v1/login/sms", "key-1", "{}", None);
    let login = async { Err(LoginError::Refused(Refusal::ConsentRequired)) };
    once.execute(key, login).await
}

#[tokio::test]
async fn the_same_key_answers_the_same_session_and_carries_out_one_login() {
    let mut desk = Desk::default();
    finding(&mut desk, None);
    let once = desk.open().complete_once();
    let times = AtomicU32::new(0);
    for _ in 0..3 {
        let answer = run(&once, &times).await.expect("signed in");
        assert_eq!(answer.session, done().session);
        assert!(answer.is_new_user);
        assert_eq!(answer.not_attached, [EvidencePart::WeChat]);
        assert_eq!(
            answer.tokens.refresh_token.expose(),
            done().tokens.refresh_token.expose()
        );
    }
    assert_eq!(times.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn ten_at_once_under_one_key_carry_out_one_login() {
    let mut desk = Desk::default();
    finding(&mut desk, None);
    let once = Arc::new(desk.open().complete_once());
    let times = Arc::new(AtomicU32::new(0));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (once, times) = (Arc::clone(&once), Arc::clone(&times));
        callers.spawn(async move { run(&once, &times).await.expect("signed in") });
    }
    for answer in callers.join_all().await {
        assert_eq!(answer.session.id, done().session.id);
    }
    assert_eq!(times.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_login_is_remembered_for_a_minute() {
    let desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::Granted { vouched: None }));
        ledger
            .expect_record()
            .withf(|_, record, fresh, kept| {
                matches!(record, ProofRecord::SignedIn { session, .. }
                    if *session == done().session.id)
                    && (*fresh, *kept) == (secs(60), secs(60))
            })
            .once()
            .returning(|_, _, _, _| Ok(()));
    });
    let once = desk.open().complete_once();
    assert!(run(&once, &AtomicU32::new(0)).await.is_ok());
}

#[tokio::test]
async fn another_route_key_or_body_is_another_login() {
    let once = Desk::default().open().complete_once();
    let keys = [
        once.key("/v1/login/sms", "key-1", "{}", None),
        once.key("/v1/login/wechat", "key-1", "{}", None),
        once.key("/v1/login/sms", "key-2", "{}", None),
        once.key("/v1/login/sms", "key-1", "{ }", None),
        // The parts cannot run into each other.
        once.key("/v1/login/smsk", "ey-1", "{}", None),
        once.key("/v1/login/sms", "key-1{", "}", None),
        once.key("/v1/login/sms", "key-1{}", "", None),
    ];
    let different: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len());
    assert_eq!(keys[0], once.key("/v1/login/sms", "key-1", "{}", None));
}

/// The body of a login that cloud hosting vouches for holds no proof.
#[tokio::test]
async fn another_person_of_cloud_hosting_is_another_login() {
    let once = Desk::default().open().complete_once();
    let person = |app: &str, openid: &str, union_id: Option<&str>| HostedIdentity {
        app_id: AppId::parse(app).unwrap(),
        openid: OpenId::parse(openid).unwrap(),
        union_id: union_id.map(|text| UnionId::parse(text).unwrap()),
    };
    let openid = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
    let people = [
        person("wx1", openid, None),
        person("wx2", openid, None),
        person("wx1", "oGZUI0egBJY1zhBYw2KhdUfwVJJe", None),
        person("wx1", openid, Some("ocMvos6NjeKLIBqg5Mr9QjxrP1FA")),
    ];
    let key = |hosted| once.key("/v1/login/wechat", "key-1", "{}", hosted);
    let mut keys: Vec<_> = people.iter().map(|person| key(Some(person))).collect();
    keys.push(key(None));
    let different: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len());
    assert_eq!(keys[0], key(Some(&people[0])));
}

#[tokio::test]
async fn a_login_that_failed_may_be_tried_again_under_the_same_key() {
    let ledger = Arc::new(FakeLedger::default());
    let desk = Desk {
        ledger: ledger.clone(),
        ..Desk::default()
    };
    let once = desk.open().complete_once();
    let answer = failing(&once).await;
    assert!(matches!(
        answer,
        Err(LoginError::Refused(Refusal::ConsentRequired))
    ));
    assert!(ledger.only().is_none());
    let times = AtomicU32::new(0);
    assert!(run(&once, &times).await.is_ok());
    assert_eq!(times.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn while_the_first_is_still_at_it_the_second_is_not_carried_out() {
    let desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::InProgress));
    });
    let times = AtomicU32::new(0);
    let answer = run(&desk.open().complete_once(), &times).await;
    assert!(matches!(answer, Err(LoginError::Unavailable(_))));
    assert_eq!(times.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn with_the_ledger_away_logins_go_on_without_idempotency() {
    let desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Err(ReplayLedgerError(away())));
    });
    assert!(
        run(&desk.open().complete_once(), &AtomicU32::new(0))
            .await
            .is_ok()
    );

    // Nor does it fail a login that it cannot be told of.
    let desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::Granted { vouched: None }));
        ledger
            .expect_record()
            .once()
            .returning(|_, _, _, _| Err(ReplayLedgerError(away())));
    });
    assert!(
        run(&desk.open().complete_once(), &AtomicU32::new(0))
            .await
            .is_ok()
    );
}

/// Only what was recorded as lost goes on: its proof is spent and will say so.
#[tokio::test]
async fn a_repeat_after_the_session_has_ended_is_a_login_of_its_own() {
    let mut desk = Desk::default();
    finding(&mut desk, Some(EndReason::SignedOut));
    let once = desk.open().complete_once();
    let times = AtomicU32::new(0);
    assert!(run(&once, &times).await.is_ok());
    assert!(run(&once, &times).await.is_ok());
    assert_eq!(times.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_claim_that_ran_out_is_a_login_of_its_own() {
    let desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::Recorded(ProofRecord::Spent)));
    });
    assert!(
        run(&desk.open().complete_once(), &AtomicU32::new(0))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_repeat_whose_session_cannot_be_read_is_not_carried_out_again() {
    let mut desk = Desk::default();
    desk.sessions
        .expect_find()
        .once()
        .returning(|_| Err(SessionStoreError(away())));
    let once = desk.open().complete_once();
    let times = AtomicU32::new(0);
    assert!(run(&once, &times).await.is_ok());
    let again = run(&once, &times).await;
    assert!(matches!(again, Err(LoginError::Unavailable(_))));
    assert_eq!(times.load(Ordering::Relaxed), 1);
}
