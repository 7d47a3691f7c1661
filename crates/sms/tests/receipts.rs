//! Receipts as the vendors push them, and as nobody should.

#![expect(
    clippy::unwrap_used,
    reason = "a receipt that cannot be read fails the test"
)]

use chrono::{DateTime, Utc};
use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_reader::{BadReceipt, ReceiptPush, ReceiptReader};
use menshen_sms::aliyun::AliyunReceipts;
use menshen_sms::huawei::HuaweiReceipts;
use menshen_sms::tencent::TencentReceipts;
use menshen_sms::twilio::TwilioReceipts;
use menshen_sms::volcengine::VolcengineReceipts;
use proptest::prelude::*;

const SEND: &str = "01936c5e-0000-7000-8000-000000000001";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_610, 0).unwrap()
}

fn read(reader: &dyn ReceiptReader, body: &str) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
    reader.read(&ReceiptPush {
        url: None,
        headers: &[],
        body: body.as_bytes(),
        received_at: now(),
    })
}

/// Id, whether our own id came back, number, whether it arrived, code, segments,
/// and the time in seconds before it came.
fn told(receipt: &DeliveryReceipt) -> String {
    format!(
        "{} {} {} {} {} {} {}s",
        receipt.message_id,
        receipt.send.is_some(),
        receipt.phone.as_ref().map_or("-", |phone| phone.as_e164()),
        receipt.delivered,
        receipt.code.as_deref().unwrap_or("-"),
        receipt
            .segments
            .map_or("-".to_owned(), |count| count.to_string()),
        (now() - receipt.reported_at).num_seconds(),
    )
}

fn all(reader: &dyn ReceiptReader, body: &str) -> Vec<String> {
    read(reader, body).unwrap().iter().map(told).collect()
}

#[test]
fn alibabas_come_several_at_once() {
    let body = format!(
        r#"[{{"phone_number":"13800138000","send_time":"2026-01-01 08:00:00","report_time":"2026-01-01 08:00:03","success":true,"err_code":"DELIVERED","err_msg":"ok","sms_size":"1","biz_id":"900000000000000001^0","out_id":"{SEND}"}},
            {{"phone_number":"13800138001","report_time":"soon","success":false,"err_code":"MOBILE_NOT_ON_SERVICE","sms_size":2,"biz_id":"900000000000000002^0","new":[]}},
            {{"phone_number":"13800138002"}}]"#
    );
    assert_eq!(
        all(&AliyunReceipts, &body),
        [
            "900000000000000001^0 true +8613800138000 true DELIVERED 1 7s",
            "900000000000000002^0 false +8613800138001 false MOBILE_NOT_ON_SERVICE 2 0s",
        ]
    );
    let overseas = r#"[{"To":"85251234567","Status":1,"MessageId":"1234","SmsSize":"1","TaskId":"t","SendDate":"Thu, 01 Jan 2026 08:00:00 +0800","ReceiveDate":"Thu, 01 Jan 2026 08:00:05 +0800","ErrorCode":"DELIVERED"},{"To":"85251234567","Status":"2","MessageId":"1235","ErrorCode":"NO_ROUTE"}]"#;
    assert_eq!(
        all(&AliyunReceipts, overseas),
        [
            "1234 false +85251234567 true DELIVERED 1 5s",
            "1235 false +85251234567 false NO_ROUTE - 0s",
        ]
    );
    assert_eq!(
        AliyunReceipts.acknowledge().body,
        r#"{"code":0,"msg":"OK"}"#
    );
}

