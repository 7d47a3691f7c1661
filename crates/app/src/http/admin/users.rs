//! Accounts: finding, seeing, changing.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::account::Account;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::services::administration::FoundBy;
use serde::Deserialize;
use utoipa::ToSchema;

use super::json::{AccountLineJson, DoneJson, FoundJson, OperatorJson, WholeAccountJson};
use super::search::{UserSearch, found_by};
use super::{door, reason};
use crate::http::App;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

/// Why it is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActRequest {
    /// For the audit log: one line of at most 200 characters, which names nobody.
    #[schema(example = "reported for fraud, ticket 4711")]
    reason: String,
}

/// Why, and how far.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DetachRequest {
    /// For the audit log, as above.
    reason: String,
    /// Take the number even if it is the last way in; nobody can sign in to the
    /// account then. False if left out.
    even_the_last: Option<bool>,
}

/// Which accounts become one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeRequest {
    /// The account that survives.
    into: String,
    /// The account that becomes an alias; it has no phone number.
    from: String,
    /// For the audit log, as above.
    reason: String,
}

/// The account of a path; a malformed id names none.
fn user_id(text: &str) -> Result<UserId, ApiError> {
    UserId::parse(text).ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))
}

/// `GET /admin/v1/key`
pub(super) async fn whoami(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "key.show").await?;
    door.desk.tell_look(&act, None, None).await?;
    context.ok(("成功", "Done"), &OperatorJson::from(&act.operator))
}

/// `POST /admin/v1/users/search`
pub(super) async fn search(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<UserSearch>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "users.search").await?;
    let by = found_by(&body.value, &door.apps)?;
    if matches!(by, FoundBy::Phone(_)) {
        door.keys.count_phone_search(&act.operator).await?;
    }
    let found = door.desk.find(&act, &by).await?;
    let users = found.iter().map(AccountLineJson::from).collect();
    context.ok(("成功", "Done"), &FoundJson { users })
}

/// `GET /admin/v1/users/{id}`
pub(super) async fn see(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "users.see").await?;
    let seen = door.desk.see(&act, user_id(&id)?).await?;
    let whole = act.operator.may_change();
    context.ok(("成功", "Done"), &WholeAccountJson::new(&seen, whole))
}

/// `POST /admin/v1/users/{id}/disable`
pub(super) async fn disable(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
    body: Body<ActRequest>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let mut act = door.change(&http, &context, "users.disable").await?;
    act.reason = reason(Some(&body.value.reason))?;
    let (desk, user) = (door.desk.clone(), user_id(&id)?);
    let account = detached(async move { desk.disable(&act, user).await }).await?;
    changed(&context, &account)
}

/// `POST /admin/v1/users/{id}/enable`
pub(super) async fn enable(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
    body: Body<ActRequest>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let mut act = door.change(&http, &context, "users.enable").await?;
    act.reason = reason(Some(&body.value.reason))?;
    let (desk, user) = (door.desk.clone(), user_id(&id)?);
    let account = detached(async move { desk.enable(&act, user).await }).await?;
    changed(&context, &account)
}

/// `POST /admin/v1/users/{id}/detach-phone`
pub(super) async fn detach_phone(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
    body: Body<DetachRequest>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let mut act = door.change(&http, &context, "users.detach_phone").await?;
    act.reason = reason(Some(&body.value.reason))?;
    let (desk, user) = (door.desk.clone(), user_id(&id)?);
    let even_the_last = body.value.even_the_last.unwrap_or(false);
    let work = async move { desk.detach_phone(&act, user, even_the_last).await };
    changed(&context, &detached(work).await?)
}

/// `POST /admin/v1/users/merge`
pub(super) async fn merge(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<MergeRequest>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let mut act = door.change(&http, &context, "users.merge").await?;
    act.reason = reason(Some(&body.value.reason))?;
    let id = |name: &'static str, text: &str| {
        UserId::parse(text).ok_or_else(|| ApiError::field(name, Fault::Value))
    };
    let into = id("into", &body.value.into)?;
    let from = id("from", &body.value.from)?;
    let desk = door.desk.clone();
    let account = detached(async move { desk.merge(&act, from, into).await }).await?;
    changed(&context, &account)
}

/// `DELETE /admin/v1/users/{id}/sessions`
pub(super) async fn end_all(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let user = user_id(&id);
    end(
        &context,
        &app,
        &http,
        user.map(|user| (user, SessionsOf::All)),
    )
    .await
}

/// `DELETE /admin/v1/users/{id}/sessions/{session_id}`
pub(super) async fn end_one(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (user, session) = path.into_inner();
    let session = SessionId::parse(&session).ok_or_else(|| ApiError::new(&kinds::NOT_FOUND));
    let which = user_id(&user).and_then(|user| Ok((user, SessionsOf::One(session?))));
    end(&context, &app, &http, which).await
}

async fn end(
    context: &Context,
    app: &App,
    http: &HttpRequest,
    which: Result<(UserId, SessionsOf), ApiError>,
) -> Result<HttpResponse, ApiError> {
    let door = door(app)?;
    let act = door.change(http, context, "users.end_sessions").await?;
    let (user, which) = which?;
    let desk = door.desk.clone();
    let ended = detached(async move { desk.end_sessions(&act, user, which).await }).await?;
    let count = ended.len();
    context.ok(("已退出登录", "Signed out"), &DoneJson { count })
}

fn changed(context: &Context, account: &Account) -> Result<HttpResponse, ApiError> {
    context.ok(("成功", "Done"), &AccountLineJson::from(account))
}
