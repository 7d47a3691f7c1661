//! The OpenAPI 3.1 description, made from the types and failures that the
//! handlers use.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, LicenseBuilder, OpenApi,
    OpenApiBuilder, PathItem, Ref, RefOr, Required, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::http::account_json::{BoundJson, LoginJson, UserJson};
use crate::http::admin::counters_json::CountersJson;
use crate::http::admin::json::{
    AccountLineJson, ApplicationsJson, AuditPageJson, DoneJson, FoundJson, OperatorJson,
    SendPageJson, SigningKeysJson, TestNumberJson, TestNumbersJson, WebhookDeliveriesJson,
    WebhookReplayJson, WholeAccountJson,
};
use crate::http::admin::{
    ActRequest, DetachRequest, EndedPartJson, EverybodyRequest, MergeRequest, NewTestNumberJson,
    SendSearch, UserSearch, WebhookReplayRequest,
};
use crate::http::avatar::AvatarForm;
use crate::http::codes::{CodeRequest, CodeSentJson};
use crate::http::devices::SessionsJson;
use crate::http::export::ExportJson;
use crate::http::introspect::{IntrospectionJson, TokenForm};
use crate::http::kinds::Kind;
use crate::http::login::SmsLogin;
use crate::http::login_wechat::{OAuthLogin, WeChatLogin, WeChatPhoneLogin};
use crate::http::me::{PhoneBinding, ProfilePatch, WeChatBinding};
use crate::http::open_data::{ClearOpenData, DecryptRequest};
use crate::http::operations::{self, Operation as Described, Schemas, TAGS};
use crate::http::own_account::{CancelledJson, UnlinkedJson};
use crate::http::step_up::{StepUpJson, StepUpRequest};
use crate::http::token::{LogoutJson, LogoutRequest, RefreshRequest};

/// The version of what is described, as in `/v1`: which build serves it is for operators
/// to know.
const API_VERSION: &str = "1";

static DOCUMENT: LazyLock<String> = LazyLock::new(|| describe().to_json().unwrap_or_default());

/// `GET /openapi.json`
pub(super) async fn serve() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(DOCUMENT.as_str())
}

/// The whole description.
#[must_use]
pub fn describe() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for described in operations::all() {
        paths = paths.path(
            described.path,
            PathItem::new(method(described.method), operation(described)),
        );
    }
    let mut components = ComponentsBuilder::new().schema("Failure", failure_schema());
    for (name, schema) in schemas() {
        components = components.schema(name, schema);
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token, in the `Authorization` header and nowhere else (RFC 6750).",
        ))
        .build();
    let admin_key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key of `admin.keys`, in the `Authorization` header and nowhere else.",
        ))
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Menshen 门神")
                .version(API_VERSION)
                .description(Some(INTRODUCTION))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .tags(Some(TAGS.iter().map(|(name, description)| {
            TagBuilder::new()
                .name(*name)
                .description(Some(*description))
                .build()
        })))
        .paths(paths.build())
        .components(Some(
            components
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .security_scheme("admin_key", SecurityScheme::Http(admin_key))
                .build(),
        ))
        .build()
}

const INTRODUCTION: &str = "The login service for mini-programs and apps.\n\n\
    Every answer under `/v1` is an envelope: `{\"code\":\"ok\",\"message\":…,\"data\":…}` for a success, and \
    `{\"code\":…,\"message\":…,\"request_id\":…}` for a failure, whose status is never 200. `code` is for programs, \
    `message` for people: in Chinese, and in English when `Accept-Language` prefers it. Unknown members of a body are refused.";

fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = Vec::new();
    add::<SmsLogin>(&mut all);
    add::<WeChatLogin>(&mut all);
    add::<OAuthLogin>(&mut all);
    add::<WeChatPhoneLogin>(&mut all);
    add::<DecryptRequest>(&mut all);
    add::<ClearOpenData>(&mut all);
    add::<CodeRequest>(&mut all);
    add::<RefreshRequest>(&mut all);
    add::<LogoutRequest>(&mut all);
    add::<ProfilePatch>(&mut all);
    add::<AvatarForm>(&mut all);
    add::<PhoneBinding>(&mut all);
    add::<WeChatBinding>(&mut all);
    add::<StepUpRequest>(&mut all);
    add::<StepUpJson>(&mut all);
    add::<LoginJson>(&mut all);
    add::<CodeSentJson>(&mut all);
    add::<LogoutJson>(&mut all);
    add::<UserJson>(&mut all);
    add::<BoundJson>(&mut all);
    add::<SessionsJson>(&mut all);
    add::<UnlinkedJson>(&mut all);
    add::<CancelledJson>(&mut all);
    add::<ExportJson>(&mut all);
    add_administration(&mut all);
    all
}

