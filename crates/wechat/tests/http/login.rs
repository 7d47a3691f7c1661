//! Login codes over real HTTP: what counts as an answer, and what is tried again.

use std::time::{Duration, Instant};

use crate::support::{
    APP, CODE, LOGIN, OAUTH, SECRET, SESSION_KEY, TOKEN, app, errcode, gateway, gateway_within,
    login_code, mini, server, session, unspent,
};
use menshen_domain::model::wechat::{AppKind, LoginCode};
use menshen_domain::model::wechat_login::LoginProof;
use menshen_domain::ports::wechat_gateway::{WeChatGateway as _, WeChatGatewayError as E};
use menshen_outbound::mock::Reaction;

#[tokio::test]
async fn a_code_is_exchanged_once_and_asks_for_no_token() {
    let wechat = server(|_, _| Reaction::ok(session())).await;
    let person = gateway(&[&wechat.url()])
        .identify(&mini(), LoginProof::Code(&login_code()))
        .await
        .unwrap();
    assert_eq!(person.session_key.unwrap().expose(), SESSION_KEY);
    let seen = wechat.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].method, "GET");
    assert_eq!(
        seen[0].target,
        format!("{LOGIN}?appid={APP}&secret={SECRET}&js_code={CODE}&grant_type=authorization_code")
    );
    assert_eq!(wechat.count(TOKEN), 0);
}

#[tokio::test]
async fn a_code_cannot_rewrite_the_request() {
    let wechat = server(|_, _| errcode(40029)).await;
    let gateway = gateway(&[&wechat.url()]);
    for code in ["x&appid=evil&secret=evil", "a&secret=x\"%", "a+b/c=#d?e"] {
        let parsed = LoginCode::parse(code).unwrap();
        let error = gateway
            .identify(&mini(), LoginProof::Code(&parsed))
            .await
            .unwrap_err();
        assert!(matches!(error, E::CodeRefused));
        let target = wechat.seen().pop().unwrap().target;
        let (_, rest) = target.split_once("&js_code=").unwrap();
        let (value, rest) = rest.split_once('&').unwrap();
        assert_eq!(rest, "grant_type=authorization_code");
        assert!(
            value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'%')
        );
    }
}

#[tokio::test]
async fn apps_and_websites_go_to_oauth_and_keep_no_session_key() {
    let wechat = server(|_, _| {
        Reaction::ok(
            r#"{"access_token":"USER-TOKEN","expires_in":7200,"refresh_token":"R","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","scope":"snsapi_login"}"#,
        )
    })
    .await;
    let gateway = gateway(&[&wechat.url()]);
    let person = gateway
        .identify(&app(AppKind::Website), LoginProof::Code(&login_code()))
        .await
        .unwrap();
    assert!(person.session_key.is_none());
    let error = gateway
        .identify(&app(AppKind::App), LoginProof::Code(&login_code()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, E::CodeRefused),
        "codes of one kind are no good for another"
    );
    assert_eq!(wechat.count(OAUTH), 2);
}

