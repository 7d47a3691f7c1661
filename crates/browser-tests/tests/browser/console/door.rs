//! The key: how it opens the console, where it is, and what takes it away.

use serde_json::json;

use crate::support::Page;
use crate::support::console::{READ, WITHOUT_WRITE, WRITE, console};

/// Whatever the page could keep a key in, and the whole page with its fields.
const KEPT: &str = "
    const fields = [...document.querySelectorAll('input')].map((field) => field.value);
    return [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie, location.href,
        JSON.stringify(history.state), document.documentElement.outerHTML, ...fields].join('\\n')";

#[tokio::test]
async fn the_key_opens_the_console_and_is_kept_nowhere() {
    let (_service, page) = console().await;
    page.write("key", "mak_wrong").await;
    page.tap("unlock").await;
    page.see("failure[data-code=\"admin_key_invalid\"]").await;
    assert_eq!(page.text("failure-request").await.len(), 32);
    page.see_no("page-today").await;

    page.unlock(WRITE).await;
    page.see_text("holder-name", "ops.alice").await;
    page.see_text("tile-logins-value", "0").await;
    nothing_holds_the_key(&page).await;

    // Locked, nothing of what was shown is left; opened, it is the same place.
    let user = page.comes_by_wechat("alice", "phone").await;
    page.person(&user).await;
    page.tap("lock").await;
    page.see("why-locked[data-why=\"asked\"]").await;
    assert!(!kept(&page).await.contains("person-head"));
    page.write("key", WRITE).await;
    page.tap("unlock").await;
    page.see_text("person-id", &user).await;

    page.reload().await;
    page.see("gate").await;
    page.see_no("person-id").await;
    nothing_holds_the_key(&page).await;
    page.finish(&[("/admin/v1/key", 401)]).await;
}

async fn kept(page: &Page) -> String {
    let kept = page.ask(KEPT, Vec::new()).await;
    kept.as_str().expect("a text").to_owned()
}

async fn nothing_holds_the_key(page: &Page) {
    let kept = kept(page).await;
    assert!(kept.contains("/console"), "the page was looked at");
    assert!(!kept.contains(&WRITE[4..20]), "the key is kept: {kept}");
}

#[tokio::test]
async fn time_and_a_key_that_is_taken_back_lock_it() {
    let (mut service, page) = console().await;
    page.unlock(WRITE).await;
    // A quarter of an hour later by the clock of the page.
    let later = "const now = Date.now; Date.now = () => now() + arguments[0]";
    page.ask(later, vec![json!(14 * 60_000)]).await;
    page.tap("refresh").await;
    page.see_no("day[aria-busy]").await;
    page.see("tile-logins").await;
    page.ask(later, vec![json!(15 * 60_000)]).await;
    page.see("why-locked[data-why=\"idle\"]").await;
    page.see_no("tile-logins").await;

    page.unlock(WRITE).await;
    page.see("tile-logins").await;
    service.restart_with(WITHOUT_WRITE).await;
    page.tap("refresh").await;
    page.see("why-locked[data-why=\"refused\"]").await;
    page.see_no("tile-logins").await;
    page.finish_but(&[], &["status of 401"]).await;
}

#[tokio::test]
async fn a_service_that_is_away_or_wants_to_be_left_alone_is_told_of() {
    let (mut service, page) = console().await;
    page.unlock(READ).await;
    page.see("tile-logins").await;
    service.stop();
    page.tap("refresh").await;
    page.see("failure[data-code=\"network\"]").await;
    page.see_text("failure-message", "无法连接服务").await;
    service.restart().await;
    page.tap("failure-again").await;
    page.see("tile-logins").await;
    page.tap("lock").await;

    for wrong in ["mak_one", "mak_two", "mak_three"] {
        page.write("key", wrong).await;
        page.tap("unlock").await;
        page.see_no("unlock:disabled").await;
        page.see("failure[data-code=\"admin_key_invalid\"]").await;
    }
    page.write("key", READ).await;
    page.tap("unlock").await;
    page.see("failure[data-code=\"rate_limited\"]").await;
    page.see_text("failure-wait", "秒后可重试").await;
    // Until then the page asks no more.
    let calls = page.calls().await;
    page.tap("unlock").await;
    page.see("failure[data-code=\"rate_limited\"]").await;
    assert_eq!(page.calls().await, calls);
    let refused = [("/admin/v1/key", 401), ("/admin/v1/key", 429)];
    page.finish_but(&refused, &["net::ERR_"]).await;
}
