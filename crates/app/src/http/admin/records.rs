//! What is on record: the audit log, messages, the counters of a day; and the
//! applications that openids on record belong to.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::services::administration::DaySpan;
use serde::Deserialize;
use utoipa::ToSchema;

use super::counters_json::CountersJson;
use super::json::{ApplicationsJson, AuditPageJson, SendPageJson};
use super::{door, query};
use crate::http::App;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

/// Whose messages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendSearch {
    /// The number, as people write it.
    #[schema(example = "13800138000")]
    phone: String,
    /// Messages of a page, 1 to 100; 50 if left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /admin/v1/audit-events`
pub(super) async fn audit_events(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "audit_events.list").await?;
    let (filter, page) = query::audit(&http)?;
    // Whoever may ask for single addresses can find the one behind a tag.
    if filter.address.is_some() && !act.operator.may_change() {
        door.desk.tell_refusal(&act, None, "forbidden").await;
        return Err(ApiError::new(&kinds::FORBIDDEN));
    }
    let listed = door.desk.audit_events(&act, &filter, page).await?;
    let data = AuditPageJson::new(&listed, act.operator.may_change());
    context.ok(("成功", "Done"), &data)
}

/// `POST /admin/v1/sends/search`
pub(super) async fn sends(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<SendSearch>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "sends.search").await?;
    let asked = body.value;
    let phone = PhoneNumber::parse(&asked.phone);
    let phone = phone.map_err(|_| ApiError::field("phone", Fault::Phone))?;
    let page = query::page(asked.limit, asked.cursor.as_deref())?;
    let listed = door.desk.sends(&act, &phone, page).await?;
    let data = SendPageJson::new(&listed, act.operator.may_change());
    context.ok(("成功", "Done"), &data)
}

/// `GET /admin/v1/counters`
pub(super) async fn counters(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "counters.show").await?;
    let (date, offset) = query::day(&http)?;
    let day = match date {
        Some(date) => {
            DaySpan::new(date, offset).map_err(|_| ApiError::field("date", Fault::Value))?
        }
        None => DaySpan::today(app.clock.now(), offset)
            .map_err(|_| ApiError::field("offset", Fault::Value))?,
    };
    let counted = door.desk.count_day(&act, day).await?;
    context.ok(("成功", "Done"), &CountersJson::from(&counted))
}

/// `GET /admin/v1/applications`
pub(super) async fn applications(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "applications.list").await?;
    door.desk.tell_look(&act, None, None).await?;
    context.ok(("成功", "Done"), &ApplicationsJson::from(&*door.apps))
}
