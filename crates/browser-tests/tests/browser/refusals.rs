//! What a person meets who is refused, and what is not there to be tapped.

use serde_json::Value;

use crate::support::{Page, playground};

#[tokio::test]
async fn refusals_are_told_and_what_is_not_served_is_not_there() {
    let (_service, page) = playground().await;
    refusals_tell_what_is_left_and_how_long_to_wait(&page).await;
    nothing_is_there_to_be_tapped_that_is_not_served(&page).await;
    let refused = [
        ("/v1/sms/codes", 400),
        ("/v1/sms/codes", 429),
        ("/v1/login/sms", 400),
    ];
    page.finish(&refused).await;
}

async fn refusals_tell_what_is_left_and_how_long_to_wait(page: &Page) {
    page.write("sms-phone", "12345").await;
    page.tap("sms-send").await;
    page.see("toast[data-code=\"invalid_phone\"]").await;
    page.tap("toast-close").await;

    page.write("sms-phone", "13512340001").await;
    page.tap("sms-send").await;
    page.see("sms-send:disabled").await;
    let message = "inbox-message[data-phone=\"+8613512340001\"]";
    let code = page.attribute(message, "data-code").await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    page.write("sms-code", wrong).await;
    page.tap("sms-login").await;
    page.see("toast[data-code=\"sms_code_incorrect\"]").await;
    page.see_text("toast", "还可以试 4 次").await;

    // Another phone asks for the same number, which is too soon.
    page.tap("device-b").await;
    page.write("sms-phone", "13512340001").await;
    page.tap("sms-send").await;
    page.see("toast[data-code=\"sms_too_frequent\"]").await;
    let wait = page.text("toast-retry-after").await;
    let moved = "return document.querySelector(arguments[0])?.textContent !== arguments[1]";
    let arguments = ["[data-testid=\"toast-retry-after\"]", &wait].map(Value::from);
    page.until("a countdown that counts", moved, &arguments)
        .await;
    page.see("sms-send:disabled").await;
}

/// Controls that need an operation which a version may not serve yet, and the
/// screen that they are on.
const CONTROLS: &[(&str, &str, &str, &str)] = &[
    ("profile", "nav-edit", "patch", "/v1/me"),
    ("profile", "nav-bind-phone", "post", "/v1/me/phone"),
    ("profile", "refresh-now", "post", "/v1/token/refresh"),
    (
        "profile",
        "unlink-wechat",
        "delete",
        "/v1/me/identities/{id}",
    ),
    ("profile", "decrypt-wechat", "post", "/v1/me/wechat/decrypt"),
    ("profile", "avatar-file", "post", "/v1/me/avatar"),
    ("account", "logout-this", "post", "/v1/logout"),
    ("account", "export", "get", "/v1/me/export"),
    ("account", "cancel-account", "delete", "/v1/me"),
];

async fn nothing_is_there_to_be_tapped_that_is_not_served(page: &Page) {
    let description = description(page).await;
    page.sign_in("alice").await;
    for (screen, control, method, path) in CONTROLS {
        page.tap(&format!("nav-{screen}")).await;
        page.screen(screen).await;
        let served = description["paths"][path].get(method).is_some();
        assert_eq!(page.count(control).await, usize::from(served), "{control}");
    }
}

async fn description(page: &Page) -> Value {
    let script = "return fetch('/openapi.json').then((answer) => answer.json())";
    page.ask(script, Vec::new()).await
}
