//! What a key that may change does, each once.

use crate::support::Page;
use crate::support::console::{WRITE, console};

#[tokio::test]
async fn an_account_is_disabled_enabled_signed_out_and_loses_its_number() {
    let (_service, page) = console().await;
    let user = page.comes_by_button("bob", "old phone").await;
    page.unlock(WRITE).await;
    page.tap("place-find").await;
    page.write("find", "138 0013 8001").await;
    page.see_text("recognised", "手机号").await;
    page.tap("find-go").await;
    page.tap("user-open").await;
    page.see_text("person-phone", "+8613800138001").await;
    let address = page.ask("return location.href", Vec::new()).await;
    assert!(!address.as_str().expect("a text").contains("1380013"));
    sessions_end(&page, &user).await;

    // Without a reason nothing goes on.
    page.tap("act-disable").await;
    page.see("dialog-disable dialog-go:disabled").await;
    page.because("dialog-disable", "ticket 4711").await;
    page.see("person-status[data-value=\"disabled\"]").await;
    page.see_text("event[data-action=\"account.disabled\"]", "ticket 4711")
        .await;
    page.tap("act-enable").await;
    page.because("dialog-enable", "ticket 4712").await;
    page.see("person-status[data-value=\"active\"]").await;
    page.see("event[data-action=\"account.enabled\"]").await;

    page.tap("act-detach").await;
    page.because("dialog-detach_phone", "reissued").await;
    page.see_text("person-phone", "未绑定手机号").await;
    page.see("event[data-action=\"account.phone_removed\"]")
        .await;
    page.finish(&[]).await;
}

async fn sessions_end(page: &Page, user: &str) {
    page.see_count("device", 1).await;
    page.tap("device-end").await;
    page.see_text("dialog-end", "old phone").await;
    page.tap("dialog-go").await;
    page.see("no-devices").await;
    page.see("event[data-action=\"session.revoked\"]").await;

    page.comes_by_wechat("bob", "new phone").await;
    page.place("today").await;
    page.see("tile-logins").await;
    page.person(user).await;
    page.see_text("device-name", "new phone").await;
    page.tap("devices-end-all").await;
    page.see("dialog-end-all").await;
    page.tap("dialog-go").await;
    page.see("no-devices").await;
    page.see_count("event[data-action=\"session.revoked\"]", 2)
        .await;
}

#[tokio::test]
async fn the_last_way_in_goes_only_when_it_is_said() {
    let (_service, page) = console().await;
    let user = page.comes_by_sms("13912340001", "phone").await;
    page.unlock(WRITE).await;
    page.person(&user).await;
    page.tap("person-sends").await;
    page.see_count("send[data-verdict=\"accepted\"]", 1).await;
    page.tap("act-detach").await;
    page.write("dialog-reason", "reissued").await;
    page.tap("dialog-go").await;
    // Told in the dialog, which stays open for another try.
    page.see("dialog-detach_phone failure[data-code=\"last_identity\"]")
        .await;
    page.tap("dialog-even_the_last").await;
    page.tap("dialog-go").await;
    page.see_no("dialog-detach_phone").await;
    page.see_text("person-phone", "未绑定手机号").await;
    page.finish(&[("/detach-phone", 409)]).await;
}

#[tokio::test]
async fn two_accounts_become_one_once_both_are_named_and_an_end_is_typed() {
    let (_service, page) = console().await;
    let stays = page.comes_by_sms("13912340001", "one").await;
    let goes = page.comes_by_wechat("alice", "two").await;
    page.unlock(WRITE).await;
    page.person(&stays).await;
    page.tap("act-merge").await;
    assert_eq!(page.value("dialog-into").await, stays);
    page.write("dialog-from", &goes).await;
    page.because("dialog-merge", "one person").await;
    page.see_text("dialog-merge-proof", &goes).await;
    page.see("dialog-merge-proof dialog-go:disabled").await;
    // The end of the account that stays is the wrong one.
    page.write("dialog-typed", tail(&stays)).await;
    page.see("dialog-merge-proof dialog-go:disabled").await;
    page.write("dialog-typed", tail(&goes)).await;
    page.tap("dialog-go").await;
    page.see_no("dialog-merge-proof").await;
    page.see_count("identity", 1).await;
    page.see("event[data-action=\"account.merged\"]").await;
    page.person(&goes).await;
    page.see("person-status[data-value=\"merged\"]").await;
    page.tap("person-merged-into").await;
    page.see_text("person-id", &stays).await;
    page.finish(&[]).await;
}

