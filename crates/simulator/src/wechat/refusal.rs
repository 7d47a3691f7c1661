//! Error codes and how `WeChat` words them.

use serde_json::{Value, json};

use crate::random::Random;

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) errcode: i64,
    hinted: bool,
    words: Option<String>,
}

impl Refusal {
    pub(super) const fn new(errcode: i64) -> Self {
        Self {
            errcode,
            hinted: false,
            words: None,
        }
    }

    /// In other words than its own, where they are given.
    pub(super) fn saying(errcode: i64, words: Option<&str>) -> Self {
        Self {
            words: words.map(str::to_owned),
            ..Self::new(errcode)
        }
    }

    /// In the words of the phone number call, `invalid code hint: […]`.
    pub(super) const fn hinted(errcode: i64) -> Self {
        Self {
            errcode,
            hinted: true,
            words: None,
        }
    }

    /// `{"errcode":…,"errmsg":"… rid: …"}`.
    pub(super) fn body(&self, rid: &str, random: &mut Random) -> Value {
        let text = self.words.as_deref().unwrap_or_else(|| text(self.errcode));
        let errmsg = if self.hinted {
            format!(
                "{text} hint: [{}-{}] rid: {rid}",
                random.alphanumeric(8),
                random.alphanumeric(6)
            )
        } else if matches!(self.errcode, 40029 | 40163) {
            format!("{text}, rid: {rid}")
        } else {
            format!("{text} rid: {rid}")
        };
        json!({"errcode": self.errcode, "errmsg": errmsg})
    }
}

/// Source: `WeChat` server API, global return codes.
fn text(errcode: i64) -> &'static str {
    match errcode {
        -1 => "system error",
        40001 => "invalid credential, access_token is invalid or not latest",
        40002 => "invalid grant_type",
        40003 => "invalid openid",
        40013 => "invalid appid",
        40014 => "invalid access_token",
        40029 => "invalid code",
        40030 => "invalid refresh_token",
        40033 => "invalid charset. please check your request, if include \\uxxxx will create fail!",
        40097 => "invalid args",
        40125 => "invalid appsecret",
        40129 => "invalid scene",
        40163 => "code been used",
        40164 => "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
        40226 => "code blocked",
        40243 => "appsecret is frozen",
        41001 => "access_token missing",
        41002 => "appid missing",
        41003 => "refresh_token missing",
        41004 => "appsecret missing",
        41008 => "missing code",
        41009 => "missing openid",
        42001 => "access_token expired",
        42002 => "refresh_token expired",
        42003 => "oauth_code expired",
        42007 => "access_token and refresh_token is expired or the user changed the password",
        43001 => "require GET method",
        43002 | 43302 => "require POST method",
        43003 => "require https",
        43104 => "appid and openid not match",
        44002 => "empty post data",
        44991 | 45011 => "api minute-quota reach limit  mustslower  retry next minute",
        45009 => "reach max api daily quota limit",
        47001 => "data format error",
        48001 => "api unauthorized",
        48004 => "api forbidden for blocked by cancel",
        48017 => "entry ip is retired",
        50001 => "user unauthorized",
        50002 => "user limited",
        50004 => "forbidden to use token",
        50007 => "account is frozen",
        48006 => "forbid to clear quota because of reaching the limit",
        61010 => "code is expired",
        76001 => "rid not found",
        76002 => "rid is error",
        76003 => "could not query this rid, no permission",
        76004 => "rid is expired",
        76021 => "cgi_path not found, please check",
        87007 => "session_key is not existed or expired",
        87008 => "invalid sig_method",
        87009 => "invalid signature",
        89002 => "open not exists",
        89300 => "invalid order",
        89501 | 89503 | 89506 | 89507 => {
            "this ip is awaiting or was refused confirmation by the administrator"
        }
        9_410_009 => "test quota used up",
        _ => "simulated error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_with_the_rid() {
        let body = |refusal: Refusal| {
            let body = refusal.body("6437cc6f-0-1", &mut Random::new(Some(1)));
            body["errmsg"].as_str().unwrap().to_owned()
        };
        assert_eq!(body(Refusal::new(40029)), "invalid code, rid: 6437cc6f-0-1");
        assert_eq!(body(Refusal::new(40013)), "invalid appid rid: 6437cc6f-0-1");
        let hinted = body(Refusal::hinted(40029));
        assert!(hinted.starts_with("invalid code hint: ["), "{hinted}");
        assert!(hinted.ends_with("] rid: 6437cc6f-0-1"), "{hinted}");
    }
}
