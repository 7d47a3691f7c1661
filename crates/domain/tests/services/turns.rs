//! Turns: held while somebody is signed in, and not while anything else is waited
//! for.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::wechat_login::{RiskRank, UserRisk};
use menshen_domain::ports::account_store::{AccountStoreError, Lookup};
use menshen_domain::ports::turns::{MockTurns, Turn, Turns, TurnsError};
use menshen_domain::services::bind::BindError;
use menshen_domain::services::login::{LoginError, SignedIn};
use menshen_domain::services::sign_in::Via;

use crate::desk::{Desk, login_request, signed_in};
use crate::support::people::{Holding, account, app, by_sms, identity, openid, origin};
use crate::support::{away, phone};

/// Turns that come at once: nobody else is there.
pub(crate) struct NobodyElse;

#[async_trait]
impl Turns for NobodyElse {
    async fn take(&self, _: &Lookup) -> Result<Turn, TurnsError> {
        Ok(Turn::new(()))
    }
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Story(Arc<Mutex<Vec<&'static str>>>);

impl Story {
    fn tell(&self, what: &'static str) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(what);
    }

    fn told(&self) -> Vec<&'static str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Tells when its turn ends.
struct Held(Story);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.tell("end");
    }
}

#[async_trait]
impl Turns for Story {
    async fn take(&self, _: &Lookup) -> Result<Turn, TurnsError> {
        self.tell("turn");
        Ok(Turn::new(Held(self.clone())))
    }
}

/// A desk that tells its story; what is carried out ends so, one after the other.
fn telling(story: &Story, found: Snapshot, ends: Vec<Result<(), AccountStoreError>>) -> Desk {
    let mut desk = Desk {
        turns: Arc::new(story.clone()),
        ..Desk::default()
    };
    desk.signing();
    let told = story.clone();
    desk.accounts.expect_observe().returning(move |_| {
        told.tell("observe");
        Ok(found.clone())
    });
    let (told, ends) = (story.clone(), Mutex::new(ends.into_iter()));
    desk.accounts.expect_apply().returning(move |_| {
        told.tell("apply");
        let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.next().expect("carried out too often")
    });
    desk
}

fn stale() -> AccountStoreError {
    AccountStoreError::Stale
}

fn wechat() -> Evidence {
    Evidence::WeChat(identity(&app(0), openid(0), None))
}

async fn sign_in(desk: Desk, evidence: &Evidence) -> Result<SignedIn, LoginError> {
    let via = Via {
        method: "wechat",
        app_id: Some(app(0).id),
        code: None,
    };
    let sign_in = desk.open().sign_in();
    sign_in.execute(evidence, &login_request(), &via).await
}

#[tokio::test]
async fn a_turn_lasts_from_the_first_observation_to_the_last_change() {
    let story = Story::default();
    let ends = vec![Err(stale()), Err(stale()), Ok(())];
    let desk = telling(&story, Snapshot::default(), ends);
    sign_in(desk, &wechat()).await.expect("signed in");
    let rounds = ["observe", "apply"].repeat(3);
    let expected = [&["turn"][..], &rounds, &["end"]].concat();
    assert_eq!(story.told(), expected);
}

#[tokio::test]
async fn a_turn_ends_with_a_login_that_fails() {
    let story = Story::default();
    let ends = vec![Err(AccountStoreError::Unavailable(away()))];
    let desk = telling(&story, Snapshot::default(), ends);
    sign_in(desk, &wechat()).await.unwrap_err();
    assert_eq!(story.told(), ["turn", "observe", "apply", "end"]);
}

#[tokio::test]
async fn nobody_waits_while_wechat_is_asked_about_a_newcomer() {
    let story = Story::default();
    let mut desk = telling(&story, Snapshot::default(), vec![Ok(())]);
    desk.risk_rank = RiskRank::new(3);
    let told = story.clone();
    desk.gateway
        .expect_user_risk()
        .once()
        .returning(move |_, _, _, _| {
            told.tell("ask");
            UserRisk::Unknown
        });
    sign_in(desk, &wechat()).await.expect("signed in");
    let first = ["turn", "observe", "end", "ask"];
    let second = ["turn", "observe", "apply", "end"];
    assert_eq!(story.told(), [first, second].concat());
}

/// Whoever signed up elsewhere meanwhile is signed in and not made again.
#[tokio::test]
async fn what_happened_while_wechat_was_asked_is_seen() {
    let mut desk = Desk {
        risk_rank: RiskRank::new(3),
        ..Desk::default()
    };
    desk.gateway
        .expect_user_risk()
        .once()
        .returning(|_, _, _, _| UserRisk::Unknown);
    let mut seen = vec![
        Snapshot {
            by_openid: Some(account(1).with_openid(&app(0), openid(0))),
            ..Snapshot::default()
        },
        Snapshot::default(),
    ];
    desk.accounts
        .expect_observe()
        .times(2)
        .returning(move |_| Ok(seen.pop().expect("observed twice")));
    desk.signing();
    desk.applied();
    let done = sign_in(desk, &wechat()).await.expect("signed in");
    assert!(!done.is_new_user);
    assert_eq!(done.account.id, account(1).id);
}

#[tokio::test]
async fn whoever_waited_in_vain_asks_nothing_and_may_come_again() {
    let mut turns = MockTurns::new();
    turns
        .expect_take()
        .withf(|lookup| {
            let openid_is =
                |(_, app_id, who): &(_, _, _)| *app_id == app(0).id && *who == openid(0);
            lookup.openid.as_ref().is_some_and(openid_is) && lookup.phone == Some(phone(1))
        })
        .once()
        .returning(|_| Err(TurnsError::Late));
    let desk = Desk {
        turns: Arc::new(turns),
        ..Desk::default()
    };
    let evidence = Evidence::Both(by_sms(&phone(1)), identity(&app(0), openid(0), None));
    let error = sign_in(desk, &evidence).await.unwrap_err();
    assert!(matches!(&error, LoginError::Unavailable(why) if why.is::<TurnsError>()));
    assert!(error.keeps_proof());
}

#[tokio::test]
async fn a_binding_has_a_turn_of_its_account_and_of_what_it_brings() {
    let me = account(1).with_openid(&app(0), openid(0));
    let story = Story::default();
    let found = Snapshot {
        signed_in: Some(me.clone()),
        ..Snapshot::default()
    };
    let desk = telling(&story, found, vec![Err(stale()), Ok(())]);
    let (bind, evidence) = (desk.open().bind(), Evidence::Phone(by_sms(&phone(1))));
    let (caller, origin) = (signed_in(&me), origin());
    let bound = bind.execute(&caller, &evidence, "sms", None, &origin);
    bound.await.expect("bound");
    let rounds = ["observe", "apply"].repeat(2);
    assert_eq!(story.told(), [&["turn"][..], &rounds, &["end"]].concat());
}

#[tokio::test]
async fn a_binding_that_waited_in_vain_may_be_tried_again() {
    let me = account(1).with_openid(&app(0), openid(0));
    let mut turns = MockTurns::new();
    let id = me.id;
    turns
        .expect_take()
        .withf(move |lookup| lookup.signed_in == Some(id) && lookup.phone == Some(phone(1)))
        .once()
        .returning(|_| Err(TurnsError::Late));
    let desk = Desk {
        turns: Arc::new(turns),
        ..Desk::default()
    };
    let (bind, evidence) = (desk.open().bind(), Evidence::Phone(by_sms(&phone(1))));
    let (caller, origin) = (signed_in(&me), origin());
    let bound = bind.execute(&caller, &evidence, "sms", None, &origin);
    let error = bound.await.unwrap_err();
    assert!(matches!(
        &error,
        BindError::Login(LoginError::Unavailable(_))
    ));
    assert!(error.keeps_proof());
}