fn tail(id: &str) -> &str {
    &id[id.len() - 6..]
}

#[tokio::test]
async fn a_signing_key_is_dropped_and_a_test_number_made_and_ended() {
    let (_service, page) = console().await;
    page.unlock(WRITE).await;
    page.tap("place-signing-keys").await;
    let signing = "signing-key[data-stage=\"signing\"]";
    let kid = page.attribute(signing, "data-kid").await;
    page.tap(&format!("{signing} key-drop")).await;
    page.see("dialog-drop-key dialog-go:disabled").await;
    page.write("dialog-typed", tail(&kid)).await;
    page.tap("dialog-go").await;
    page.see_no("dialog-drop-key").await;
    page.see_no(&format!("signing-key[data-kid=\"{kid}\"]"))
        .await;
    page.see(signing).await;

    page.tap("place-test-numbers").await;
    page.tap("number-make").await;
    page.write("dialog-phone", "13900000099").await;
    page.write("dialog-code", "12").await;
    page.tap("dialog-go").await;
    page.see("dialog-number failure[data-code=\"invalid_request\"]")
        .await;
    page.write("dialog-code", "246810").await;
    page.write("dialog-note", "store review").await;
    page.tap("dialog-go").await;
    page.see_text("test-number", "139****0099").await;
    page.see_text("test-number", "store review").await;
    page.tap("number-end").await;
    page.see_text("dialog-end-number", "139****0099").await;
    page.tap("dialog-go").await;
    page.see("no-test-numbers").await;
    page.finish(&[("/admin/v1/test-numbers", 400)]).await;
}

#[tokio::test]
async fn everybody_is_signed_out_once_a_word_is_typed_and_a_lost_answer_is_gone_on_from() {
    let (_service, page) = console().await;
    let people = [
        page.comes_by_wechat("alice", "one").await,
        page.comes_by_wechat("bob", "two").await,
    ];
    page.unlock(WRITE).await;
    page.tap("place-signing-keys").await;
    page.tap("everybody-end").await;
    page.write("dialog-reason", "ticket 4713").await;
    page.write("dialog-typed", "everyone").await;
    page.see("dialog-everybody dialog-go:disabled").await;
    page.write("dialog-typed", "everybody").await;
    // As with more accounts than one part holds, and a line that is cut after the first.
    page.ask(LONGER, Vec::new()).await;
    page.tap("dialog-go").await;
    page.see("dialog-everybody failure[data-code=\"network\"]")
        .await;
    page.tap("dialog-go").await;
    page.see_no("dialog-everybody").await;
    page.see_text("toast", "已结束 9 个会话").await;
    let cursors = page.ask("return window.cursors", Vec::new()).await;
    assert_eq!(cursors, serde_json::json!([null, "next", "next"]));
    for user in people {
        page.person(&user).await;
        page.see("no-devices").await;
    }
    page.tap("place-audit").await;
    page.see_count("event[data-action=\"session.revoked\"]", 2)
        .await;
    page.see_text("event[data-action=\"session.revoked\"]", "ticket 4713")
        .await;
    page.finish(&[]).await;
}

/// Seven sessions end in a first part that the page is told of, and nobody is reached
/// once after it.
const LONGER: &str = "
    const real = window.fetch;
    window.cursors = [];
    window.fetch = async (path, options) => {
        if (!String(path).endsWith('/sessions/end')) return real(path, options);
        const { cursor, ...asked } = JSON.parse(options.body);
        window.cursors.push(cursor ?? null);
        const made = (count, next_cursor) => new Response(JSON.stringify({ data: { count, next_cursor } }), { status: 200 });
        if (window.cursors.length === 1) return made(7, 'next');
        if (window.cursors.length === 2) throw new TypeError('gone');
        return real(path, { ...options, body: JSON.stringify(asked) });
    };";
