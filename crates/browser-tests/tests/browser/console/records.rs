//! Searching, the audit log over pages, messages.

use serde_json::json;

use crate::support::Page;
use crate::support::console::{READ, WRITE, console};

/// Looks often enough that the log has more than one page.
const LOOKS: &str = "return (async (key) => {
    for (let look = 0; look < 60; look += 1) await fetch('/admin/v1/key', { headers: { authorization: `Bearer ${key}` } });
    return true;
})(...arguments)";

#[tokio::test]
async fn people_are_found_by_any_of_their_names_and_records_go_on_over_pages() {
    let (_service, page) = console().await;
    let user = page.comes_by_wechat("alice", "phone").await;
    page.comes_by_sms("13912340001", "other").await;
    page.unlock(WRITE).await;
    people_are_found(&page, &user).await;
    the_log_goes_on(&page, &user).await;
    page.tap("place-sends").await;
    page.write("sends-phone", "13912340001").await;
    page.tap("sends-go").await;
    page.tap("send-open").await;
    page.see_text("send attempt", "阿里云").await;
    page.finish(&[]).await;
}

async fn people_are_found(page: &Page, user: &str) {
    page.person(user).await;
    let openid = page.text("identity-openid").await;
    let union_id = page.text("union-id-value").await;
    assert_ne!(openid, union_id);
    for name in [user, &openid, &union_id] {
        page.place("today").await;
        page.tap("place-find").await;
        page.write("find", name).await;
        page.tap("find-go").await;
        page.see(&format!("user-line[data-user=\"{user}\"]")).await;
    }
    page.write("find", "13999999999").await;
    page.tap("find-go").await;
    page.see("nobody").await;
    // What is none of them is not sent at all.
    let calls = page.calls().await;
    page.write("find", "<who?>").await;
    page.see_text("recognised", "无法识别").await;
    page.tap("find-go").await;
    assert_eq!(page.calls().await, calls);
}

async fn the_log_goes_on(page: &Page, user: &str) {
    assert_eq!(page.ask(LOOKS, vec![json!(READ)]).await, true);
    page.tap("place-audit").await;
    page.write("audit-actor", "web").await;
    page.write("audit-action", "admin.read").await;
    page.tap("audit-go").await;
    page.see_count("event[data-action=\"admin.read\"]", 50)
        .await;
    page.see_count("event", 50).await;
    page.tap("events-more").await;
    page.see_count("event", 60).await;
    page.see("events-end").await;
    // The conditions are in the address: going back brings them back.
    page.tap("place-today").await;
    page.browser.client.back().await.expect("a step back");
    page.see_count("event", 50).await;
    assert_eq!(page.value("audit-actor").await, "web");
    page.tap("audit-clear").await;
    page.write("audit-user_id", user).await;
    page.write("audit-action", "account.created").await;
    page.tap("audit-go").await;
    page.see_count("event", 1).await;
    page.tap("event[data-action=\"account.created\"] event-open")
        .await;
    page.see_text("event", user).await;
}
