//! Messages and right codes, weighed against each other.

use std::net::IpAddr;
use std::sync::Arc;

use menshen_domain::model::limits::{LimitKey, Window};
use menshen_domain::model::spend::{Slices, SpendScope, Tally};
use menshen_domain::ports::rate_limiter::{
    Admission, MessagePlaces, Remembered, Reservation, Spend,
};
use tokio::task::JoinSet;

use super::{Limiter, phone, release, reserved, source, volume};
use crate::sample;

fn scopes(n: u8) -> [SpendScope; 3] {
    [
        SpendScope::Deployment,
        SpendScope::Network(IpAddr::from([203, 0, n, 0])),
        SpendScope::Prefix(sample::phone(u32::from(n) * 10_000).prefix()),
    ]
}

async fn ready(limiter: &Limiter) {
    assert!(limiter.recall(&[]).await.expect("an answer"));
}

async fn ask(limiter: &Limiter, windows: &[Window], scopes: &[SpendScope]) -> Admission {
    let places = MessagePlaces {
        windows: windows.to_vec(),
        person: None,
        scopes: scopes.to_vec(),
    };
    match limiter.reserve_recalled(&places).await.expect("an answer") {
        Remembered::Known(admission) => admission,
        other => panic!("{other:?}"),
    }
}

/// Sends a message.
async fn message(limiter: &Limiter, scopes: &[SpendScope]) -> Reservation {
    match ask(limiter, &[], scopes).await {
        Admission::Reserved(reservation) => reservation,
        refused @ Admission::Refused { .. } => panic!("{refused:?}"),
    }
}

/// A code proves right.
async fn prove(limiter: &Limiter, scopes: &[SpendScope]) {
    let failures = LimitKey::FailuresPhone(sample::phone(1));
    let tried = reserved(limiter, &[volume(failures.clone(), 99)]).await;
    let pardoned = limiter
        .pardon(&tried, std::slice::from_ref(&failures), scopes)
        .await;
    pardoned.expect("the limiter answers");
}

/// What was counted for each scope before a message, which is taken back.
async fn counted(limiter: &Limiter, scopes: &[SpendScope]) -> Vec<(i64, i64)> {
    let looking = message(limiter, scopes).await;
    release(limiter, &looking).await;
    let totals = looking.spend.counted.iter().map(|(_, slices)| {
        let Tally { sent, verified } = slices.total();
        (sent, verified)
    });
    totals.collect()
}

/// In the slices of its clock, one by one.
pub async fn messages_and_right_codes_are_counted_for_each_scope(limiter: Limiter) {
    ready(&limiter).await;
    let mut expected = Slices::default();
    for _ in 0..4 {
        let Spend { at, counted } = message(&limiter, &scopes(1)).await.spend;
        let all = scopes(1).map(|scope| (scope, expected.clone()));
        assert_eq!(counted, all);
        expected.add(at, Tally::SENT);
    }
    for proven in 1..=3 {
        prove(&limiter, &scopes(1)).await;
        assert_eq!(counted(&limiter, &scopes(1)).await, [(4, proven); 3]);
    }
}

/// No window of it, and no scope.
pub async fn what_is_refused_or_given_back_weighs_nothing(limiter: Limiter) {
    ready(&limiter).await;
    let windows = [volume(phone(1), 1), volume(source(1), 9)];
    let Admission::Reserved(first) = ask(&limiter, &windows, &scopes(1)).await else {
        panic!("refused");
    };
    for _ in 0..3 {
        let refused = ask(&limiter, &windows, &scopes(1)).await;
        assert!(matches!(refused, Admission::Refused { .. }));
    }
    assert_eq!(counted(&limiter, &scopes(1)).await, [(1, 0); 3]);
    release(&limiter, &first).await;
    assert_eq!(counted(&limiter, &scopes(1)).await, [(0, 0); 3]);
    let again = ask(&limiter, &windows, &scopes(1)).await;
    assert!(matches!(again, Admission::Reserved(_)));
}

/// Else a code that is given back again and again would pay for messages.
pub async fn a_right_code_that_is_taken_back_is_counted_once(limiter: Limiter) {
    ready(&limiter).await;
    message(&limiter, &scopes(1)).await;
    for _ in 0..5 {
        prove(&limiter, &scopes(1)).await;
        limiter.unprove(&scopes(1)).await.expect("an answer");
    }
    assert_eq!(counted(&limiter, &scopes(1)).await, [(1, 0); 3]);
    prove(&limiter, &scopes(1)).await;
    assert_eq!(counted(&limiter, &scopes(1)).await, [(1, 1); 3]);
}

/// Another network and another block, and the same deployment.
pub async fn scopes_are_weighed_apart(limiter: Limiter) {
    ready(&limiter).await;
    for n in [1, 2, 2] {
        message(&limiter, &scopes(n)).await;
    }
    prove(&limiter, &scopes(2)).await;
    assert_eq!(
        counted(&limiter, &scopes(1)).await,
        [(3, 1), (1, 0), (1, 0)]
    );
    assert_eq!(
        counted(&limiter, &scopes(2)).await,
        [(3, 1), (2, 1), (2, 1)]
    );
    assert_eq!(counted(&limiter, &scopes(3)[1..]).await, [(0, 0); 2]);
}

/// From all replicas.
pub async fn simultaneous_messages_are_all_weighed(limiter: Limiter) {
    ready(&limiter).await;
    let mut racing = JoinSet::new();
    for n in 0..40 {
        let limiter = Arc::clone(&limiter);
        racing.spawn(async move {
            let sent = message(&limiter, &scopes(1)).await;
            if n % 4 == 0 {
                release(&limiter, &sent).await;
            } else {
                prove(&limiter, &scopes(1)).await;
            }
        });
    }
    racing.join_all().await;
    assert_eq!(counted(&limiter, &scopes(1)).await, [(30, 30); 3]);
}
