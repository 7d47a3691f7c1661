//! Proving again who is there.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::bearer::bearer;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::hosted::proof;
use crate::http::kinds::Fault;
use crate::http::malformed_code::malformed_code;

/// A proof of who is there: an SMS code, or a WeChat login code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUpRequest {
    /// The six digits of a message of purpose `step_up`.
    #[schema(example = "482913")]
    code: Option<String>,
    /// Which ask for a code is answered.
    challenge_id: Option<String>,
    /// The code of `wx.login` of a linked identity, instead of `code`; on WeChat
    /// cloud hosting both may be left out.
    wechat_code: Option<String>,
    /// The application of that code, where there are several.
    app_id: Option<String>,
}

/// How long the proof counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepUpJson {
    /// Seconds during which what needs a recent proof is allowed.
    #[schema(example = 300)]
    valid_for: i64,
}

/// `POST /v1/me/step-up`
pub(super) async fn prove(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Result<Body<StepUpRequest>, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let body = match body {
        Ok(body) => body,
        Err(error) => return Err(malformed_code(&app, &context, error).await),
    };
    let json = &body.value;
    let mut fields = Fields::default();
    let challenge = fields.challenge(json.challenge_id.as_deref());
    let app_id = fields.app_id("app_id", json.app_id.as_deref());
    let use_case = app.step_up.clone();
    let origin = context.origin.clone();
    match (&json.code, &json.wechat_code) {
        (Some(code), None) if json.app_id.is_none() => {
            let code = fields.sms_code(code);
            if let Err(error) = fields.finish() {
                return Err(malformed_code(&app, &context, error).await);
            }
            let code =
                code.ok_or_else(|| ApiError::internal("a code was neither right nor wrong"))?;
            detached(async move { use_case.with_sms(&caller, &code, challenge, &origin).await })
                .await?;
        }
        (None, code) if json.challenge_id.is_none() => {
            let mut app_id = app_id;
            // Without any of them, the SMS code is what a client is told to send.
            let name = code.as_ref().map_or("code", |_| "wechat_code");
            let code = (name, code.as_deref());
            let shown = proof(&app, &context, &http, code, &mut app_id, &mut fields).await?;
            fields.finish()?;
            let shown =
                shown.ok_or_else(|| ApiError::internal("a code was neither right nor wrong"))?;
            let proof = async move {
                use_case
                    .with_wechat(&caller, &shown, app_id.as_ref(), &origin)
                    .await
            };
            detached(proof).await?;
        }
        (code, _) => {
            let fault = if code.is_some() {
                Fault::Value
            } else {
                Fault::Required
            };
            fields.fault("code", fault);
            fields.finish()?;
        }
    }
    let valid_for = menshen_domain::services::recent_proof::RECENT.num_seconds();
    context.ok(
        ("验证成功", "You are recognised"),
        &StepUpJson { valid_for },
    )
}
