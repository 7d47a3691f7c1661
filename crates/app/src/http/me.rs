//! The signed-in person: account, profile, ways in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::profile::{AvatarUrl, Bio, Birthday, Edit, Nickname, ProfileEdit};
use menshen_domain::services::bind::Bound;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::account_json::{BoundJson, UserJson};
use crate::http::bearer::bearer;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::hosted::proof;
use crate::http::kinds::Fault;
use crate::http::malformed_code::malformed_code;

const OK: (&str, &str) = ("成功", "Done");
const SAVED: (&str, &str) = ("已保存", "Saved");
const BOUND: (&str, &str) = ("绑定成功", "Bound");

/// Changes of a profile; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    /// 1 to 32 characters; cleared, it becomes a random one.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "小明")]
    nickname: Patch,
    /// An https address of at most 512 bytes.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    avatar_url: Patch,
    /// `YYYY-MM-DD`, past, 1900 or later.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "1995-08-17")]
    birthday: Patch,
    /// At most 200 characters; line breaks are allowed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    bio: Patch,
}

/// A member that may be left out, null, or text.
#[derive(Debug, Default)]
enum Patch {
    #[default]
    LeftOut,
    Null,
    Text(String),
}

impl<'de> Deserialize<'de> for Patch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Text))
    }
}

/// A phone number to bind: with its SMS code, or by WeChat's button.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneBinding {
    /// The number; with `code`.
    #[schema(example = "13800138000")]
    phone: Option<String>,
    /// The six digits of a message of purpose `bind_phone`.
    #[schema(example = "482913")]
    code: Option<String>,
    /// Which ask for a code is answered.
    challenge_id: Option<String>,
    /// The code of the getPhoneNumber button, instead of `phone` and `code`.
    phone_code: Option<String>,
    /// The application of the button, where there are several.
    app_id: Option<String>,
}

/// A WeChat identity to link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeChatBinding {
    /// The code of `wx.login`, or of WeChat's OAuth2 consent; may be left out on
    /// WeChat cloud hosting.
    code: Option<String>,
    /// The application, where there are several.
    app_id: Option<String>,
}

/// `GET /v1/me`
pub(super) async fn show(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    context.ok(OK, &UserJson::from(&caller.account))
}

/// `PATCH /v1/me`
pub(super) async fn edit(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<ProfilePatch>,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let json = &body.value;
    let now = app.clock.now();
    let mut fields = Fields::default();
    let edit = ProfileEdit {
        nickname: changed(&mut fields, "nickname", &json.nickname, |text| {
            Nickname::parse(text).ok()
        }),
        avatar_url: changed(&mut fields, "avatar_url", &json.avatar_url, |text| {
            AvatarUrl::parse(text).ok()
        }),
        birthday: changed(&mut fields, "birthday", &json.birthday, |text| {
            Birthday::parse(text, now).ok()
        }),
        bio: changed(&mut fields, "bio", &json.bio, |text| Bio::parse(text).ok()),
    };
    fields.finish()?;
    let use_case = app.edit_profile.clone();
    let origin = context.origin.clone();
    let account =
        detached(async move { use_case.execute(caller.account.id, &edit, &origin).await }).await?;
    context.ok(SAVED, &UserJson::from(&account))
}

fn changed<T>(
    fields: &mut Fields,
    name: &str,
    given: &Patch,
    parse: impl Fn(&str) -> Option<T>,
) -> Edit<T> {
    match given {
        Patch::LeftOut => Edit::Keep,
        Patch::Null => Edit::Clear,
        Patch::Text(text) => parse(text).map_or_else(
            || {
                fields.fault(name, Fault::Value);
                Edit::Keep
            },
            Edit::Set,
        ),
    }
}

/// `POST /v1/me/phone`
pub(super) async fn bind_phone(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Result<Body<PhoneBinding>, ApiError>,
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
    let use_case = app.bind_phone.clone();
    let origin = context.origin.clone();
    let bound = match (&json.phone, &json.code, &json.phone_code) {
        (Some(phone), Some(code), None) if json.app_id.is_none() => {
            let (phone, code) = (fields.phone(phone), fields.sms_code(code));
            if let Err(error) = fields.finish() {
                return Err(malformed_code(&app, &context, error).await);
            }
            let (Some(phone), Some(code)) = (phone, code) else {
                return Err(ApiError::internal("a member was neither right nor wrong"));
            };
            detached(async move {
                use_case
                    .with_sms(&caller, &phone, &code, challenge, &origin)
                    .await
            })
            .await?
        }
        (None, None, Some(phone_code)) if challenge.is_none() => {
            let phone_code = fields.phone_code(phone_code);
            fields.finish()?;
            let phone_code = phone_code
                .ok_or_else(|| ApiError::internal("a member was neither right nor wrong"))?;
            detached(async move {
                use_case
                    .with_button(&caller, &phone_code, app_id.as_ref(), &origin)
                    .await
            })
            .await?
        }
        (phone, code, button) => {
            fields.fault(
                missing(phone.is_some(), code.is_some(), button.is_some()),
                Fault::Required,
            );
            fields.finish()?;
            return Err(ApiError::internal("a binding was neither right nor wrong"));
        }
    };
    answer(&context, &bound)
}

/// Which member a binding lacks, or has too much of.
fn missing(phone: bool, code: bool, button: bool) -> &'static str {
    match (phone, code, button) {
        (true, false, false) => "code",
        (false, _, false) => "phone",
        _ => "phone_code",
    }
}

/// `POST /v1/me/wechat`
pub(super) async fn link_wechat(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<WeChatBinding>,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let json = &body.value;
    let mut fields = Fields::default();
    let mut app_id = fields.app_id("app_id", json.app_id.as_deref());
    let code = ("code", json.code.as_deref());
    let shown = proof(&app, &context, &http, code, &mut app_id, &mut fields).await?;
    fields.finish()?;
    let shown = shown.ok_or_else(|| ApiError::internal("a member was neither right nor wrong"))?;
    let use_case = app.link_wechat.clone();
    let origin = context.origin.clone();
    let bound = detached(async move {
        use_case
            .execute(&caller, &shown, app_id.as_ref(), &origin)
            .await
    })
    .await?;
    answer(&context, &bound)
}

fn answer(context: &Context, bound: &Bound) -> Result<HttpResponse, ApiError> {
    context.ok(BOUND, &BoundJson::from(bound))
}
