//! What receivers of events did not take, and having it delivered again.

use crate::support::console::{WITH_A_RECEIVER, WRITE};
use crate::support::{Page, Service};

#[tokio::test]
async fn what_waits_for_a_receiver_is_seen_and_delivered_again() {
    let service = Service::start(WITH_A_RECEIVER).await;
    let page = Page::open(&service, "/console").await;
    page.see("gate").await;
    let user = page.comes_by_wechat("alice", "phone").await;
    page.unlock(WRITE).await;
    page.tap("place-webhooks").await;
    let receiver = "receiver[data-name=\"crm\"]";
    page.see(receiver).await;
    // Handed over within a second or two; looking again is a request and an answer.
    let mut looks = 0;
    while page.text("receiver-pending").await != "3" {
        looks += 1;
        assert!(looks < 500, "nothing is handed over");
        page.tap("deliveries-again").await;
        page.see(receiver).await;
    }
    page.see_count("delivery[data-state=\"pending\"]", 3).await;
    page.see_text("delivery", &user).await;
    page.tap("deliveries-dead").await;
    page.see("deliveries-none").await;
    page.tap("deliveries-pending").await;
    page.see_count("delivery", 3).await;
    page.tap("delivery-replay").await;
    page.see("dialog-replay").await;
    page.tap("dialog-go").await;
    page.see_text("toast", "已重新投递 1 件").await;
    page.tap("place-audit").await;
    page.see("event[data-action=\"webhooks.replayed\"]").await;
    page.tap("lang-toggle").await;
    page.tap("place-webhooks").await;
    page.see_text("receiver", "Waiting").await;
    page.finish(&[]).await;
}
