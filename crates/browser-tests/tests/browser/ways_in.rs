//! Signing in by every way, and out again.

use crate::support::playground;

#[tokio::test]
async fn somebody_signs_in_with_one_tap_and_finds_the_same_account_again() {
    let (_service, page) = playground().await;
    let first = page.sign_in("alice").await;
    page.see("toast[data-kind=\"success\"]").await;
    page.see_text("profile-wechat", "小程序").await;
    page.exchanged("POST", "/simulator/control/wechat/login", 200)
        .await;
    page.exchanged("POST", "/v1/login/wechat", 200).await;
    // The token of the answer is taken apart: its subject is the account.
    page.see_text("exchange[open] jwt", &first).await;
    page.sign_out().await;
    page.exchanged("POST", "/v1/logout", 200).await;
    assert_eq!(page.sign_in("alice").await, first);
    page.sign_out().await;
    assert_ne!(page.sign_in("bob").await, first);
    page.finish(&[]).await;
}

#[tokio::test]
async fn somebody_signs_in_with_a_code_from_the_inbox() {
    let (_service, page) = playground().await;
    page.see("inbox-empty").await;
    let account = page.sign_in_by_sms("13800138000").await;
    page.exchanged("POST", "/v1/sms/codes", 200).await;
    page.exchanged("POST", "/v1/login/sms", 200).await;
    page.see_text("profile-phone", "138****8000").await;
    page.see_text("profile-wechat", "未关联").await;
    // The button of WeChat gives the same number: the same account, with both.
    page.sign_out().await;
    page.tap("login-phone-button").await;
    page.screen("profile").await;
    page.exchanged("POST", "/v1/login/wechat-phone", 200).await;
    assert_eq!(page.user().await, account);
    page.see_text("profile-wechat", "小程序").await;
    page.finish(&[]).await;
}

#[tokio::test]
async fn the_phone_button_gives_number_and_wechat_and_the_app_leads_to_the_same_account() {
    let (_service, page) = playground().await;
    page.tap("person-bob").await;
    page.tap("login-phone-button").await;
    page.screen("profile").await;
    page.exchanged("POST", "/v1/login/wechat-phone", 200).await;
    page.see_text("profile-phone", "138****8001").await;
    page.see_count("identity-row", 1).await;
    let account = page.user().await;
    page.sign_out().await;

    page.tap("client-app").await;
    page.see_no("login-phone-button").await;
    assert_eq!(page.sign_in("bob").await, account);
    page.exchanged("POST", "/v1/login/wechat-oauth", 200).await;
    page.see_count("identity-row", 2).await;
    page.sign_out().await;

    // Somebody whom WeChat has just met is somebody else.
    page.tap("client-mini-program").await;
    page.tap("person-new").await;
    page.see("person-dave[aria-pressed=\"true\"]").await;
    page.tap("login-phone-button").await;
    page.screen("profile").await;
    assert_ne!(page.user().await, account);
    page.finish(&[]).await;
}
