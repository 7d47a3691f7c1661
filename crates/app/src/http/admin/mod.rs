//! `/admin/v1`: what operators do, each with a key of their own. Without a key in the
//! settings none of it is there.

pub mod counters_json;
mod cursor;
mod everybody;
pub mod json;
pub mod keys;
pub mod operations;
pub(in crate::http) mod query;
pub(crate) mod records;
mod routes;
pub(crate) mod search;
mod signing_keys;
pub(crate) mod test_numbers;
pub(crate) mod users;
pub(crate) mod webhooks;

use std::sync::Arc;

use actix_web::HttpRequest;
use menshen_domain::model::administration::ActReason;
use menshen_domain::model::wechat::WeChatApps;
use menshen_domain::ports::test_number_store::TestNumberStore;
use menshen_domain::services::administration::{Act, Administration};
use menshen_domain::services::introspect::Introspect;
use menshen_domain::services::test_numbers::TestNumbers;
use menshen_domain::services::webhook_desk::WebhookDesk;

pub use everybody::{EndedPartJson, EverybodyRequest};
pub use query::{offset as minutes_ahead, page as list_part, place as place_of};
pub use records::SendSearch;
pub(super) use routes::routes;
pub use search::{UserSearch, found_by};
pub use test_numbers::NewTestNumberJson;
pub use users::{ActRequest, DetachRequest, MergeRequest};
pub use webhooks::WebhookReplayRequest;

use crate::http::admin::keys::AdminKeys;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};
use crate::http::{App, SigningKeys};

/// What the handlers of operators and services work with.
#[expect(
    missing_docs,
    reason = "each field is the use case or part that its type names"
)]
pub struct AdminDoor {
    pub keys: AdminKeys,
    pub desk: Arc<Administration>,
    pub signing_keys: Arc<dyn SigningKeys>,
    pub introspect: Arc<Introspect>,
    pub test_numbers: Arc<TestNumbers>,
    pub test_number_store: Arc<dyn TestNumberStore>,
    pub apps: Arc<WeChatApps>,
    pub webhooks: Arc<WebhookDesk>,
}

/// The door, where the settings have a key for it.
///
/// # Errors
///
/// `not_found`.
pub(super) fn door(app: &App) -> Result<&AdminDoor, ApiError> {
    let door = app.admin.as_ref();
    door.ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))
}

impl AdminDoor {
    /// Who asks to look at something.
    async fn look(
        &self,
        http: &HttpRequest,
        context: &Context,
        name: &'static str,
    ) -> Result<Act, ApiError> {
        let operator = self.keys.operator(http, context).await?;
        Ok(Act {
            operator,
            name,
            origin: context.origin.clone(),
            reason: None,
        })
    }

    /// Who asks to change something, if they may; a refusal is told to the audit log.
    pub(in crate::http) async fn change(
        &self,
        http: &HttpRequest,
        context: &Context,
        name: &'static str,
    ) -> Result<Act, ApiError> {
        let act = self.look(http, context, name).await?;
        if act.operator.may_change() {
            return Ok(act);
        }
        self.desk.tell_refusal(&act, None, "forbidden").await;
        Err(ApiError::new(&kinds::FORBIDDEN))
    }
}

/// The reason of an act.
fn reason(text: Option<&str>) -> Result<Option<ActReason>, ApiError> {
    let parsed = text.map(ActReason::parse).transpose();
    parsed.map_err(|_| ApiError::field("reason", Fault::Value))
}
