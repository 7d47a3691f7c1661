//! Who carries a request out, and what the others are told.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::model::evidence::{EvidencePart, WeChatIdentity};
use menshen_domain::ports::replay_ledger::{Binding, Claim, ProofRecord};

use super::steps::{
    Ledger, identity, is_granted_anew, is_granted_vouched, is_spent, key, look, record, release,
    session, signed_in, vouched,
};

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

/// No record brings it back.
pub async fn what_is_spent_stays_spent(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record(&ledger, key(1), ProofRecord::Spent).await;
    record(&ledger, key(1), signed_in(1)).await;
    record(&ledger, key(1), vouched()).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
}