fn add_administration(all: &mut Vec<(String, RefOr<Schema>)>) {
    add::<TokenForm>(all);
    add::<IntrospectionJson>(all);
    add::<UserSearch>(all);
    add::<ActRequest>(all);
    add::<EverybodyRequest>(all);
    add::<EndedPartJson>(all);
    add::<DetachRequest>(all);
    add::<MergeRequest>(all);
    add::<SendSearch>(all);
    add::<NewTestNumberJson>(all);
    add::<OperatorJson>(all);
    add::<ApplicationsJson>(all);
    add::<FoundJson>(all);
    add::<AccountLineJson>(all);
    add::<WholeAccountJson>(all);
    add::<AuditPageJson>(all);
    add::<SendPageJson>(all);
    add::<CountersJson>(all);
    add::<SigningKeysJson>(all);
    add::<TestNumberJson>(all);
    add::<TestNumbersJson>(all);
    add::<DoneJson>(all);
    add::<WebhookReplayRequest>(all);
    add::<WebhookDeliveriesJson>(all);
    add::<WebhookReplayJson>(all);
}

fn add<T: ToSchema + PartialSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

fn method(name: &str) -> HttpMethod {
    match name {
        "POST" => HttpMethod::Post,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(described: &Described) -> Operation {
    let id = format!("{} {}", described.method.to_lowercase(), described.path);
    let id: String = id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let mut operation = OperationBuilder::new()
        .tag(described.tag)
        .operation_id(Some(id))
        .summary(Some(described.summary))
        .description(Some(described.description))
        .response("200", success(described));
    if described.admin_key {
        operation = operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(
            "admin_key",
            [],
        ));
    }
    if described.bearer {
        operation =
            operation.security(SecurityRequirement::new::<_, [&str; 0], &str>("bearer", []));
    }
    for name in path_parameters(described.path) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True);
        operation = operation.parameter(parameter.schema(Some(text())).build());
    }
    for name in described.query {
        let member = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Query)
            .required(Required::True);
        operation = operation.parameter(member.schema(Some(text())).build());
    }
    for (name, meaning) in described.optional_query {
        let member = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(*meaning));
        operation = operation.parameter(member.schema(Some(text())).build());
    }
    if described.idempotent {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("At most 64 printable bytes: the same key with the same body within 60 s answers the same session."));
        operation = operation.parameter(key.schema(Some(text())).build());
    }
    if let Some(body) = described.body {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(body)))
            .build();
        let required = if described.body_required {
            Required::True
        } else {
            Required::False
        };
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content("application/json", content)
                .required(Some(required))
                .build(),
        ));
    }
    if let Some(parts) = described.parts {
        operation = operation.request_body(Some(form_of("multipart/form-data", parts)));
    }
    if let Some(form) = described.form {
        let body = form_of("application/x-www-form-urlencoded", form);
        operation = operation.request_body(Some(body));
    }
    if !described.pushed.is_empty() {
        let mut body = RequestBodyBuilder::new().required(Some(Required::True));
        for media_type in described.pushed {
            body = body.content(*media_type, ContentBuilder::new().build());
        }
        operation = operation.request_body(Some(body.build()));
    }
    for (status, kinds) in described.failures() {
        // Readiness has a form of its own, ready or not.
        let response = if described.path == "/readyz" && status == 503 {
            success(described)
                .description("Not ready: a dependency is down, or the process is leaving")
        } else {
            failure(&kinds)
        };
        operation = operation.response(status.to_string(), response);
    }
    operation.build()
}

/// A body that must be there, of this schema.
fn form_of(media_type: &str, schema: &str) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
    RequestBodyBuilder::new()
        .content(media_type, content.build())
        .required(Some(Required::True))
        .build()
}