#[tokio::test]
async fn an_answer_is_judged_by_its_content() {
    for body in [
        session(),
        format!("\u{feff}{}", session()),
        session().replace('{', r#"{"errcode":"0","errmsg":"ok","new":{"a":1},"#),
    ] {
        let shown = body.clone();
        let wechat = server(move |_, _| Reaction::ok(body.clone())).await;
        let result = gateway(&[&wechat.url()])
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await;
        assert!(result.is_ok(), "{shown}");
    }
}

#[tokio::test]
async fn nonsense_identifies_nobody_and_is_asked_once() {
    let redirect = Reaction::Answer {
        status: 302,
        headers: vec![("location", "/sns/jscode2session".to_owned())],
        body: session().into(),
    };
    for reaction in [
        Reaction::status(502, "<html><h1>502 Bad Gateway</h1></html>"),
        Reaction::status(412, ""),
        Reaction::status(500, session()),
        redirect,
        Reaction::ok(""),
        Reaction::ok("<html>hello</html>"),
        Reaction::ok("null"),
        Reaction::ok(r#"{"openid":"oGZUI0egBJY1z"#),
        Reaction::ok(session().replace("oGZUI0egBJY1zhBYw2KhdUfwVJJE", "")),
        Reaction::ok(session().replace("\"oGZUI0egBJY1zhBYw2KhdUfwVJJE\"", "null")),
        Reaction::ok(session().replace(SESSION_KEY, "AAAA")),
        Reaction::ok(r#"{"errcode":0,"errmsg":"ok"}"#),
        Reaction::ok(r#"{"errcode":null,"openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"}"#),
        Reaction::ok(vec![b'{'; 100_000]),
        Reaction::Endless,
        Reaction::CutShort(session().into()),
        Reaction::Close,
        errcode(99_999),
    ] {
        let label = format!("{reaction:?}");
        let label = &label[..label.len().min(200)];
        let wechat = server(move |_, _| reaction.clone()).await;
        let result = gateway(&[&wechat.url()])
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await;
        assert_eq!(unspent(&result.unwrap_err()), Some(false), "{label}");
        assert_eq!(wechat.count(LOGIN), 1, "{label}");
    }
}

#[tokio::test]
async fn a_hanging_wechat_is_given_up_in_time_and_asked_once() {
    let wechat = server(|_, _| Reaction::Hang).await;
    let second = server(|_, _| Reaction::ok(session())).await;
    let begun = Instant::now();
    let error = gateway_within(&[&wechat.url(), &second.url()], Duration::from_millis(400))
        .identify(&mini(), LoginProof::Code(&login_code()))
        .await
        .unwrap_err();
    assert_eq!(unspent(&error), Some(false));
    assert!(begun.elapsed() < Duration::from_millis(800));
    assert_eq!(wechat.seen().len(), 1);
    assert!(second.seen().is_empty(), "no other host may spend it again");
}

#[tokio::test]
async fn minus_one_is_tried_once_more() {
    let wechat = server(|_, before| match before {
        0 => errcode(-1),
        _ => Reaction::ok(session()),
    })
    .await;
    let result = gateway(&[&wechat.url()])
        .identify(&mini(), LoginProof::Code(&login_code()))
        .await;
    assert!(result.is_ok());
    assert_eq!(wechat.seen().len(), 2);

    let busy = server(|_, _| errcode(-1)).await;
    let result = gateway(&[&busy.url()])
        .identify(&mini(), LoginProof::Code(&login_code()))
        .await;
    assert_eq!(unspent(&result.unwrap_err()), Some(true));
    assert_eq!(busy.seen().len(), 2);
}

#[tokio::test]
async fn the_next_host_is_asked_only_where_the_first_was_never_reached() {
    let wechat = server(|_, _| Reaction::ok(session())).await;
    let gateway_ = gateway(&["http://127.0.0.1:1", &wechat.url()]);
    assert!(
        gateway_
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await
            .is_ok()
    );

    let second = server(|_, _| Reaction::ok(session())).await;
    for reaction in [Reaction::Close, Reaction::status(502, ""), Reaction::ok("")] {
        let first = server(move |_, _| reaction.clone()).await;
        let gateway = gateway(&[&first.url(), &second.url()]);
        let error = gateway
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await
            .unwrap_err();
        assert_eq!(unspent(&error), Some(false));
    }
    assert!(second.seen().is_empty());
}

#[tokio::test]
async fn nobody_reached_leaves_the_code_unspent() {
    let gateway = gateway(&["http://127.0.0.1:1"]);
    let error = gateway
        .identify(&mini(), LoginProof::Code(&login_code()))
        .await
        .unwrap_err();
    assert_eq!(unspent(&error), Some(true));
}

#[tokio::test]
async fn a_refusal_has_its_meaning() {
    for (code, expected) in [
        (40029, "WeChat refuses the code"),
        (40163, "WeChat refuses the code"),
        (40226, "WeChat blocks this login"),
        (45011, "WeChat asks to slow down"),
        (40125, "WeChat refuses our credentials or settings"),
        (40013, "WeChat refuses our credentials or settings"),
        (40164, "WeChat refuses our credentials or settings"),
        (45009, "WeChat is unavailable"),
    ] {
        let wechat = server(move |_, _| errcode(code)).await;
        let result = gateway(&[&wechat.url()])
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await;
        assert_eq!(result.unwrap_err().to_string(), expected, "{code}");
        assert_eq!(wechat.seen().len(), 1, "{code} is not tried again");
    }
}

#[tokio::test]
async fn an_application_without_a_secret_is_our_fault() {
    let wechat = server(|_, _| Reaction::ok(session())).await;
    let mut other = mini();
    other.id = menshen_domain::model::wechat::AppId::parse("wxother").unwrap();
    let result = gateway(&[&wechat.url()])
        .identify(&other, LoginProof::Code(&login_code()))
        .await;
    assert!(matches!(result, Err(E::Misconfigured(_))));
    assert!(wechat.seen().is_empty());
}
