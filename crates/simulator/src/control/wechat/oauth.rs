//! `/control/wechat/oauth`: what somebody says to an OAuth2 consent.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::read;
use super::{choose_app, find_person, login_code};
use crate::call::percent_encode;
use crate::config::AppKind;
use crate::state::{Code, CodeKind, Shared};

/// `WeChat` takes no longer state than this.
const LONGEST_STATE: usize = 128;
const LONGEST_REDIRECT: usize = 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    person: String,
    app_id: Option<String>,
    scope: Option<String>,
    /// A virtual user of a "snapshot page".
    #[serde(default)]
    snapshot_user: bool,
    state: Option<String>,
    /// Where a website's user is sent back to.
    redirect_uri: Option<String>,
    /// The person says no.
    #[serde(default)]
    refuse: bool,
}

/// `POST /control/wechat/oauth` `{person, app_id?, scope?, snapshot_user?, state?,
/// redirect_uri?, refuse?}`: consent in a native app (the first there is) or on a
/// website. Answers `{code}`, with `state` and the `redirect` of a website where
/// they were asked for; after a refusal no code, and in a native app `errcode` -4.
pub(super) async fn decide(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let consent: Consent = read(&body)?;
    consent.check()?;
    let (mut world, now) = shared.enter();
    let app = choose_app(
        &world,
        consent.app_id.as_deref(),
        &[AppKind::App, AppKind::Website],
    )?;
    let (kind, app_id) = (app.kind, app.app_id.clone());
    let scope = consent.scope(kind)?;
    find_person(&world, &consent.person)?;
    if consent.refuse {
        return Ok(HttpResponse::Ok().json(consent.refusal(kind)));
    }
    world.visits.record(&app_id, &consent.person, now);
    let value = login_code(&mut world.random);
    let answer = consent.answer(&value);
    let code = Code {
        kind: CodeKind::OAuth {
            scope,
            snapshot_user: consent.snapshot_user,
        },
        app_id,
        person: consent.person,
        issued_at: now,
        used: false,
    };
    world.codes.add(value, code);
    Ok(HttpResponse::Ok().json(answer))
}

impl Consent {
    fn check(&self) -> Result<(), Failure> {
        if self
            .state
            .as_ref()
            .is_some_and(|state| state.len() > LONGEST_STATE)
        {
            return Err(Failure::bad_request("state is at most 128 bytes"));
        }
        let is_address = |raw: &String| {
            raw.len() <= LONGEST_REDIRECT
                && (raw.starts_with("https://") || raw.starts_with("http://"))
                && !raw.contains('#')
        };
        if self.redirect_uri.as_ref().is_none_or(is_address) {
            Ok(())
        } else {
            Err(Failure::bad_request(
                "redirect_uri is http or https, at most 1024 bytes, without a fragment",
            ))
        }
    }

    fn scope(&self, kind: AppKind) -> Result<&'static str, Failure> {
        match self.scope.as_deref() {
            None if kind == AppKind::Website => Ok("snsapi_login"),
            None | Some("snsapi_userinfo") => Ok("snsapi_userinfo"),
            Some("snsapi_base") => Ok("snsapi_base"),
            Some("snsapi_login") => Ok("snsapi_login"),
            Some(_) => Err(Failure::bad_request(
                "scope is snsapi_base, snsapi_userinfo or snsapi_login",
            )),
        }
    }

    fn answer(&self, code: &str) -> Value {
        let mut answer = json!({"code": code});
        self.complete(&mut answer, Some(code));
        answer
    }

    fn refusal(&self, kind: AppKind) -> Value {
        let mut answer = if kind == AppKind::App {
            // ERR_AUTH_DENIED of the Open SDK.
            json!({"errcode": -4})
        } else {
            json!({})
        };
        self.complete(&mut answer, None);
        answer
    }

    fn complete(&self, answer: &mut Value, code: Option<&str>) {
        if let Some(state) = &self.state {
            answer["state"] = json!(state);
        }
        let Some(redirect_uri) = &self.redirect_uri else {
            return;
        };
        let parameters: Vec<_> = [("code", code), ("state", self.state.as_deref())]
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", percent_encode(value?))))
            .collect();
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        answer["redirect"] = json!(format!("{redirect_uri}{separator}{}", parameters.join("&")));
    }
}
