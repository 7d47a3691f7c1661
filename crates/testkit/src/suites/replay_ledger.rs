//! What every `ReplayLedger` must do.
//!
//! The clauses run in real time with lives of a fraction of a second, so that
//! they suit a ledger in another process too. Each takes an empty ledger.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::evidence::{EvidencePart, WeChatIdentity};
use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::wechat::{
    AppId, AppKind, OpenId, Platform, SessionKey, UnionId, WeChatApp,
};
use menshen_domain::ports::replay_ledger::{Binding, Claim, ProofKey, ProofRecord, ReplayLedger};
use menshen_domain::ports::wechat_gateway::WeChatIdentification;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

type Ledger = Arc<dyn ReplayLedger>;

/// A time that no clause outlives.
const LONG: Duration = Duration::from_mins(5);
/// A time that is over soon.
const SHORT: Duration = Duration::from_millis(500);
/// More than that time.
const PAST_SHORT: Duration = Duration::from_millis(600);
/// How long a caller waits who need not wait at all.
const NOT_AT_ALL: Duration = Duration::ZERO;

/// Makes one named test of each clause. The expression gives an empty
/// `Arc<dyn ReplayLedger>`; it is evaluated once per test, and may await.
#[macro_export]
macro_rules! replay_ledger {
    ($ledger:expr) => {
        $crate::clauses! {
            $crate::suites::replay_ledger, $ledger,
            the_first_claim_is_granted,
            proofs_do_not_mix,
            a_held_proof_is_in_progress_after_the_waiting_time,
            a_waiting_caller_hears_of_the_record,
            a_waiting_caller_is_granted_what_was_released,
            a_waiting_caller_is_granted_what_was_vouched_for,
            a_released_proof_may_be_claimed_again,
            a_proof_vouched_for_may_be_completed,
            a_release_keeps_what_was_recorded_before,
            a_release_undoes_no_record,
            a_completed_proof_answers_what_became_of_it,
            a_record_keeps_every_part,
            an_abandoned_claim_is_spent,
            a_late_holder_changes_nothing,
            a_record_is_spent_when_it_is_no_longer_fresh,
            a_record_is_forgotten_in_the_end,
            recording_again_starts_no_time_anew,
            a_proof_recorded_as_spent_is_spent,
            what_is_spent_stays_spent,
            concurrent_claims_grant_one,
            concurrent_callers_carry_a_failing_request_out_one_after_the_other,
            concurrent_releases_lose_nobody,
        }
    };
}

fn key(n: u8) -> ProofKey {
    ProofKey([n; 32])
}

fn signed_in(n: u128) -> ProofRecord {
    ProofRecord::SignedIn {
        binding: Binding([7; 32]),
        session: SessionId::from_uuid(Uuid::from_u128(n)),
        is_new_user: true,
        not_attached: vec![EvidencePart::Phone, EvidencePart::WeChat],
    }
}

