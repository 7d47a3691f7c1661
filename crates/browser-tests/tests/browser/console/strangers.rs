//! What strangers wrote, and what a key that may only look sees.

use serde_json::json;

use crate::support::Page;
use crate::support::console::{READ, WRITE, console};

const NAME: &str = "<img src=x onerror=hit()>";
const BIO: &str = "<script>hit()</script>";
const DEVICE: &str = "\"><svg onload=hit()>";
const AVATAR: &str = "https://pictures.example/a.png";

/// What would be there if a text had become markup: everything in the view that the
/// page itself never makes there.
const MARKUP: &str = "return document.querySelectorAll('.view img, .view script, .view iframe, .view [onload], .view [onerror], .view object').length";

async fn mallory(page: &Page) -> String {
    page.comes(json!({
        "person": "alice", "device": "<i>d1</i>", "device_name": DEVICE,
        "profile": { "nickname": NAME, "bio": BIO, "avatar_url": AVATAR },
    }))
    .await
}

#[tokio::test]
async fn what_strangers_wrote_stays_text() {
    let (_service, page) = console().await;
    page.ask("window.hit = () => { window.wasHit = true }", Vec::new())
        .await;
    let user = mallory(&page).await;
    page.unlock(WRITE).await;
    page.tap("place-find").await;
    page.write("find", &user).await;
    page.tap("find-go").await;
    page.see_text("user-nickname", NAME).await;
    page.tap("user-open").await;
    page.see_text("person-nickname", NAME).await;
    page.see_text("person-bio", BIO).await;
    page.see_text("device-name", DEVICE).await;
    page.see_text("person-devices", "<i>d1</i>").await;
    // Neither is the picture fetched: whoever chose it would learn who looks.
    page.see_text("person-profile", AVATAR).await;
    page.tap("act-disable").await;
    page.see_text("dialog-disable", NAME).await;
    page.tap("dialog-cancel").await;
    assert_eq!(page.ask(MARKUP, Vec::new()).await, 0);
    assert_eq!(
        page.ask("return window.wasHit === undefined", Vec::new())
            .await,
        true
    );
    // No text becomes markup by anybody's mistake either: the browser refuses.
    let refused = "try { document.querySelector('.view').innerHTML = '<p>'; return false } catch (error) { return error instanceof TypeError }";
    assert_eq!(page.ask(refused, Vec::new()).await, true);
    page.finish_but(&[], &["TrustedHTML"]).await;
}

#[tokio::test]
async fn a_key_that_may_look_meets_nothing_that_changes() {
    let (_service, page) = console().await;
    let user = page.comes_by_sms("13912340001", "phone").await;
    page.unlock(READ).await;
    page.see_text("holder-scope", "只读").await;
    page.person(&user).await;
    page.see_text("person-phone", "139****0001").await;
    page.see("device").await;
    for act in ["acts", "device-end", "devices-end-all", "person-sends"] {
        page.see_no(act).await;
    }
    page.tap("place-signing-keys").await;
    page.see("signing-key").await;
    page.see_no("key-drop").await;
    page.tap("place-test-numbers").await;
    page.see("no-test-numbers").await;
    page.see_no("number-make").await;
    let source = page.ask("return document.body.innerHTML", Vec::new()).await;
    assert!(!source.as_str().expect("a text").contains("13912340001"));
    page.finish(&[]).await;
}
