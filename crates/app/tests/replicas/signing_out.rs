//! A refresh that races with a sign-out leaves nothing alive, on no replica.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use menshen_cluster::Cluster;

use crate::stage::{Client, Hand, cluster};

const ROUNDS: usize = 1000;
/// WeChat lets one person log in a hundred times a minute.
const PEOPLE: usize = 40;
/// How many rounds go on at once.
const AT_ONCE: usize = 8;
/// How long a sign-out may take to be seen by another replica.
const SEEN: Duration = Duration::from_secs(1);

/// The access tokens of one family, all of which must be dead.
struct Family(Vec<String>);

/// Two clients of the replica and of the other one.
fn replicas(cluster: &Cluster, n: usize) -> (Client, Client) {
    let of = |i: usize| Client::new(&cluster.replicas[i % 2].url(), 1);
    (of(n), of(n + 1))
}

async fn race(hand: &Hand, person: &str, here: &Client, there: &Client) -> Family {
    let code = hand.login_code(person).await;
    let login = here.one_tap(&code).await.expect("an answer");
    let (access, refresh) = (login.text("/access_token"), login.text("/refresh_token"));
    let (refreshed, out) = tokio::join!(here.refresh(&refresh), there.sign_out(&access));
    let (refreshed, out) = (refreshed.expect("an answer"), out.expect("an answer"));
    assert!(out.is_ok(), "{out:?}");
    let mut tokens = vec![(access, refresh)];
    if refreshed.is_ok() {
        let pair = ("/access_token", "/refresh_token");
        tokens.push((refreshed.text(pair.0), refreshed.text(pair.1)));
    } else {
        assert_eq!(refreshed.code(), "session_revoked", "{refreshed:?}");
    }
    for (_, refresh) in &tokens {
        for replica in [here, there] {
            let again = replica.refresh(refresh).await.expect("an answer");
            assert_eq!(
                (again.status, again.code()),
                (401, "session_revoked"),
                "{again:?}"
            );
        }
    }
    Family(tokens.into_iter().map(|(access, _)| access).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_refreshes_that_race_with_a_sign_out_nothing_survives() {
    let cluster = cluster(&[]).await;
    let hand = Hand::of(&cluster);
    let lanes = [replicas(&cluster, 0), replicas(&cluster, 1)];
    let (hand, lanes) = (&hand, &lanes);
    for n in 0..PEOPLE {
        hand.person(&format!("racer{n}"), None).await;
    }
    let rounds = stream::iter(0..ROUNDS).map(|round| async move {
        let (here, there) = &lanes[round % 2];
        race(hand, &format!("racer{}", round % PEOPLE), here, there).await
    });
    let families: Vec<Family> = rounds.buffer_unordered(AT_ONCE).collect().await;
    let tokens: Vec<String> = families.into_iter().flat_map(|family| family.0).collect();
    // Both came first now and then, or this was no race.
    assert!(
        tokens.len() > ROUNDS && tokens.len() < 2 * ROUNDS,
        "{}",
        tokens.len()
    );
    tokio::time::sleep(SEEN).await;
    let checks = stream::iter(tokens.iter().enumerate()).map(|(n, token)| async move {
        let (one, other) = &lanes[n % 2];
        for replica in [one, other] {
            let answer = replica
                .get("/v1/auth/verify", token)
                .await
                .expect("an answer");
            assert_eq!((answer.status, answer.code()), (401, "session_revoked"));
        }
    });
    checks.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}