fn identity() -> WeChatIdentity {
    let app = WeChatApp {
        id: AppId::parse("wx0123456789abcdef").expect("an app id"),
        kind: AppKind::MiniProgram,
        platform: Some(Platform::parse("main").expect("a platform")),
    };
    let answer = WeChatIdentification {
        openid: OpenId::parse("oGZUI0egBJY1zhBYw2KhdUfwVJJE").expect("an openid"),
        union_id: Some(UnionId::parse("o6_bmasdasdsad6_2sgVt7hMZOPfL").expect("a unionid")),
        session_key: Some(SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").expect("a key")),
    };
    WeChatIdentity::vouched(&app, answer)
}

fn vouched() -> ProofRecord {
    ProofRecord::Vouched {
        binding: Binding([8; 32]),
        identity: identity(),
        phone: None,
    }
}

async fn claim(ledger: &Ledger, key: ProofKey, lease: Duration, patience: Duration) -> Claim {
    ledger
        .claim(key, lease, patience)
        .await
        .expect("the ledger answers")
}

async fn look(ledger: &Ledger, key: ProofKey) -> Claim {
    claim(ledger, key, LONG, NOT_AT_ALL).await
}

async fn record(ledger: &Ledger, key: ProofKey, what: ProofRecord) {
    record_for(ledger, key, what, LONG, LONG).await;
}

async fn record_for(
    ledger: &Ledger,
    key: ProofKey,
    what: ProofRecord,
    fresh: Duration,
    kept: Duration,
) {
    let recorded = ledger.record(key, what, fresh, kept).await;
    recorded.expect("the ledger answers");
}

async fn release(ledger: &Ledger, key: ProofKey) {
    ledger.release(key).await.expect("the ledger answers");
}

fn is_granted_anew(claim: &Claim) -> bool {
    matches!(claim, Claim::Granted { vouched: None })
}

fn is_granted_vouched(claim: &Claim) -> bool {
    matches!(
        claim,
        Claim::Granted {
            vouched: Some(ProofRecord::Vouched { .. })
        }
    )
}

fn is_spent(claim: &Claim) -> bool {
    matches!(claim, Claim::Recorded(ProofRecord::Spent))
}

fn session(claim: &Claim) -> Option<u128> {
    match claim {
        Claim::Recorded(ProofRecord::SignedIn { session, .. }) => Some(session.as_uuid().as_u128()),
        _ => None,
    }
}

/// A proof that was not seen before is the caller's.
pub async fn the_first_claim_is_granted(ledger: Ledger) {
    assert!(is_granted_anew(&look(&ledger, key(1)).await));
}

/// One proof says nothing of another.
pub async fn proofs_do_not_mix(ledger: Ledger) {
    for n in 0..20 {
        assert!(is_granted_anew(&look(&ledger, key(n)).await));
        record(&ledger, key(n), signed_in(n.into())).await;
    }
    for n in 0..20 {
        assert_eq!(session(&look(&ledger, key(n)).await), Some(n.into()));
    }
}

/// Waiting has an end, and it is not before the patience is.
pub async fn a_held_proof_is_in_progress_after_the_waiting_time(ledger: Ledger) {
    look(&ledger, key(1)).await;
    assert!(matches!(look(&ledger, key(1)).await, Claim::InProgress));
    let asked = Instant::now();
    let answer = claim(&ledger, key(1), LONG, SHORT).await;
    assert!(matches!(answer, Claim::InProgress), "{answer:?}");
    let waited = asked.elapsed();
    assert!(waited >= SHORT && waited < SHORT * 10, "{waited:?}");
}

/// Lets a caller wait for a proof that is held; answers what it gets, and after
/// how long.
async fn waiting(
    ledger: &Ledger,
    key: ProofKey,
    meanwhile: impl Future<Output = ()>,
) -> (Claim, Duration) {
    let waiter = {
        let ledger = Arc::clone(ledger);
        tokio::spawn(async move {
            let answer = claim(&ledger, key, LONG, LONG).await;
            (answer, Instant::now())
        })
    };
    sleep(SHORT / 5).await;
    let changed = Instant::now();
    meanwhile.await;
    let (answer, at) = waiter.await.expect("the caller is answered");
    (answer, at.saturating_duration_since(changed))
}

/// Whoever waits is answered with the outcome, soon.
pub async fn a_waiting_caller_hears_of_the_record(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let recorded = record(&ledger, key(1), signed_in(1));
    let (answer, after) = waiting(&ledger, key(1), recorded).await;
    assert_eq!(session(&answer), Some(1));
    assert!(after < SHORT * 2, "{after:?}");
}

/// Whoever waits takes over from one who did nothing.
pub async fn a_waiting_caller_is_granted_what_was_released(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let (answer, after) = waiting(&ledger, key(1), release(&ledger, key(1))).await;
    assert!(is_granted_anew(&answer), "{answer:?}");
    assert!(after < SHORT * 2, "{after:?}");
}

/// Whoever waits takes over from one who did not finish.
pub async fn a_waiting_caller_is_granted_what_was_vouched_for(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let recorded = record(&ledger, key(1), vouched());
    let (answer, after) = waiting(&ledger, key(1), recorded).await;
    assert!(is_granted_vouched(&answer), "{answer:?}");
    assert!(after < SHORT * 2, "{after:?}");
    assert!(matches!(look(&ledger, key(1)).await, Claim::InProgress));
}

/// Nothing happened, so nothing is known.
pub async fn a_released_proof_may_be_claimed_again(ledger: Ledger) {
    for _ in 0..3 {
        assert!(is_granted_anew(&look(&ledger, key(1)).await));
        release(&ledger, key(1)).await;
    }
    // Releasing what nobody holds is no error.
    release(&ledger, key(1)).await;
    release(&ledger, key(2)).await;
}

/// The next one goes on where the last one was refused, alone.
pub async fn a_proof_vouched_for_may_be_completed(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record(&ledger, key(1), vouched()).await;
    assert!(is_granted_vouched(&look(&ledger, key(1)).await));
    assert!(matches!(look(&ledger, key(1)).await, Claim::InProgress));
    record(&ledger, key(1), vouched()).await;
    assert!(is_granted_vouched(&look(&ledger, key(1)).await));
    record(&ledger, key(1), signed_in(1)).await;
    assert_eq!(session(&look(&ledger, key(1)).await), Some(1));
}

/// What the provider vouched for is not lost with a claim that did nothing.
pub async fn a_release_keeps_what_was_recorded_before(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record(&ledger, key(1), vouched()).await;
    for _ in 0..3 {
        assert!(is_granted_vouched(&look(&ledger, key(1)).await));
        release(&ledger, key(1)).await;
    }
}

/// A record ends the claim, so there is nothing to release.
pub async fn a_release_undoes_no_record(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record(&ledger, key(1), signed_in(1)).await;
    release(&ledger, key(1)).await;
    assert_eq!(session(&look(&ledger, key(1)).await), Some(1));
    look(&ledger, key(2)).await;
    record(&ledger, key(2), ProofRecord::Spent).await;
    release(&ledger, key(2)).await;
    assert!(is_spent(&look(&ledger, key(2)).await));
}

/// However often it is asked.
pub async fn a_completed_proof_answers_what_became_of_it(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record(&ledger, key(1), signed_in(1)).await;
    for _ in 0..5 {
        assert_eq!(session(&look(&ledger, key(1)).await), Some(1));
    }
}

/// What comes out is what went in.
pub async fn a_record_keeps_every_part(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record(&ledger, key(1), vouched()).await;
    let Claim::Granted {
        vouched:
            Some(ProofRecord::Vouched {
                binding,
                identity: kept,
                phone,
            }),
    } = look(&ledger, key(1)).await
    else {
        panic!("no record");
    };
    let given = identity();
    assert_eq!(binding, Binding([8; 32]));
    assert_eq!(phone, None);
    assert_eq!(kept.provider, given.provider);
    assert_eq!(kept.app_id, given.app_id);
    assert_eq!(kept.openid, given.openid);
    assert_eq!(kept.union_id, given.union_id);
    let bytes = |identity: &WeChatIdentity| {
        let key = identity.session_key.as_ref();
        key.map(|key| key.expose().to_owned())
    };
    assert_eq!(bytes(&kept), bytes(&given));
    record(&ledger, key(1), signed_in(1)).await;
    let Claim::Recorded(ProofRecord::SignedIn {
        binding,
        session,
        is_new_user,
        not_attached,
    }) = look(&ledger, key(1)).await
    else {
        panic!("no record");
    };
    assert_eq!(binding, Binding([7; 32]));
    assert_eq!(session.as_uuid().as_u128(), 1);
    assert!(is_new_user);
    assert_eq!(not_attached, [EvidencePart::Phone, EvidencePart::WeChat]);
}

/// Whoever held it may have used the proof before it died.
pub async fn an_abandoned_claim_is_spent(ledger: Ledger) {
    claim(&ledger, key(1), SHORT, NOT_AT_ALL).await;
    let asked = Instant::now();
    let answer = claim(&ledger, key(1), LONG, LONG).await;
    assert!(is_spent(&answer), "{answer:?}");
    assert!(asked.elapsed() < SHORT * 10);
    // The same where something was known before.
    look(&ledger, key(2)).await;
    record(&ledger, key(2), vouched()).await;
    let answer = claim(&ledger, key(2), SHORT, NOT_AT_ALL).await;
    assert!(is_granted_vouched(&answer));
    sleep(PAST_SHORT).await;
    assert!(is_spent(&look(&ledger, key(2)).await));
}

/// Others were told already that the proof is spent.
pub async fn a_late_holder_changes_nothing(ledger: Ledger) {
    claim(&ledger, key(1), SHORT, NOT_AT_ALL).await;
    sleep(PAST_SHORT).await;
    release(&ledger, key(1)).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
    record(&ledger, key(1), signed_in(1)).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
}

/// An answer is repeated for a while, and never again.
pub async fn a_record_is_spent_when_it_is_no_longer_fresh(ledger: Ledger) {
    for (n, what) in [(1, signed_in(1)), (2, vouched())] {
        look(&ledger, key(n)).await;
        record_for(&ledger, key(n), what, SHORT, LONG).await;
    }
    assert_eq!(session(&look(&ledger, key(1)).await), Some(1));
    sleep(PAST_SHORT).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
    assert!(is_spent(&look(&ledger, key(2)).await));
}

/// Nothing is kept for good.
pub async fn a_record_is_forgotten_in_the_end(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record_for(&ledger, key(1), signed_in(1), SHORT / 2, SHORT).await;
    look(&ledger, key(2)).await;
    record_for(&ledger, key(2), ProofRecord::Spent, SHORT / 2, SHORT).await;
    sleep(PAST_SHORT).await;
    assert!(is_granted_anew(&look(&ledger, key(1)).await));
    assert!(is_granted_anew(&look(&ledger, key(2)).await));
}

/// Completing a login does not give the proof a second life.
pub async fn recording_again_starts_no_time_anew(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record_for(&ledger, key(1), vouched(), SHORT, SHORT * 3).await;
    sleep(SHORT / 2).await;
    look(&ledger, key(1)).await;
    record_for(&ledger, key(1), signed_in(1), LONG, LONG).await;
    assert_eq!(session(&look(&ledger, key(1)).await), Some(1));
    sleep(PAST_SHORT / 2).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
    sleep(SHORT * 2).await;
    assert!(is_granted_anew(&look(&ledger, key(1)).await));
}

/// A code that the provider refused is worth nothing, at once.
pub async fn a_proof_recorded_as_spent_is_spent(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let recorded = record(&ledger, key(1), ProofRecord::Spent);
    let (answer, _) = waiting(&ledger, key(1), recorded).await;
    assert!(is_spent(&answer), "{answer:?}");
    assert!(is_spent(&look(&ledger, key(1)).await));
}

/// No record brings it back.
pub async fn what_is_spent_stays_spent(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record(&ledger, key(1), ProofRecord::Spent).await;
    record(&ledger, key(1), signed_in(1)).await;
    record(&ledger, key(1), vouched()).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
}

/// Of ten identical requests at once one is carried out, and all are answered
/// alike; each of twenty times.
pub async fn concurrent_claims_grant_one(ledger: Ledger) {
    for round in 0..20 {
        let mut requests = JoinSet::new();
        for task in 0..10 {
            let ledger = Arc::clone(&ledger);
            requests.spawn(async move {
                let answer = claim(&ledger, key(round), LONG, LONG).await;
                if is_granted_anew(&answer) {
                    sleep(Duration::from_millis(5)).await;
                    record(&ledger, key(round), signed_in(task)).await;
                    return (true, Some(task));
                }
                (false, session(&answer))
            });
        }
        let outcomes = requests.join_all().await;
        let granted: Vec<_> = outcomes.iter().filter(|(granted, _)| *granted).collect();
        assert_eq!(granted.len(), 1, "round {round}");
        let session = granted[0].1;
        assert!(
            outcomes.iter().all(|(_, other)| *other == session),
            "round {round}: {outcomes:?}"
        );
    }
}

/// Where each is refused after the exchange, each gets its turn, and never two
/// at once; each of twenty times.
pub async fn concurrent_callers_carry_a_failing_request_out_one_after_the_other(ledger: Ledger) {
    take_turns(&ledger, true).await;
}

/// Where each finds that it did nothing, each gets its turn, and never two at
/// once; each of twenty times.
pub async fn concurrent_releases_lose_nobody(ledger: Ledger) {
    take_turns(&ledger, false).await;
}

async fn take_turns(ledger: &Ledger, recording: bool) {
    for round in 0..20 {
        let alone = Arc::new(tokio::sync::Semaphore::new(1));
        let mut requests = JoinSet::new();
        for _ in 0..10 {
            let (ledger, alone) = (Arc::clone(ledger), Arc::clone(&alone));
            requests.spawn(async move {
                let answer = claim(&ledger, key(round), LONG, LONG).await;
                assert!(matches!(answer, Claim::Granted { .. }), "{answer:?}");
                let turn = alone.try_acquire().expect("nobody else is at it");
                tokio::task::yield_now().await;
                drop(turn);
                if recording {
                    record(&ledger, key(round), vouched()).await;
                } else {
                    release(&ledger, key(round)).await;
                }
            });
        }
        requests.join_all().await;
    }
}
