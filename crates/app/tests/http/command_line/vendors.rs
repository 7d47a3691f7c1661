//! What vendors need of the settings.

use super::{production, production_refuses, refused, run};
use crate::support::said;

/// A production that sends through Alibaba Cloud.
fn with_aliyun<'s>(more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
    let mut all = production(&[
        ("sms.vendors", "[\"aliyun\"]"),
        ("sms.aliyun.access_key_id", "id"),
        ("sms.aliyun.access_key_secret", "secret"),
        ("sms.aliyun.sign_name", "sign"),
    ]);
    all.extend(more);
    all
}

#[test]
fn production_refuses_vendors_without_what_they_need() {
    production_refuses(&[
        (
            "sms.vendors",
            "[\"tencent\"]",
            "sms.tencent.sdk_app_id: must be set while sms.vendors names tencent",
        ),
        (
            "sms.vendors",
            "[\"huawei\"]",
            "sms.huawei.template_id: must be set while sms.vendors names huawei",
        ),
        (
            "sms.vendors",
            "[\"volcengine\"]",
            "sms.volcengine.secret_access_key: must be set while",
        ),
        (
            "sms.vendors",
            "[\"twilio\"]",
            "sms.twilio.from: must be set while sms.vendors names twilio",
        ),
        (
            "sms.huawei.auth",
            "basic",
            "sms.huawei.auth: write sdk_hmac or wsse",
        ),
        (
            "sms.twilio.text",
            "your code",
            "sms.twilio.text: the text lacks {code}",
        ),
        ("sms.weights.webhook", "0", "sms.weights.webhook: write"),
        (
            "sms.weights.aliyun",
            "1",
            "sms.weights.aliyun: is the weight of a vendor that sms.vendors does not name",
        ),
        (
            "sms.templates",
            "[{ vendor = \"aliyun\" }]",
            "sms.templates: entry 1: lacks template",
        ),
    ]);
}

#[test]
fn templates_must_be_unmistakable_and_serve_every_region() {
    let overseas = r#"[{ vendor = "aliyun", template = "SMS_2", region = "overseas" }]"#;
    let usual = ("sms.aliyun.template_code", "SMS_1");
    for (more, sentence) in [
        (
            vec![
                usual,
                (
                    "sms.templates",
                    r#"[{ vendor = "aliyun", template = "SMS_2" }]"#,
                ),
            ],
            "sms.templates: aliyun: two templates are meant for the same messages (all purposes, all regions)",
        ),
        (
            vec![usual, ("sms.regions", "[\"CN\", \"US\", \"CA\"]")],
            "sms.vendors: aliyun cannot be told +1 numbers apart from mainland ones, and sms.regions has US, CA: add another vendor",
        ),
        (
            vec![("sms.templates", overseas)],
            "sms.templates: no vendor of sms.vendors has a template for mainland numbers",
        ),
        (vec![], "sms.aliyun.template_code: must be set while"),
    ] {
        let output = run(&with_aliyun(&more), &["config", "check"]);
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        let err = refused(&output);
        assert!(err.contains(sentence), "{more:?}: {err}");
    }
    for more in [
        vec![usual, ("sms.templates", overseas)],
        vec![("sms.templates", overseas), ("sms.regions", "[\"HK\"]")],
    ] {
        let output = run(&with_aliyun(&more), &["config", "check"]);
        assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    }
}
