//! Who is signed in stays signed in.

use serde_json::Value;

use crate::support::{Page, playground};

async fn refresh_token(page: &Page) -> Value {
    page.ask(
        "return JSON.parse(localStorage.getItem('menshen.playground.device.a')).tokens.refresh",
        Vec::new(),
    )
    .await
}

#[tokio::test]
async fn the_same_person_is_signed_in_after_a_refresh_a_reload_and_a_restart() {
    let (mut service, page) = playground().await;
    let account = page.sign_in("alice").await;
    let session = page.session().await;
    let first = refresh_token(&page).await;
    page.tap("refresh-now").await;
    page.exchanged("POST", "/v1/token/refresh", 200).await;
    page.see_text("toast", "令牌已轮换").await;
    let second = refresh_token(&page).await;
    assert_ne!(first, second);

    page.tap("nav-edit").await;
    page.write("edit-nickname", "门前的石狮子 🦁").await;
    page.write("edit-bio", "左青龙\n右白虎").await;
    page.tap("edit-save").await;
    page.screen("profile").await;
    page.exchanged("PATCH", "/v1/me", 200).await;

    for restart in [false, true] {
        if restart {
            service.restart().await;
        }
        page.reload().await;
        page.screen("profile").await;
        page.exchanged("GET", "/v1/me", 200).await;
        assert_eq!(page.user().await, account);
        assert_eq!(page.session().await, session);
        assert_eq!(page.text("profile-nickname").await, "门前的石狮子 🦁");
        assert_eq!(page.text("profile-bio").await, "左青龙\n右白虎");
    }
    page.tap("refresh-now").await;
    page.exchanged("POST", "/v1/token/refresh", 200).await;
    page.finish(&[]).await;
}
