//! WeChat: are the id and the secret of each application right?
//!
//! A code that nobody was given is exchanged through the real adapter. WeChat
//! looks at the credentials first, so its "no such code" proves them.

use menshen_domain::model::wechat::{AppKind, LoginCode, OpenId, PhoneCode, WeChatApp};
use menshen_domain::model::wechat_login::LoginProof;
use menshen_domain::ports::wechat_gateway::{WeChatGateway, WeChatGatewayError};
use menshen_wechat::Refusal;

use super::finding::{Finding, chain};

/// No code of WeChat's looks like this.
const MADE_UP: &str = "menshen-config-check-made-up-code";
/// Nor does an openid.
const MADE_UP_OPENID: &str = "o-menshen-config-check-00000";

/// Asks WeChat about one application: its login, and for a mini-program its
/// phone button, for which alone an access token is needed.
pub(super) async fn application(gateway: &dyn WeChatGateway, app: &WeChatApp) -> Vec<Finding> {
    let mut findings = vec![login(gateway, app).await];
    if app.kind == AppKind::MiniProgram {
        findings.push(phone_button(gateway, app).await);
    }
    findings
}

async fn login(gateway: &dyn WeChatGateway, app: &WeChatApp) -> Finding {
    let asked = format!(
        "wechat {} ({}): login with a made-up code",
        app.id.as_str(),
        word(app.kind)
    );
    let Ok(code) = LoginCode::parse(MADE_UP) else {
        return Finding::open(asked, "no code could be made up");
    };
    match gateway.identify(app, LoginProof::Code(&code)).await {
        Ok(_) => believed(asked),
        Err(error) => judged(asked, "the id and the secret are right", app.kind, &error),
    }
}

async fn phone_button(gateway: &dyn WeChatGateway, app: &WeChatApp) -> Finding {
    let asked = format!(
        "wechat {} ({}): access token, phone button with a made-up code",
        app.id.as_str(),
        word(app.kind)
    );
    let (Ok(code), Ok(openid)) = (PhoneCode::parse(MADE_UP), OpenId::parse(MADE_UP_OPENID)) else {
        return Finding::open(asked, "no code could be made up");
    };
    match gateway.phone_number(app, &code, &openid).await {
        Ok(_) => believed(asked),
        Err(error) => judged(
            asked,
            "the access token and the permission are there",
            app.kind,
            &error,
        ),
    }
}

fn believed(asked: String) -> Finding {
    Finding::wrong(asked, "the made-up code was taken")
        .advise("whoever answers at wechat.base_url is not WeChat")
}

/// What WeChat's answer to a made-up code says about our settings.
fn judged(asked: String, proven: &str, kind: AppKind, error: &WeChatGatewayError) -> Finding {
    let refusal = Refusal::of(error);
    match error {
        WeChatGatewayError::CodeRefused => {
            Finding::well(asked, format!("no such code, so {proven}"))
        }
        WeChatGatewayError::Misconfigured(_) => match refusal {
            Some(refusal) if refusal.errcode == 48001 => {
                Finding::open(asked, chain(error)).advise(advice(refusal, kind))
            }
            Some(refusal) => Finding::wrong(asked, chain(error)).advise(advice(refusal, kind)),
            None => Finding::wrong(asked, chain(error)),
        },
        WeChatGatewayError::Busy { .. } | WeChatGatewayError::RiskBlocked => {
            Finding::open(asked, chain(error)).advise("ask again in a minute")
        }
        WeChatGatewayError::Unavailable { .. } => Finding::wrong(asked, chain(error)).advise(
            "can this machine reach wechat.base_url, by name and over TLS? If it can, WeChat itself is busy",
        ),
    }
}

/// The kind as the configuration spells it.
fn word(kind: AppKind) -> &'static str {
    match kind {
        AppKind::MiniProgram => "mini_program",
        AppKind::App => "app",
        AppKind::Website => "website",
    }
}

/// What to do about an error code.
fn advice(refusal: &Refusal, kind: AppKind) -> String {
    let page = match kind {
        AppKind::MiniProgram => "docs/wechat/mini-program.md",
        AppKind::App => "docs/wechat/app.md",
        AppKind::Website => "docs/wechat/website.md",
    };
    let what = match (refusal.errcode, refusal.address) {
        (40013, _) => {
            "the app_id is not one of WeChat's: copy it again from the console".to_owned()
        }
        (40001 | 40125, _) => {
            "the app_secret is wrong or was reset: copy it again, or reset it in the console"
                .to_owned()
        }
        (40164, Some(address)) => {
            format!("add {address} to the application's IP allow-list in the console")
        }
        (40164, None) => {
            "add this machine's public address to the application's IP allow-list".to_owned()
        }
        (40243, _) => "the app_secret is frozen: unfreeze it in the console".to_owned(),
        (48001 | 48004, _) => {
            "the application lacks this right: verify it, or do without the phone button".to_owned()
        }
        (50004 | 50007, _) => {
            "the account is frozen or forbidden: look at the console's notices".to_owned()
        }
        (89501 | 89503 | 89506 | 89507, _) => {
            "this address waits for the administrator's consent on the phone".to_owned()
        }
        _ => "look the code up".to_owned(),
    };
    format!("{what} ({page})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live_check::Standing;

    fn refused(errcode: i64, address: Option<&str>) -> Finding {
        let refusal = Refusal {
            errcode,
            rid: None,
            address: address.map(|text| text.parse().unwrap()),
        };
        let error = WeChatGatewayError::Misconfigured(Box::new(refusal));
        judged("x".to_owned(), "y", AppKind::Website, &error)
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        let cases = [
            (40013, None, "the app_id"),
            (40125, None, "the app_secret is wrong"),
            (40001, None, "the app_secret is wrong"),
            (40164, Some("203.0.113.9"), "add 203.0.113.9 to"),
            (40164, None, "public address"),
            (40243, None, "frozen"),
            (89503, None, "administrator"),
            (40235, None, "look the code up"),
        ];
        for (errcode, address, words) in cases {
            let found = refused(errcode, address);
            assert_eq!(found.standing, Standing::Wrong, "{errcode}");
            let line = found.to_string();
            assert!(line.contains(words), "{line}");
            assert!(line.contains(&format!("errcode {errcode}")), "{line}");
            assert!(line.contains("docs/wechat/website.md"), "{line}");
        }
    }

    #[test]
    fn a_mini_program_may_do_without_the_phone_button() {
        assert_eq!(refused(48001, None).standing, Standing::Open);
    }
}
