//! A phone number as people and vendors write it: any text.

use menshen_domain::model::phone_number::PhoneNumber;

/// A number that is taken is E.164, is the same number when it is read again or
/// written as people do, and is shown without its middle.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(phone) = PhoneNumber::parse(text) else {
        return;
    };
    assert!(text.len() <= 32, "a long text was read");
    let e164 = phone.as_e164();
    let digits = e164.strip_prefix('+').expect("a plus in front");
    assert!((7..=15).contains(&digits.len()), "{e164}");
    assert!(digits.bytes().all(|b| b.is_ascii_digit()), "{e164}");
    assert!(!digits.starts_with('0'), "{e164}");

    let read: String = text.chars().filter(char::is_ascii_digit).collect();
    assert!(read.ends_with(digits.trim_start_matches("86")), "{e164}");
    assert_eq!(PhoneNumber::parse(e164).as_ref(), Ok(&phone));
    assert_eq!(
        PhoneNumber::parse(&format!("00{digits}")).as_ref(),
        Ok(&phone)
    );

    let shown = format!("{} {phone:?}", phone.masked());
    assert!(!shown.contains(digits) && shown.contains("****"), "{shown}");
}
