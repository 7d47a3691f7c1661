//! What WeChat answers: a line with the HTTP status, the body.

use menshen_domain::model::wechat::{AppId, OpenId};
use menshen_domain::model::wechat_login::ProfileTicket;
use menshen_domain::ports::wechat_gateway::WeChatIdentification;
use menshen_wechat::fuzzing::{self, Refused};

use crate::input;

const APP: &str = "wx4f4bc4dec97d474b";
const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";

/// Nobody is identified without a well-formed openid and a session key of 16 bytes,
/// no number is vouched for but to this application, and no error quotes WeChat.
pub(crate) fn run(data: &[u8]) {
    let Some((status, body)) = input::line(data) else {
        return;
    };
    let Some(status) = status.parse().ok().filter(|s| (100..=599).contains(s)) else {
        return;
    };
    let (Ok(app), Ok(openid)) = (AppId::parse(APP), OpenId::parse(OPENID)) else {
        unreachable!("the names are well-formed");
    };
    let ticket = ProfileTicket::new(openid, "T".into());
    let readings = match fuzzing::read(status, body, &app, &ticket, input::now()) {
        Ok(readings) => readings,
        Err(Refused::Nonsense(words)) => return unquoted(&words),
        Err(Refused::Refusal(refusal)) => {
            assert_ne!(refusal.errcode, 0);
            return bounded(&refusal.to_string());
        }
    };
    assert!((200..300).contains(&status), "{status} is no success");
    match &readings.login {
        Ok(person) => {
            assert!(person.session_key.is_some());
            identified(person);
        }
        Err(words) => unquoted(words),
    }
    match &readings.oauth {
        Ok(person) => person.iter().for_each(identified),
        Err(words) => unquoted(words),
    }
    match &readings.phone {
        Ok(phone) => {
            let text = String::from_utf8_lossy(body);
            assert!(text.contains("watermark") || text.contains('\\'));
            assert!(phone.number.as_e164().starts_with('+'));
        }
        Err(words) => unquoted(words),
    }
    if let Ok(rank) = &readings.rank {
        assert!(rank.get() <= 4);
    }
    for words in [
        readings.profile.err(),
        readings.rank.err(),
        readings.token.err(),
    ] {
        unquoted(&words.unwrap_or_default());
    }
}

fn identified(person: &WeChatIdentification) {
    let openid = person.openid.as_str();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    assert!((20..=64).contains(&openid.len()), "{openid}");
    assert!(openid.bytes().all(plain), "{openid}");
}

/// Our own words only, which are few.
fn unquoted(words: &str) {
    const OURS: &[&str] = &[
        "HTTP status ",
        "an empty body",
        "a body that is no JSON object",
        "an errcode that is no number",
        "no usable ",
        "WeChat ",
        "the code ",
    ];
    let known = words.is_empty() || OURS.iter().any(|ours| words.starts_with(ours));
    assert!(known && words.len() < 80, "{words}");
}

/// A number, and what a support desk asks for.
fn bounded(words: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || " -.:".contains(c);
    assert!(
        words.starts_with("errcode ") && words.len() < 140,
        "{words}"
    );
    assert!(words.chars().all(plain), "{words}");
}
