//! Trouble upstream, made and watched on the page.

use crate::support::{Page, playground_with};

const TWO_VENDORS: &[(&str, &str)] = &[
    ("sms.vendors", "[\"aliyun\", \"tencent\"]"),
    ("sms.resend_interval", "0s"),
];

#[tokio::test]
async fn the_second_vendor_carries_what_the_first_refuses_and_traffic_returns() {
    let (_service, page) = playground_with(TWO_VENDORS).await;
    page.tap("upstreams-toggle").await;
    page.see_text("upstreams-state", "一切正常").await;
    page.see("upstream[data-target=\"sms/tencent\"]").await;
    ask_for_a_code(&page, "13900000001").await;
    carried_by(&page, "13900000001", "aliyun").await;

    page.choose("fault-sms-aliyun", "refuse").await;
    page.see_text("upstreams-state", "1 处故障").await;
    page.see("upstream[data-target=\"sms/aliyun\"][data-trouble=\"refuse\"]")
        .await;
    ask_for_a_code(&page, "13900000002").await;
    carried_by(&page, "13900000002", "tencent").await;

    page.tap("faults-clear").await;
    page.see_text("upstreams-state", "一切正常").await;
    // Once the circuit of the first has been closed by a probe.
    page.see("upstream[data-target=\"sms/aliyun\"][data-circuit]:not([data-circuit=\"open\"])")
        .await;
    page.finish(&[]).await;
}

#[tokio::test]
async fn a_wechat_that_refuses_us_is_told_and_recovers() {
    let (_service, page) = playground_with(&[]).await;
    page.tap("upstreams-toggle").await;
    page.choose("fault-sns-jscode2session", "refuse").await;
    page.see("upstream[data-target=\"/sns/jscode2session\"][data-trouble=\"refuse\"]")
        .await;
    page.tap("login-wechat").await;
    page.see_text("toast-code", "wechat_misconfigured").await;
    page.exchanged("POST", "/v1/login/wechat", 502).await;
    page.choose("fault-sns-jscode2session", "well").await;
    page.see_text("upstreams-state", "一切正常").await;
    page.finish(&[("/v1/login/wechat", 502)]).await;
}

async fn ask_for_a_code(page: &Page, number: &str) {
    page.write("sms-phone", number).await;
    page.tap("sms-send").await;
}

async fn carried_by(page: &Page, number: &str, vendor: &str) {
    let message = format!("inbox-message[data-phone=\"+86{number}\"] vendor");
    page.see_text(&message, vendor).await;
}
