//! Open data of WeChat: what a mini-program hands over, signed and encrypted.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::services::decrypt_open_data::GivenOpenData;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::bearer::bearer;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::kinds::Fault;

/// Open data within a login.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDataMember {
    /// `encryptedData` of the data API, base64.
    encrypted_data: String,
    /// `iv`, base64.
    iv: String,
    /// `rawData`, byte for byte; with `signature`.
    raw_data: Option<String>,
    /// `signature` over `raw_data`.
    signature: Option<String>,
}

/// Open data to decrypt.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecryptRequest {
    /// The mini-program, where there are several.
    app_id: Option<String>,
    /// `encryptedData` of the data API, base64.
    encrypted_data: String,
    /// `iv`, base64.
    iv: String,
    /// `rawData`, byte for byte; with `signature`.
    raw_data: Option<String>,
    /// `signature` over `raw_data`.
    signature: Option<String>,
}

/// The clear data, as WeChat wrote it, without `openId`, `unionId` and `watermark`.
#[derive(Serialize, ToSchema)]
#[schema(value_type = Object)]
pub struct ClearOpenData(Map<String, Value>);

impl OpenDataMember {
    /// The data, once its parts are there; `name` is the member's own name.
    pub(super) fn read(&self, name: &str, fields: &mut Fields) -> GivenOpenData {
        given(
            name,
            (&self.encrypted_data, &self.iv),
            (self.raw_data.as_deref(), self.signature.as_deref()),
            fields,
        )
    }
}

/// What is long, or of the wrong form, fails to decrypt like all else; only what
/// is not there is told.
fn given(
    prefix: &str,
    (encrypted_data, iv): (&str, &str),
    signed: (Option<&str>, Option<&str>),
    fields: &mut Fields,
) -> GivenOpenData {
    let signed = match signed {
        (Some(raw_data), Some(signature)) => Some((raw_data.to_owned(), signature.to_owned())),
        (None, None) => None,
        (Some(_), None) => {
            fields.fault(&format!("{prefix}signature"), Fault::Required);
            None
        }
        (None, Some(_)) => {
            fields.fault(&format!("{prefix}raw_data"), Fault::Required);
            None
        }
    };
    GivenOpenData {
        encrypted_data: encrypted_data.to_owned(),
        iv: iv.to_owned(),
        signed,
    }
}

/// `POST /v1/me/wechat/decrypt`
pub(super) async fn decrypt(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<DecryptRequest>,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let json = &body.value;
    let mut fields = Fields::default();
    let app_id = fields.app_id("app_id", json.app_id.as_deref());
    let given = given(
        "",
        (&json.encrypted_data, &json.iv),
        (json.raw_data.as_deref(), json.signature.as_deref()),
        &mut fields,
    );
    fields.finish()?;
    let use_case = app.decrypt_open_data.clone();
    let origin = context.origin.clone();
    let opened = detached(async move {
        use_case
            .execute(&caller, app_id.as_ref(), &given, &origin)
            .await
    })
    .await?;
    let clear: Map<String, Value> =
        serde_json::from_str(&opened.client_json).map_err(ApiError::internal)?;
    context.ok(("成功", "Done"), &ClearOpenData(clear))
}
