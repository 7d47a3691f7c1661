//! Everybody is somebody new once, on however many replicas at once.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use menshen_cluster::Cluster;
use serde_json::json;

use crate::stage::{Answer, Client, Hand, Tables, cluster};

/// How many logins at once.
const AT_ONCE: usize = 200;

/// The two replicas, asked directly; and nginx, from several addresses.
fn ways(cluster: &Cluster) -> [Vec<Client>; 2] {
    let direct = cluster.replicas.iter();
    let direct = direct.map(|replica| Client::new(&replica.url(), 1));
    let nginx = (1..=8).map(|n| Client::new(&cluster.nginx.url(), n));
    [direct.collect(), nginx.collect()]
}

/// Asserts that all were signed in as one user, with so many sessions in all.
#[track_caller]
fn assert_one_user(
    cluster: &Cluster,
    answers: Result<Vec<Answer>, reqwest::Error>,
    sessions: usize,
) {
    let answers = answers.expect("answers");
    let wrong: Vec<_> = answers.iter().filter(|answer| !answer.is_ok()).collect();
    let said = || cluster.replicas.iter().map(menshen_cluster::Process::log);
    let failed = || {
        said()
            .flat_map(|log| failures(&log))
            .collect::<BTreeMap<_, _>>()
    };
    assert!(wrong.is_empty(), "{} {:?}", wrong.len(), failed());
    let distinct = |pointer: &str| {
        let mut all: Vec<_> = answers.iter().map(|answer| answer.text(pointer)).collect();
        all.sort();
        all.dedup();
        all
    };
    assert_eq!(distinct("/user/id").len(), 1);
    assert_eq!(distinct("/session_id").len(), sessions);
    let newcomers = answers
        .iter()
        .filter(|answer| answer.body["data"]["is_new_user"] == true);
    let mut newcomers: Vec<_> = newcomers.map(|answer| answer.text("/session_id")).collect();
    newcomers.dedup();
    assert_eq!(newcomers.len(), 1);
}

/// Why requests failed, and how often, by a replica's own words.
fn failures(log: &str) -> BTreeMap<String, usize> {
    let mut causes = BTreeMap::new();
    for line in log
        .lines()
        .filter(|line| line.contains("the request failed"))
    {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let cause = line.pointer("/fields/error").or(line.get("error"));
        *causes.entry(format!("{cause:?}")).or_default() += 1;
    }
    causes
}

/// Lets each replica open its connections, as one that serves has.
async fn warm_up(cluster: &Cluster, hand: &Hand) {
    let [direct, _] = ways(cluster);
    hand.person("before", None).await;
    for _ in 0..3 {
        let codes = join_all((0..40).map(|_| hand.oauth_code("before"))).await;
        let logins = codes.iter().enumerate();
        // Whatever they come to.
        join_all(logins.map(|(i, code)| direct[i % 2].oauth(code))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_first_logins_of_one_person_make_one_user() {
    let cluster = cluster(&[]).await;
    let (hand, tables) = (Hand::of(&cluster), Tables::of(&cluster).await);
    warm_up(&cluster, &hand).await;
    let before = tables.count("users").await;
    for (n, clients) in ways(&cluster).iter().enumerate() {
        let person = format!("newcomer{n}");
        hand.person(&person, None).await;
        let codes = join_all((0..AT_ONCE).map(|_| hand.oauth_code(&person))).await;
        let logins = codes.iter().enumerate();
        let logins = logins.map(|(i, code)| clients[i % clients.len()].oauth(code));
        let answers = join_all(logins).await.into_iter().collect();
        assert_one_user(&cluster, answers, AT_ONCE);
        let made = tables.count("users").await - before;
        assert_eq!(usize::try_from(made), Ok(n + 1));
    }
    tables.assert_whole().await;
}

/// WeChat lets one person press a button a hundred times a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_first_logins_of_one_number_make_one_user() {
    let cluster = cluster(&[]).await;
    let (hand, tables) = (Hand::of(&cluster), Tables::of(&cluster).await);
    warm_up(&cluster, &hand).await;
    let before = tables.count("users").await;
    for (n, clients) in ways(&cluster).iter().enumerate() {
        let (person, phone) = (format!("caller{n}"), format!("1390000010{n}"));
        hand.person(&person, Some(&phone)).await;
        let button = async || {
            let (login, phone) = tokio::join!(hand.login_code(&person), hand.phone_code(&person));
            json!({
                "login_code": login, "phone_code": phone,
                "client": { "type": "mini_program" },
            })
        };
        let presses = join_all((0..AT_ONCE / 2).map(|_| button())).await;
        let logins = presses.into_iter().enumerate().map(|(i, body)| {
            let client = &clients[i % clients.len()];
            client.post("/v1/login/wechat-phone", body)
        });
        let answers = join_all(logins).await.into_iter().collect();
        assert_one_user(&cluster, answers, AT_ONCE / 2);
        let made = tables.count("users").await - before;
        assert_eq!(usize::try_from(made), Ok(n + 1));
    }
    tables.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_code_handed_in_two_hundred_times_makes_one_user_with_one_session() {
    let cluster = cluster(&[]).await;
    let (hand, tables) = (Hand::of(&cluster), Tables::of(&cluster).await);
    for (n, clients) in ways(&cluster).iter().enumerate() {
        let phone = format!("1390000020{n}");
        let asked = clients[0].ask_for_code(&phone).await.expect("an answer");
        assert!(asked.is_ok(), "{asked:?}");
        let code = hand.sms_code(&phone).await.expect("a message");
        let tries = (0..AT_ONCE).map(|i| clients[i % clients.len()].try_code(&phone, &code));
        let answers = join_all(tries)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>();
        let answers = answers.expect("answers");
        let right = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(right, 1);
        let others = answers.iter().filter(|answer| !answer.is_ok());
        for answer in others {
            assert_eq!(answer.code(), "sms_code_expired", "{answer:?}");
        }
        let made = i64::try_from(n).unwrap() + 1;
        assert_eq!(tables.count("users").await, made);
        assert_eq!(tables.count("sessions").await, made);
    }
    tables.assert_whole().await;
}
