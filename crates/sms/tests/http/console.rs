//! The vendor that prints.

use std::io::Write;
use std::sync::{Arc, Mutex};

use menshen_domain::ports::sms_sender::SmsSender as _;
use menshen_sms::Console;

use crate::notices::notice;
use crate::support::{message, sender};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn number_and_code_are_printed() {
    let page = Page::default();
    let console = Console::to(Box::new(page.clone()));
    sender(vec![Arc::new(console)])
        .send(&message())
        .await
        .verdict
        .unwrap();
    let printed = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        printed,
        "SMS to +8613800138000: 048291 (login, good for 600 s)\n"
    );
}

#[tokio::test]
async fn a_notice_is_printed_without_a_code() {
    let page = Page::default();
    let sender = sender(vec![Arc::new(Console::to(Box::new(page.clone())))]);
    assert!(sender.has_channel(&notice()));
    sender.send(&notice()).await.verdict.unwrap();
    let printed = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        printed,
        "SMS to +8613800138000: this number no longer signs in (number_notice)\n"
    );
}
