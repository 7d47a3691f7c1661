//! A database that is gone.

use super::PHONE;
use crate::support::{Service, client};

#[tokio::test]
async fn a_database_that_is_gone_lets_nobody_in() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let code = service.login_code("bob").await;
    service.database.close().await.expect("closed");
    let answers = [
        service.me(login.access()).await,
        service.refresh(login.refresh()).await,
        service.ask(PHONE).await,
        service.hand_in(&code, client()).await,
    ];
    for answer in answers {
        answer.fails(503, "unavailable");
    }
    let ready = service.get("/readyz").send().await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.body()["dependencies"]["database"], "down");
    // Neither of these asks anybody.
    assert_eq!(service.get("/healthz").send().await.status, 200);
    assert_eq!(
        service.get("/.well-known/jwks.json").send().await.status,
        200
    );
}
