//! Signing everybody out, part by part.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::services::administration::EndedPart;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{door, reason};
use crate::http::App;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds::Fault;

/// What `confirm` must say.
const WORD: &str = "everybody";

/// That it is meant, why, and from where on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EverybodyRequest {
    /// The word `everybody`.
    #[schema(example = "everybody")]
    confirm: String,
    /// For the audit log: one line of at most 200 characters, which names nobody.
    #[schema(example = "the signing key was in a log, ticket 4711")]
    reason: String,
    /// `next` of the part before; the first part if left out.
    cursor: Option<String>,
}

/// What a part came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedPartJson {
    /// How many sessions ended.
    #[schema(example = 212)]
    count: usize,
    /// The `cursor` of the next part; null at the end.
    next_cursor: Option<String>,
}

impl From<EndedPart> for EndedPartJson {
    fn from(part: EndedPart) -> Self {
        Self {
            count: part.sessions,
            next_cursor: part.next.map(|user| user.to_string()),
        }
    }
}

/// `POST /admin/v1/sessions/end`
pub(super) async fn end(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<EverybodyRequest>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let mut act = door
        .change(&http, &context, "sessions.end_everybody")
        .await?;
    let asked = body.value;
    if asked.confirm != WORD {
        return Err(ApiError::field("confirm", Fault::Value));
    }
    act.reason = reason(Some(&asked.reason))?;
    let after = asked
        .cursor
        .as_deref()
        .map(|text| UserId::parse(text).ok_or_else(|| ApiError::field("cursor", Fault::Value)));
    let (desk, after) = (door.desk.clone(), after.transpose()?);
    let part = detached(async move { desk.end_everybody(&act, after).await }).await?;
    context.ok(("已退出登录", "Signed out"), &EndedPartJson::from(part))
}
