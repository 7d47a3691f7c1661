//! A delivery receipt: a line with the vendor's name, lines of headers, an empty
//! line, the body. `twilio-signed` gets the right signature.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use menshen_domain::ports::receipt_reader::{BadReceipt, ReceiptPush, ReceiptReader};
use menshen_outbound::Url;
use menshen_sms::aliyun::AliyunReceipts;
use menshen_sms::huawei::{HuaweiPushKey, HuaweiReceipts};
use menshen_sms::tencent::TencentReceipts;
use menshen_sms::twilio::TwilioReceipts;
use menshen_sms::volcengine::VolcengineReceipts;

use crate::input;

const URL: &str = "https://login.example.com/v1/sms/receipts/twilio/s";
const TOKEN: &str = "fake-twilio-auth-token-public-01";

/// A receipt that is taken names its message by a plain word and no time that cannot
/// be; unsigned pushes of those who sign are refused.
pub(crate) fn run(data: &[u8]) {
    let Some((vendor, rest)) = input::line(data) else {
        return;
    };
    let (headers, body) = input::headers(rest);
    let (name, mut headers) = match vendor.strip_suffix("-signed") {
        Some(name) => (name, Vec::new()),
        None => (vendor, headers),
    };
    let signature = signature(body);
    let signed = name != vendor;
    if signed {
        headers.push(("x-twilio-signature", &signature));
    }
    let Some(reader) = reader(name) else {
        return;
    };
    let push = ReceiptPush {
        url: Some(URL),
        headers: &headers,
        body,
        received_at: input::now(),
    };
    let read = reader.read(&push);
    if name == "twilio" && headers.is_empty() || name == "huawei-keyed" && headers.is_empty() {
        assert_eq!(read, Err(BadReceipt::Forged));
    }
    if signed && name == "twilio" {
        assert_ne!(read, Err(BadReceipt::Forged));
    }
    for receipt in read.into_iter().flatten() {
        let words = [Some(&receipt.message_id), receipt.code.as_ref()];
        for word in words.into_iter().flatten() {
            assert!((1..=64).contains(&word.len()), "{word}");
            assert!(word.bytes().all(|b| b.is_ascii_graphic()), "{word}");
        }
        let age = input::now() - receipt.reported_at;
        assert!(age.num_days().abs() <= 31, "{}", receipt.reported_at);
    }
}

fn reader(name: &str) -> Option<Box<dyn ReceiptReader>> {
    let key = || HuaweiPushKey {
        key: "k".to_owned(),
        secret: "fake-huawei-push-secret".into(),
    };
    Some(match name {
        "aliyun" => Box::new(AliyunReceipts),
        "tencent" => Box::new(TencentReceipts),
        "huawei" => Box::new(HuaweiReceipts::default()),
        "huawei-keyed" => Box::new(HuaweiReceipts {
            push_key: Some(key()),
        }),
        "twilio" => Box::new(TwilioReceipts {
            auth_token: TOKEN.into(),
        }),
        "volcengine" => Box::new(VolcengineReceipts),
        _ => return None,
    })
}

/// Twilio's signature of a form: the address, and the members by name.
fn signature(body: &[u8]) -> String {
    let mut address = Url::parse("https://form.example").expect("an address");
    // Form encoding is that of a query; what is not UTF-8 is replaced alike.
    address.set_query(Some(&form(body)));
    let mut members: Vec<_> = address.query_pairs().into_owned().collect();
    members.sort_unstable();
    let text = members
        .iter()
        .fold(URL.to_owned(), |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

/// The body, with what an address may not hold encoded.
fn form(body: &[u8]) -> String {
    let encoded = body.iter().map(|byte| match byte {
        b'=' | b'&' | b'+' | b'%' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}