#[test]
fn tencents_split_the_number() {
    let body = format!(
        r#"[{{"user_receive_time":"2026-01-01 08:00:03","nationcode":"86","mobile":"13800138000","report_status":"SUCCESS","errmsg":"DELIVRD","description":"d","sid":"1000:1700000000000000000000001","ext":"{SEND}"}},{{"nationcode":"852","mobile":"51234567","report_status":"FAIL","errmsg":"UNDELIV","sid":"1000:2"}}]"#
    );
    assert_eq!(
        all(&TencentReceipts, &body),
        [
            "1000:1700000000000000000000001 true +8613800138000 true DELIVRD - 7s",
            "1000:2 false +85251234567 false UNDELIV - 0s",
        ]
    );
    let answer = TencentReceipts.acknowledge();
    assert_eq!(answer.body, r#"{"result":0,"errmsg":"OK"}"#);
}

#[test]
fn huaweis_are_a_form_or_a_list() {
    let reader = HuaweiReceipts::default();
    let form = "smsMsgId=a-1_1&status=DELIVRD&source=2&total=1&sequence=1&updateTime=2026-01-01T00%3a00%3a03Z&to=%2B8613800138000&orgCode=0";
    assert_eq!(
        all(&reader, form),
        ["a-1_1 false +8613800138000 true DELIVRD 1 7s"]
    );
    let list = r#"{"statusReportList":[{"smsMsgId":"a-1_1","status":"BLACK","total":"2"},{"smsMsgId":"a-2_1","status":"ACCEPTD"}]}"#;
    assert_eq!(all(&reader, list), ["a-1_1 false - false BLACK 2 0s"]);
    // A step on the way is a receipt of nothing yet.
    let step = "smsMsgId=a-1_1&status=ACCEPTD";
    assert!(all(&reader, step).is_empty());
}

#[test]
fn volcengines_tell_milliseconds() {
    let body = format!(
        r#"[{{"account":"a","status_code":"0","mobile":"13800138000","channel_type":"CN_OTP","message_id":"m-1","msg_count":1,"ext":"{SEND}","send_time":1767225600000,"recv_time":1767225603000}},{{"status_code":5001,"mobile":"+85251234567","message_id":"m-2","recv_time":"x"}}]"#
    );
    assert_eq!(
        all(&VolcengineReceipts, &body),
        [
            "m-1 true +8613800138000 true 0 1 7s",
            "m-2 false +85251234567 false 5001 - 0s",
        ]
    );
}

#[test]
fn what_is_no_receipt_is_refused() {
    let json: [&dyn ReceiptReader; 3] = [&AliyunReceipts, &TencentReceipts, &VolcengineReceipts];
    for reader in json {
        for body in ["", "x", "1", "null", "[1]", "[{}]", r#"{"a":1}"#, "[{},"] {
            let refused = Err(BadReceipt::Malformed);
            assert_eq!(read(reader, body), refused, "{} {body}", reader.vendor());
        }
        assert_eq!(read(reader, "[]"), Ok(Vec::new()));
    }
    for body in ["", "x", "{}", "[]", "status=DELIVRD"] {
        let refused = read(&HuaweiReceipts::default(), body);
        assert_eq!(refused, Err(BadReceipt::Malformed), "{body}");
    }
}

#[test]
fn an_id_that_is_no_word_reaches_no_record() {
    let long = "9".repeat(65);
    for id in ["a b", "号码", "line\nbreak", "", &long] {
        let body = serde_json::json!([{"biz_id": id, "success": true}]).to_string();
        assert_eq!(read(&AliyunReceipts, &body), Err(BadReceipt::Malformed));
    }
}

fn every_reader() -> [Box<dyn ReceiptReader>; 5] {
    [
        Box::new(AliyunReceipts),
        Box::new(TencentReceipts),
        Box::new(HuaweiReceipts::default()),
        Box::new(VolcengineReceipts),
        Box::new(TwilioReceipts {
            auth_token: "token".into(),
        }),
    ]
}

proptest! {
    /// Whatever comes, a reader answers, and brings no more than came.
    #[test]
    fn no_bytes_make_a_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        for reader in every_reader() {
            let push = ReceiptPush {
                url: Some("https://login.example.com/x"),
                headers: &[("x-twilio-signature", "AAAA"), ("authorization", "SignedHeaders=")],
                body: &body,
                received_at: now(),
            };
            let _ = reader.read(&push);
        }
    }

    /// The same with what looks like receipts.
    #[test]
    fn no_members_make_a_reader_panic(
        names in proptest::collection::vec("biz_id|success|sid|report_status|message_id|status_code|Status|MessageId|recv_time|report_time|sms_size|nationcode|mobile|phone_number", 0..8),
        values in proptest::collection::vec("\"[ -~]{0,20}\"|-?[0-9]{1,25}|true|null|\\[\\]|1e999", 8),
    ) {
        let members: Vec<String> = names.iter().zip(&values).map(|(n, v)| format!("\"{n}\":{v}")).collect();
        let body = format!("[{{{}}}]", members.join(","));
        for reader in every_reader() {
            if let Ok(receipts) = read(&*reader, &body) {
                prop_assert!(receipts.len() <= 1);
            }
        }
    }
}
