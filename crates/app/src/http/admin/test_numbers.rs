//! Test numbers that operators make.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::TestNumberId;
use menshen_domain::model::test_number::NewTestNumber;
use serde::Deserialize;
use utoipa::ToSchema;

use super::json::{DoneJson, TestNumberJson, TestNumbersJson};
use super::{AdminDoor, door, reason};
use crate::http::App;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::kinds::{self, Fault};

/// A number with a fixed code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTestNumberJson {
    /// The number, as people write it.
    #[schema(example = "13800138000")]
    phone: String,
    /// Its code: six digits.
    #[schema(example = "246810")]
    code: String,
    /// When it stops working, RFC 3339; at most 90 days ahead.
    #[schema(example = "2026-01-31T00:00:00Z")]
    until: String,
    /// What it is for: one line of at most 200 characters, which names nobody.
    note: Option<String>,
}

/// `GET /admin/v1/test-numbers`
pub(super) async fn list(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "test_numbers.list").await?;
    let all = door.desk.test_numbers(&act).await?;
    let test_numbers = all.iter().map(TestNumberJson::from).collect();
    context.ok(("成功", "Done"), &TestNumbersJson { test_numbers })
}

/// `POST /admin/v1/test-numbers`
pub(super) async fn make(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<NewTestNumberJson>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.change(&http, &context, "test_numbers.make").await?;
    let asked = body.value;
    let mut fields = Fields::default();
    let (phone, code) = (fields.phone(&asked.phone), fields.sms_code(&asked.code));
    let until = DateTime::parse_from_rfc3339(&asked.until).ok();
    if until.is_none() {
        fields.fault("until", Fault::Value);
    }
    let note = reason(asked.note.as_deref());
    if note.is_err() {
        fields.fault("note", Fault::Value);
    }
    fields.finish()?;
    let (Some(phone), Some(code), Some(until)) = (phone, code, until) else {
        return Err(ApiError::internal("a wrong member was not named"));
    };
    let new = NewTestNumber {
        phone,
        code,
        until: until.with_timezone(&Utc),
        note: note?.map(|note| note.as_str().to_owned()),
    };
    let desk = door.desk.clone();
    let made = detached(async move { desk.make_test_number(&act, new).await }).await?;
    take_over(&app, door).await;
    context.ok(("成功", "Done"), &TestNumberJson::from(&made))
}

/// `DELETE /admin/v1/test-numbers/{id}`
pub(super) async fn remove(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.change(&http, &context, "test_numbers.remove").await?;
    let id = TestNumberId::parse(&id).ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))?;
    let desk = door.desk.clone();
    detached(async move { desk.remove_test_number(&act, id).await }).await?;
    take_over(&app, door).await;
    context.ok(("成功", "Done"), &DoneJson { count: 1 })
}

/// At once on this replica; the others within twenty seconds, and so does this one
/// if the store does not answer now.
async fn take_over(app: &App, door: &AdminDoor) {
    let store = &*door.test_number_store;
    if let Err(error) = door.test_numbers.reload(store, app.clock.now()).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the test numbers are taken over later"
        );
    }
}
