//! A captcha that is asked for, and its stand-in in the phone.

use crate::support::{Page, playground_with};

#[tokio::test]
async fn a_person_who_ticks_the_box_gets_the_code() {
    let given = &[
        ("sms.captcha.vendor", "turnstile"),
        ("sms.captcha.always", "true"),
    ];
    let (_service, page) = playground_with(given).await;
    signs_in_past_the_captcha(&page).await;
    page.finish(&[("/v1/sms/codes", 403)]).await;
}

async fn signs_in_past_the_captcha(page: &Page) {
    page.write("sms-phone", "13512340077").await;
    page.tap("sms-send").await;
    page.see("toast[data-code=\"captcha_required\"]").await;
    page.tap("toast-close").await;
    page.tap("captcha-tick").await;
    page.see("sms-send:disabled").await;
    let message = "inbox-message[data-phone=\"+8613512340077\"]";
    let code = page.attribute(message, "data-code").await;
    page.write("sms-code", &code).await;
    page.tap("sms-login").await;
    page.screen("profile").await;
}
