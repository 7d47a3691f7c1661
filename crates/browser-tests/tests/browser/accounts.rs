//! Two ways in, one account.

use crate::support::{Page, playground};

#[tokio::test]
async fn what_is_bound_or_linked_opens_the_same_account() {
    let (_service, page) = playground().await;
    a_number_is_bound_by_a_code(&page).await;
    a_number_is_bound_by_the_button(&page).await;
    linking_a_wechat_that_has_an_account_makes_two_accounts_one(&page).await;
    page.finish(&[]).await;
}

async fn a_number_is_bound_by_a_code(page: &Page) {
    let account = page.sign_in("carol").await;
    let session = page.session().await;
    page.see_text("profile-phone", "未绑定").await;
    page.tap("nav-bind-phone").await;
    page.write("bind-phone-number", "13712340001").await;
    page.tap("bind-phone-send").await;
    page.fill_in_code("bind-phone-code", "13712340001").await;
    page.tap("bind-phone-submit").await;
    page.screen("profile").await;
    page.see_text("profile-phone", "137****0001").await;
    assert_eq!(page.user().await, account);
    assert_eq!(page.session().await, session);
    page.sign_out().await;
}

async fn a_number_is_bound_by_the_button(page: &Page) {
    page.sign_in("bob").await;
    page.tap("nav-bind-phone").await;
    page.tap("bind-phone-button").await;
    page.screen("profile").await;
    page.see_text("profile-phone", "138****8001").await;
    page.sign_out().await;
}

async fn linking_a_wechat_that_has_an_account_makes_two_accounts_one(page: &Page) {
    let by_wechat = page.sign_in("alice").await;
    page.sign_out().await;
    let by_phone = page.sign_in_by_sms("13612340001").await;
    assert_ne!(by_phone, by_wechat);
    let session = page.session().await;

    page.tap("link-wechat").await;
    page.see("identity-row").await;
    page.exchanged("POST", "/v1/me/wechat", 200).await;
    page.see_text("toast", "两个账号已合二为一").await;
    // The one with the phone number stays, in a fresh session.
    assert_eq!(page.user().await, by_phone);
    assert_ne!(page.session().await, session);
    page.tap("refresh-now").await;
    page.exchanged("POST", "/v1/token/refresh", 200).await;
    page.sign_out().await;
    assert_eq!(page.sign_in("alice").await, by_phone);
}
