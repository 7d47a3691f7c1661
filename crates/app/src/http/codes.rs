//! Asking for a verification code.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::captcha::CaptchaToken;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::verification::{CodeScope, Purpose};
use menshen_domain::services::send_code::SendCodeError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::bearer::bearer;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::kinds::{self, Fault};

/// An ask for a verification code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// To whom; left out for `step_up`, which goes to the account's own number.
    #[schema(example = "13800138000")]
    phone: Option<String>,
    /// `login`, `bind_phone` (bearer) or `step_up` (bearer).
    #[schema(example = "login")]
    purpose: String,
    /// From which client type; with a bearer purpose, the session's.
    #[schema(example = "mini_program")]
    client_type: String,
    /// What the client of the captcha service gave, where one is asked for; at most 8192
    /// printable ASCII characters. Of Tencent: `ticket;randstr`, or the ticket alone.
    captcha: Option<String>,
}

/// A code that is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeSentJson {
    /// The name of this ask; it has tries of its own.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015")]
    challenge_id: String,
    /// The number with its middle hidden.
    #[schema(example = "138****8000")]
    phone_masked: String,
    /// Seconds until the code expires.
    #[schema(example = 600)]
    expires_in: u64,
    /// Seconds until it may be asked for again.
    #[schema(example = 60)]
    resend_after: u64,
}

/// `POST /v1/sms/codes`
pub(super) async fn send(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<CodeRequest>,
) -> Result<HttpResponse, ApiError> {
    let (scope, captcha) = asked(&app, &http, &body.value).await?;
    let use_case = app.send_code.clone();
    let origin = context.origin.clone();
    let purpose = scope.purpose.as_str();
    let outcomes = app.metrics.outcomes.clone();
    let sent = detached(async move {
        let sent = use_case.execute(&scope, captcha.as_ref(), &origin).await;
        if let Err(SendCodeError::CaptchaRequired(reason)) = &sent {
            outcomes.captcha_required(*reason);
        }
        sent
    });
    let sent = sent.await;
    let outcome = sent.as_ref().map(drop).map_err(|error| error.kind.code);
    app.metrics.outcomes.code_requested(purpose, outcome);
    let sent = sent?;
    let data = CodeSentJson {
        challenge_id: sent.challenge.to_string(),
        phone_masked: sent.phone_masked,
        expires_in: sent.expires_in.as_secs(),
        resend_after: sent.resend_after.as_secs(),
    };
    context.ok(("验证码已发送", "The code is on its way"), &data)
}

async fn asked(
    app: &App,
    http: &HttpRequest,
    json: &CodeRequest,
) -> Result<(CodeScope, Option<CaptchaToken>), ApiError> {
    let mut fields = Fields::default();
    let client_type = fields.client_type("client_type", &json.client_type);
    let captcha = json.captcha.as_deref().and_then(|text| {
        let parsed = CaptchaToken::parse(text);
        if parsed.is_err() {
            fields.fault("captcha", Fault::Value);
        }
        parsed.ok()
    });
    let phone = match (json.purpose.as_str(), &json.phone) {
        ("login" | "bind_phone", Some(phone)) => fields.phone(phone),
        ("login" | "bind_phone", None) => {
            fields.fault("phone", Fault::Required);
            None
        }
        ("step_up", Some(_)) => {
            fields.fault("phone", Fault::Value);
            None
        }
        ("step_up", None) => None,
        _ => {
            fields.fault("purpose", Fault::Value);
            None
        }
    };
    fields.finish()?;
    let client_type = client_type
        .ok_or_else(|| ApiError::internal("a client type was neither right nor wrong"))?;
    if let ("login", Some(phone)) = (json.purpose.as_str(), &phone) {
        let scope = CodeScope {
            purpose: Purpose::Login,
            client_type,
            phone: phone.clone(),
        };
        return Ok((scope, captcha));
    }
    Ok((own_scope(app, http, client_type, phone).await?, captcha))
}

/// A bearer purpose belongs to its user, and to the session's client type.
async fn own_scope(
    app: &App,
    http: &HttpRequest,
    client_type: ClientType,
    phone: Option<PhoneNumber>,
) -> Result<CodeScope, ApiError> {
    let caller = app.authenticate.in_person(bearer(http)?).await?;
    if caller.session.client_type() != client_type {
        return Err(ApiError::field("client_type", Fault::Value));
    }
    let user = caller.account.id;
    let (purpose, phone) = if let Some(phone) = phone {
        (Purpose::BindPhone(user), phone)
    } else {
        let own = caller
            .account
            .phone
            .ok_or_else(|| ApiError::new(&kinds::PHONE_REQUIRED))?;
        (Purpose::StepUp(user), own)
    };
    Ok(CodeScope {
        purpose,
        client_type,
        phone,
    })
}