/// The names in braces.
fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn success(described: &Described) -> ResponseBuilder {
    let mut response = ResponseBuilder::new().description("Success");
    if described.path == "/v1/auth/verify" {
        for name in ["X-User-Id", "X-Session-Id", "X-Client-Type"] {
            response = response.header(name, HeaderBuilder::new().schema(Some(text())).build());
        }
    }
    match described.answer {
        Schemas::Nothing => response,
        Schemas::Text(media_type) => response.content(
            media_type,
            ContentBuilder::new().schema(Some(text())).build(),
        ),
        Schemas::Json => {
            let any = ObjectBuilder::new().build();
            response.content(
                "application/json",
                ContentBuilder::new()
                    .schema(Some(Schema::from(any)))
                    .build(),
            )
        }
        Schemas::Plain(schema) => {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
            response.content("application/json", content.build())
        }
        Schemas::Envelope(data) => {
            let envelope = ObjectBuilder::new()
                .property(
                    "code",
                    ObjectBuilder::new()
                        .schema_type(SchemaType::Type(Type::String))
                        .enum_values(Some(["ok"])),
                )
                .property("message", text())
                .property("data", Ref::from_schema_name(data))
                .required("code")
                .required("message")
                .required("data")
                .build();
            response.content(
                "application/json",
                ContentBuilder::new()
                    .schema(Some(Schema::from(envelope)))
                    .build(),
            )
        }
    }
}

fn failure(kinds: &[&'static Kind]) -> ResponseBuilder {
    let words: Vec<String> = kinds
        .iter()
        .map(|kind| format!("- `{}`: {}", kind.code, kind.en))
        .collect();
    let examples = kinds.iter().map(|kind| {
        let example = ExampleBuilder::new().value(Some(example(kind)));
        (kind.code, example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Failure")))
        .examples_from_iter(examples);
    let response = ResponseBuilder::new()
        .description(words.join("\n"))
        .content("application/json", content.build());
    match kinds.first().map(|kind| kind.status) {
        Some(429 | 503) => response.header(
            "Retry-After",
            HeaderBuilder::new().schema(Some(text())).build(),
        ),
        Some(401) => response.header(
            "WWW-Authenticate",
            HeaderBuilder::new().schema(Some(text())).build(),
        ),
        _ => response,
    }
}

fn example(kind: &Kind) -> Value {
    let mut example = json!({ "code": kind.code, "message": kind.zh, "request_id": "4f2a9b1c3d5e6f708192a3b4c5d6e7f8" });
    let extra = match kind.code {
        "invalid_request" | "invalid_phone" => {
            let field =
                json!({ "field": "phone", "code": "invalid_phone", "message": "手机号不正确" });
            Some(("errors", json!([field])))
        }
        "session_revoked" => Some(("reason", json!("signed_out"))),
        "sms_code_incorrect" => Some(("attempts_left", json!(3))),
        "consent_required" => Some(("version", json!("2026-01"))),
        "account_cancelling" => Some(("purge_at", json!("2026-02-01T08:00:00.000Z"))),
        "step_up_required" => Some(("methods", json!(["sms", "wechat"]))),
        _ if kind.status == 429 => Some(("retry_after", json!(37))),
        _ => None,
    };
    if let Some((name, value)) = extra {
        example[name] = value;
    }
    example
}

fn failure_schema() -> Schema {
    let field = ObjectBuilder::new()
        .property("field", text())
        .property("code", text())
        .property("message", text());
    let number = || ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer));
    let failure = ObjectBuilder::new()
        .description(Some(
            "What every failure answers; members that do not apply are left out.",
        ))
        .property("code", text())
        .property("message", text())
        .property("request_id", text())
        .property(
            "errors",
            utoipa::openapi::schema::ArrayBuilder::new().items(field),
        )
        .property(
            "retry_after",
            number().description(Some("Seconds, as in `Retry-After`.")),
        )
        .property("attempts_left", number())
        .property("reason", text())
        .property("purge_at", text())
        .property(
            "error",
            described_text("OAuth's word, where a service asked about a token."),
        )
        .property("error_description", text())
        .property("version", text())
        .property(
            "methods",
            utoipa::openapi::schema::ArrayBuilder::new().items(RefOr::T(text())),
        )
        .required("code")
        .required("message")
        .required("request_id");
    failure.build().into()
}

fn described_text(words: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some(words))
        .build()
        .into()
}

fn text() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .build()
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::schemas;

    /// Two types of one name would share a schema that is right for one of them.
    #[test]
    fn a_name_has_one_schema() {
        let mut seen = BTreeMap::new();
        for (name, schema) in schemas() {
            let earlier = seen.entry(name.clone()).or_insert_with(|| schema.clone());
            assert!(*earlier == schema, "{name} is two things");
        }
    }
}
