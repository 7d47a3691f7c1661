//! Languages, colours, small screens, ears and keyboards.

use serde_json::json;

use crate::support::Page;
use crate::support::console::{WRITE, console};

const BACKGROUND: &str = "return getComputedStyle(document.body).backgroundColor";
const WORDS: &str = "return (async () => {
    const all = {};
    for (const file of ['zh', 'en']) all[file] = Object.entries((await import(`/console/locales/${file}.js`)).default);
    const keys = (file) => all[file].map(([key]) => key).sort();
    const holes = (file) => all[file].map(([key, text]) => [key, ...[...text.matchAll(/\\{\\w+\\}/g)].map(String).sort()].join()).sort();
    const empty = [...all.zh, ...all.en].filter(([, text]) => !text.trim());
    return JSON.stringify(keys('zh')) === JSON.stringify(keys('en')) && JSON.stringify(holes('zh')) === JSON.stringify(holes('en'))
        && empty.length === 0 && keys('zh').length > 200;
})()";

/// Whatever leaves the window, or is wider inside than outside.
const TOO_WIDE: &str = "
    const wide = [...document.querySelectorAll('html, body, .masthead, .places, .view, .card, .row, .chart, .tile, .filters, .dialog, .gate')]
        .filter((node) => node.clientWidth && node.scrollWidth > node.clientWidth + 1)
        .map((node) => `${node.tagName}.${node.className} holds ${node.scrollWidth} in ${node.clientWidth}`);
    const outside = [...document.querySelectorAll('button, a, input, h1, h2, h3, dd, code')]
        .map((node) => [node, node.getBoundingClientRect()])
        .filter(([node, box]) => box.width > 1 && (box.left < 0 || box.right > innerWidth + 1) && !node.closest('.sr-only, .chart-scroll'))
        .map(([node, box]) => `${node.tagName} ${node.dataset.testid ?? node.textContent} from ${box.left} to ${box.right}`);
    return [...wide, ...outside];";

#[tokio::test]
async fn it_reads_well_in_both_languages_day_and_night_and_on_a_phone() {
    let (_service, page) = console().await;
    let user = page
        .comes_by_sms("13912340001", "a phone with a rather long name of its own")
        .await;
    assert_eq!(page.ask(WORDS, Vec::new()).await, true);
    page.size(360, 780).await;
    for language in ["Chinese", "English"] {
        fits(&page, &format!("the gate in {language}")).await;
        page.tap("lang-toggle").await;
    }
    page.unlock(WRITE).await;
    for (width, height) in [(360, 780), (1440, 900)] {
        page.size(width, height).await;
        for title in ["Menshen · Console", "门神 · 控制台"] {
            page.tap("lang-toggle").await;
            page.until(
                "its title",
                "return document.title === arguments[0]",
                &[title.into()],
            )
            .await;
            every_view_fits(&page, &user, title).await;
        }
    }
    page.scheme("light").await;
    let light = page.ask(BACKGROUND, Vec::new()).await;
    page.scheme("dark").await;
    assert_ne!(page.ask(BACKGROUND, Vec::new()).await, light);
    page.finish(&[]).await;
}

async fn fits(page: &Page, what: &str) {
    let too_wide = page.ask(TOO_WIDE, Vec::new()).await;
    assert_eq!(too_wide, json!([]), "{what}");
}

async fn every_view_fits(page: &Page, user: &str, language: &str) {
    page.tap("place-today").await;
    page.see("tile-logins").await;
    fits(page, &format!("today in {language}")).await;
    page.tap("place-find").await;
    page.write("find", user).await;
    page.tap("find-go").await;
    page.see("user-line").await;
    fits(page, &format!("find in {language}")).await;
    page.tap("user-open").await;
    page.see("device").await;
    fits(page, &format!("a person in {language}")).await;
    page.tap("act-detach").await;
    page.see("dialog-detach_phone").await;
    fits(page, &format!("a dialog in {language}")).await;
    page.tap("dialog-cancel").await;
    page.see_no("dialog-detach_phone").await;
    for (place, there) in [
        ("audit", "event"),
        ("signing-keys", "signing-key"),
        ("test-numbers", "no-test-numbers"),
        ("webhooks", "no-receivers"),
        ("sends", "sends-phone"),
    ] {
        page.tap(&format!("place-{place}")).await;
        page.see(there).await;
        fits(page, &format!("{place} in {language}")).await;
    }
}

#[tokio::test]
async fn the_day_can_be_heard_and_walked_with_the_keyboard() {
    let (_service, page) = console().await;
    page.comes_by_wechat("alice", "one").await;
    page.comes_by_sms("13912340001", "two").await;
    // By the keyboard alone.
    page.write("key", WRITE).await;
    page.press("key", "\u{e007}").await;
    page.see_text("tile-logins-value", "2").await;
    page.see_text("tile-new_users-value", "2").await;
    page.see_text("tile-sent-value", "1").await;
    page.see_text("chart-logins", "小程序 1").await;
    page.see_text("chart-logins", "短信验证码 1").await;
    page.see("spend-row[data-name=\"aliyun\"]").await;

    // A picture has a name and a description, and is there as a table, too.
    let named = "return [...document.querySelectorAll('.chart-picture')].every((picture) => picture.getAttribute('role') === 'img'
        && picture.getAttribute('aria-labelledby').split(' ').every((id) => document.getElementById(id)?.textContent))
        && document.querySelectorAll('.chart-picture').length === 3";
    page.until("pictures with names", named, &[]).await;
    let hour = "return new Date().getHours()";
    let hour = page.ask(hour, Vec::new()).await.as_u64().expect("an hour");
    let arrows = "
        const picture = document.querySelector('[data-testid=\"chart-logins\"] svg');
        picture.focus();
        for (let hour = 0; hour <= arguments[0]; hour += 1) picture.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        return document.activeElement === picture";
    assert_eq!(page.ask(arrows, vec![hour.into()]).await, true);
    page.see_text("chart-logins-readout", &format!("{hour:02}:00"))
        .await;
    let rows = "return document.querySelectorAll('[data-testid=\"chart-logins\"] tbody tr').length";
    assert_eq!(page.ask(rows, Vec::new()).await, 24);
    let untitled = "return [...document.querySelectorAll('button, a, input')].filter((node) => node.offsetParent && !(node.textContent.trim() || node.getAttribute('aria-label') || node.labels?.length)).length";
    assert_eq!(page.ask(untitled, Vec::new()).await, 0);

    page.tap("day-before").await;
    page.see("day-after").await;
    page.see_text("tile-logins-value", "0").await;
    page.finish(&[]).await;
}
