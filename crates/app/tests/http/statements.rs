//! How much one request asks of WeChat and of the database.

use menshen_sql::StatementCount;

use crate::support::{Login, Service, client};

/// What the database was asked meanwhile.
fn asked(service: &Service, before: StatementCount) -> StatementCount {
    service.statements().since(before)
}

#[tokio::test]
async fn a_returning_wechat_login_is_one_call_one_read_and_one_transaction() {
    let service = Service::start().await;
    service.one_tap("alice").await;
    let calls = service.calls("/sns/jscode2session").await;
    let code = service.login_code("alice").await;
    let before = service.statements();
    Login::of(&service.hand_in(&code, client()).await);
    let asked = asked(&service, before);
    assert_eq!(
        (asked.reads, asked.single_writes, asked.transactions),
        (1, 0, 1),
        "{asked:?}"
    );
    assert_eq!(service.calls("/sns/jscode2session").await, calls + 1);
    assert_eq!(service.calls("/cgi-bin/stable_token").await, 0);
}

#[tokio::test]
async fn a_first_wechat_login_costs_no_more() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let before = service.statements();
    Login::of(&service.hand_in(&code, client()).await);
    let asked = asked(&service, before);
    assert_eq!(
        (asked.reads, asked.single_writes, asked.transactions),
        (1, 0, 1),
        "{asked:?}"
    );
}

/// How often the ports of the shared store were called; it is the process's memory here.
async fn calls(service: &Service) -> u64 {
    let text = service
        .get("/metrics")
        .raw()
        .await
        .text()
        .await
        .expect("a text");
    let of_store = |line: &&str| {
        line.starts_with("menshen_store_calls_total{store=\"memory\"")
            && !line.contains("port=\"turns\"")
    };
    let counts = text.lines().filter(of_store);
    let counts = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

#[tokio::test]
async fn a_login_by_sms_commits_three_times_and_calls_the_shared_store_seven_times() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    // The limiter is told of the day before the first message, and of each number: that
    // is one read and two calls more, for a day after it was emptied.
    service.sms_login("13800138001").await;
    let (before, start) = (service.statements(), calls(&service).await);
    service.ask("13800138000").await.ok();
    assert_eq!(asked(&service, before).reads, 1);
    assert_eq!(calls(&service).await - start, 5);

    service.forget_messages().await;
    let (before, start) = (service.statements(), calls(&service).await);
    service.ask("13800138000").await.ok();
    let ask = asked(&service, before);
    assert_eq!(
        (ask.reads, ask.single_writes, ask.transactions),
        (0, 0, 2),
        "{ask:?}"
    );
    assert_eq!(calls(&service).await - start, 3);

    let code = service.code_at("13800138000").await;
    let (before, start) = (service.statements(), calls(&service).await);
    Login::of(&service.try_code("13800138000", &code).await);
    let login = asked(&service, before);
    assert_eq!(
        (login.reads, login.single_writes, login.transactions),
        (1, 0, 1),
        "{login:?}"
    );
    assert_eq!(calls(&service).await - start, 4);
}

#[tokio::test]
async fn a_refresh_is_one_read_and_one_write() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let before = service.statements();
    let next = Login::of(&service.refresh(login.refresh()).await);
    let rotation = asked(&service, before);
    assert_eq!(rotation.reads, 1, "{rotation:?}");
    assert_eq!(
        rotation.single_writes + rotation.transactions,
        1,
        "{rotation:?}"
    );
    // A second repeat finds the first one noted already.
    service.refresh(login.refresh()).await.ok();
    let before = service.statements();
    service.refresh(login.refresh()).await.ok();
    let repeat = asked(&service, before);
    assert_eq!(
        (repeat.reads, repeat.single_writes, repeat.transactions),
        (1, 0, 0)
    );
    service.me(next.access()).await.ok();
}

#[tokio::test]
async fn looking_at_oneself_is_one_read() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let before = service.statements();
    service.me(login.access()).await.ok();
    let asked = asked(&service, before);
    assert_eq!(
        (asked.reads, asked.single_writes, asked.transactions),
        (1, 0, 0),
        "{asked:?}"
    );
}

#[tokio::test]
async fn checking_for_other_services_is_one_read_a_second_at_most() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let before = service.statements();
    let begun = std::time::Instant::now();
    let mut rounds = 0;
    while rounds < 20 {
        service.verify(login.access()).await.ok();
        rounds += 1;
    }
    let seconds = begun.elapsed().as_secs();
    let asked = asked(&service, before);
    assert!(asked.reads <= seconds + 1, "{asked:?} in {seconds} s");
    assert_eq!(
        (asked.single_writes, asked.transactions),
        (0, 0),
        "{asked:?}"
    );
}

#[tokio::test]
async fn nobody_without_a_token_of_ours_costs_a_statement() {
    let service = Service::start().await;
    let before = service.statements();
    service.me("nonsense").await.fails(401, "token_invalid");
    service
        .get("/v1/me")
        .send()
        .await
        .fails(401, "token_missing");
    service
        .refresh("nonsense")
        .await
        .fails(401, "refresh_token_invalid");
    service.get("/.well-known/jwks.json").send().await;
    service.get("/healthz").send().await;
    assert_eq!(service.statements(), before);
}
