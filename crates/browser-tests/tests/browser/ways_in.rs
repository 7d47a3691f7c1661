//! Signing in by every way, and out again.

use crate::support::{Page, playground};

#[tokio::test]
async fn every_way_in_leads_to_ones_own_account() {
    let (_service, page) = playground().await;
    one_tap_finds_the_same_account_again(&page).await;
    a_code_from_the_inbox_and_the_phone_button_lead_to_one_account(&page).await;
    the_app_and_the_website_lead_to_the_account_of_the_mini_program(&page).await;
    somebody_new_is_somebody_else(&page).await;
    open_data_names_a_new_account(&page).await;
    page.finish(&[]).await;
}

async fn one_tap_finds_the_same_account_again(page: &Page) {
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
}

async fn a_code_from_the_inbox_and_the_phone_button_lead_to_one_account(page: &Page) {
    page.see("inbox-empty").await;
    let account = page.sign_in_by_sms("13800138001").await;
    page.exchanged("POST", "/v1/sms/codes", 200).await;
    page.exchanged("POST", "/v1/login/sms", 200).await;
    page.see_text("profile-phone", "138****8001").await;
    page.see_text("profile-wechat", "未关联").await;
    page.sign_out().await;
    // The number of Bob's WeChat is the one that got the code.
    page.tap("person-bob").await;
    page.tap("login-phone-button").await;
    page.screen("profile").await;
    page.exchanged("POST", "/v1/login/wechat-phone", 200).await;
    assert_eq!(page.user().await, account);
    page.see_count("identity-row", 1).await;
    page.see_text("profile-wechat", "小程序").await;
    page.sign_out().await;
}

async fn the_app_and_the_website_lead_to_the_account_of_the_mini_program(page: &Page) {
    let account = page.sign_in("bob").await;
    page.sign_out().await;
    page.tap("client-app").await;
    page.see_no("login-phone-button").await;
    assert_eq!(page.sign_in("bob").await, account);
    page.exchanged("POST", "/v1/login/wechat-oauth", 200).await;
    page.see_count("identity-row", 2).await;
    page.sign_out().await;
    page.tap("client-web").await;
    page.see_no("login-phone-button").await;
    page.see_no("login-wechat-profile").await;
    assert_eq!(page.sign_in("bob").await, account);
    page.see_count("identity-row", 3).await;
    page.sign_out().await;
    page.tap("client-mini-program").await;
}

async fn somebody_new_is_somebody_else(page: &Page) {
    let account = page.sign_in("bob").await;
    page.sign_out().await;
    page.tap("person-new").await;
    page.see("person-dave[aria-pressed=\"true\"]").await;
    page.tap("login-phone-button").await;
    page.screen("profile").await;
    assert_ne!(page.user().await, account);
    page.sign_out().await;
}

/// A new account takes the nickname of the open data that came with the code.
async fn open_data_names_a_new_account(page: &Page) {
    page.tap("person-new").await;
    page.see("person-erin[aria-pressed=\"true\"]").await;
    page.tap("login-wechat-profile").await;
    page.screen("profile").await;
    page.see_text("profile-nickname", "erin").await;
    page.sign_out().await;
}
