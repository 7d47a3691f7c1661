//! All of it at once.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;

use menshen_domain::ports::code_store::Attempt;
use tokio::task::JoinSet;

use super::steps::{LONG, Store, TRIES, attempt, give_back, scope, send, spend};

/// However many ask at once, one code goes out; each of twenty times.
pub async fn concurrent_asks_get_one_code(store: Store) {
    for round in 0..20 {
        let mut asks = JoinSet::new();
        for _ in 0..20 {
            let store = Arc::clone(&store);
            asks.spawn(async move { send(&store, &scope(round), LONG).await.0.id.0 });
        }
        let mut seeds = asks.join_all().await;
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 1, "round {round}");
    }
}

/// A hundred tries at once get exactly the tries that there are; each of twenty
/// times.
pub async fn concurrent_tries_are_counted_exactly(store: Store) {
    for round in 0..20 {
        let (_, challenge) = send(&store, &scope(round), LONG).await;
        let mut tries = JoinSet::new();
        for task in 0..100 {
            let store = Arc::clone(&store);
            let named = (task % 2 == 0).then_some(challenge);
            tries.spawn(async move { (named, attempt(&store, &scope(round), named).await) });
        }
        let outcomes = tries.join_all().await;
        for named in [Some(challenge), None] {
            let mut left: Vec<u8> = outcomes
                .iter()
                .filter(|(of, _)| *of == named)
                .filter_map(|(_, outcome)| match outcome {
                    Attempt::Counted { attempts_left, .. } => Some(*attempts_left),
                    _ => None,
                })
                .collect();
            left.sort_unstable();
            assert_eq!(left, (0..TRIES).collect::<Vec<_>>(), "round {round}");
        }
    }
}

/// Of a hundred right tries at once one wins; each of twenty times.
pub async fn concurrent_right_tries_spend_once(store: Store) {
    for round in 0..20 {
        let (seed, _) = send(&store, &scope(round), LONG).await;
        let mut tries = JoinSet::new();
        for _ in 0..100 {
            let store = Arc::clone(&store);
            tries.spawn(async move { spend(&store, &scope(round), seed).await });
        }
        let won = tries
            .join_all()
            .await
            .into_iter()
            .filter(|won| *won)
            .count();
        assert_eq!(won, 1, "round {round}");
    }
}

/// Whoever spends, gives back and spends again at once: at the end as many have
/// spent as have given back, and one more; each of twenty times.
pub async fn concurrent_tries_and_spends_leave_nothing(store: Store) {
    for round in 0..20 {
        let (seed, _) = send(&store, &scope(round), LONG).await;
        let mut tries = JoinSet::new();
        for task in 0..50 {
            let store = Arc::clone(&store);
            tries.spawn(async move {
                let won = spend(&store, &scope(round), seed).await;
                let gives_back = won && task % 2 == 0;
                if gives_back {
                    give_back(&store, &scope(round), None, seed).await;
                }
                i32::from(won) - i32::from(gives_back)
            });
        }
        let kept: i32 = tries.join_all().await.into_iter().sum();
        let rest = i32::from(spend(&store, &scope(round), seed).await);
        assert_eq!(kept + rest, 1, "round {round}");
    }
}
