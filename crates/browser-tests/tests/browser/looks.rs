//! Languages, colours and small screens.

use serde_json::{Value, json};

use crate::support::{Page, playground};

const BACKGROUND: &str = "return getComputedStyle(document.body).backgroundColor";

#[tokio::test]
async fn the_page_reads_well_in_both_languages_day_and_night_and_on_a_phone() {
    let (_service, page) = playground().await;
    it_speaks_chinese_and_english(&page).await;
    it_follows_the_system_into_the_dark(&page).await;
    nothing_is_cut_off_on_the_width_of_a_phone(&page).await;
    page.finish(&[]).await;
}

async fn it_speaks_chinese_and_english(page: &Page) {
    let title = "return document.title";
    assert_eq!(page.ask(title, vec![]).await, "门神 · 登录演练场");
    page.tap("lang-toggle").await;
    assert_eq!(page.ask(title, vec![]).await, "Menshen · Login playground");
    assert_eq!(
        page.ask("return document.documentElement.lang", vec![])
            .await,
        "en"
    );
    page.see_text("login-wechat", "Continue with WeChat").await;
    // The service answers in the same language.
    page.sign_in("alice").await;
    page.see_text("toast-message", "Signed in").await;
    // The choice is kept, and the page of the API knows it too.
    page.reload().await;
    page.see_text("refresh-now", "Refresh").await;
    page.tap("lang-toggle").await;
    page.see_text("refresh-now", "立即刷新").await;
    page.sign_out().await;
}

async fn it_follows_the_system_into_the_dark(page: &Page) {
    page.scheme("light").await;
    let light = page.ask(BACKGROUND, vec![]).await;
    page.scheme("dark").await;
    let dark = page.ask(BACKGROUND, vec![]).await;
    assert_ne!(light, dark);
}

/// Every box that is wider inside than outside, and every button or field that
/// leaves the window.
const TOO_WIDE: &str = "
    const wide = [...document.querySelectorAll('html, body, .masthead, .pane, .hand, .phone, .view, .screen, .gate-card, .inbox, .exchanges, .exchange, .exchange-body')]
        .filter((node) => node.clientWidth && node.scrollWidth > node.clientWidth)
        .map((node) => `${node.tagName}.${node.className} holds ${node.scrollWidth} in ${node.clientWidth}`);
    const outside = [...document.querySelectorAll('button, a, input, textarea, h1, h2, h3')]
        .map((node) => [node, node.getBoundingClientRect()])
        .filter(([node, box]) => box.width > 1 && (box.left < 0 || box.right > innerWidth) && !node.closest('.sr-only'))
        .map(([node, box]) => `${node.tagName} ${node.dataset.testid ?? node.textContent} from ${box.left} to ${box.right}`);
    return [...wide, ...outside];";

async fn fits(page: &Page, what: &str) {
    let too_wide = page.ask(TOO_WIDE, vec![]).await;
    assert_eq!(too_wide, json!([]), "{what}");
}

async fn screens_fit(page: &Page, language: &str) {
    for screen in ["profile", "devices", "account"] {
        page.tap(&format!("nav-{screen}")).await;
        page.screen(screen).await;
        fits(page, &format!("{screen} in {language}")).await;
    }
    for (tap, screen) in [("nav-edit", "edit"), ("nav-bind-phone", "bind-phone")] {
        page.tap("nav-profile").await;
        page.tap(tap).await;
        page.screen(screen).await;
        fits(page, &format!("{screen} in {language}")).await;
    }
    for pane in ["inbox", "exchanges"] {
        page.tap(&format!("pane-{pane}")).await;
        fits(page, &format!("{pane} in {language}")).await;
    }
    page.tap("pane-phone").await;
    page.tap("nav-profile").await;
}

async fn nothing_is_cut_off_on_the_width_of_a_phone(page: &Page) {
    page.size(390, 844).await;
    let narrow: Value = page.ask("return innerWidth", vec![]).await;
    assert_eq!(narrow, 390);
    for language in ["Chinese", "English"] {
        fits(page, &format!("the gate in {language}")).await;
        page.tap("lang-toggle").await;
    }
    page.write("sms-phone", "13412340001").await;
    page.tap("sms-send").await;
    // The code is filled in from the other pane, which gives way to the phone.
    page.see("sms-send:disabled").await;
    page.tap("pane-inbox").await;
    page.fill_in_code("sms-code", "13412340001").await;
    page.tap("sms-login").await;
    page.screen("profile").await;
    for language in ["Chinese", "English"] {
        screens_fit(page, language).await;
        page.tap("lang-toggle").await;
    }
}
