//! Two phones of one person.

use crate::support::{Page, playground};

#[tokio::test]
async fn two_phones_see_each_other_and_sign_each_other_out() {
    let (_service, page) = playground().await;
    let account = page.sign_in("alice").await;
    page.tap("device-b").await;
    page.screen("welcome").await;
    assert_eq!(page.sign_in("alice").await, account);
    page.tap("nav-devices").await;
    page.see_count("session-row", 2).await;
    page.see_count("session-row[data-current=\"true\"]", 1)
        .await;
    page.see_text("session-row[data-current=\"true\"] session-name", "手机 B")
        .await;
    page.tap("session-row[data-current=\"false\"] session-revoke")
        .await;
    page.see_count("session-row", 1).await;
    was_signed_out(&page, "device-a").await;

    page.sign_in("alice").await;
    page.tap("nav-account").await;
    page.tap("logout-others").await;
    page.exchanged("POST", "/v1/logout", 200).await;
    page.screen("account").await;
    was_signed_out(&page, "device-b").await;

    page.sign_in("alice").await;
    page.tap("nav-account").await;
    page.tap("logout-all").await;
    page.screen("welcome").await;
    was_signed_out(&page, "device-a").await;
    page.finish(&[("/v1/me", 401), ("/v1/me/sessions", 401)])
        .await;
}

/// A phone that is taken up again tells why it is signed out.
async fn was_signed_out(page: &Page, device: &str) {
    page.tap(device).await;
    page.see("session-notice[data-reason=\"signed_out\"]").await;
    page.screen("welcome").await;
}
