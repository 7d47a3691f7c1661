//! All that is held about the signed-in person.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::account::Identity;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::personal_records::{Consent, HistoryEntry, MessageEntry, Newest};
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::services::export_account::Export;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::account_json::{UserJson, time};
use crate::http::bearer::bearer;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;

/// All that is held about the person: no key, no token, no hash, and nothing of
/// anybody else.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportJson {
    /// When it was put together: RFC 3339, as all times here.
    #[schema(example = "2026-01-01T08:00:00.000Z")]
    exported_at: String,
    /// The account.
    user: UserJson,
    /// How the phone number was proven last: `sms`, `wechat` or, on an operator's word only, `imported`.
    phone_proof: Option<&'static str>,
    /// What the person agreed to at the start.
    consent: Option<ConsentGivenJson>,
    /// The openids, masked.
    openids: Vec<OpenIdJson>,
    /// On which platforms the account has a unionid, which is masked.
    union_ids: Vec<MaskedUnionIdJson>,
    /// The sessions that are kept, newest first, live and ended.
    sessions: Vec<SessionRecordJson>,
    /// What the audit log tells of the account, newest first.
    history: Vec<HistoryJson>,
    /// The messages to the number since the account has it, newest first.
    messages: Vec<MessageJson>,
    /// Of which lists (`sessions`, `history`, `messages`) older entries were left
    /// out.
    truncated: Vec<&'static str>,
}

/// The terms that the person agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentGivenJson {
    /// Their version.
    version: String,
    /// When.
    at: String,
}

/// An openid.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenIdJson {
    /// The link's id, as in `user.identities`.
    identity_id: String,
    /// Its first characters.
    #[schema(example = "oAbCdE…")]
    openid_masked: String,
}

/// A unionid.
#[derive(Debug, Serialize, ToSchema)]
pub struct MaskedUnionIdJson {
    /// The Open Platform account, by the name that the deployment gives it.
    platform: String,
    /// Its first characters.
    #[schema(example = "uAbCdE…")]
    union_id_masked: String,
}

/// One login of one device.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionRecordJson {
    /// The session's id.
    id: String,
    /// `mini_program`, `app` or `web`.
    client_type: &'static str,
    /// The device's own name for itself.
    device_id: Option<String>,
    /// What people call the device.
    device_name: Option<String>,
    /// The client's version.
    version: Option<String>,
    /// The WeChat application that it was opened through.
    app_id: Option<String>,
    /// The address that opened it.
    address: String,
    /// The user agent that opened it.
    user_agent: Option<String>,
    /// When it was opened.
    created_at: String,
    /// When it was last refreshed.
    last_seen_at: String,
    /// When the person last proved who they are in it.
    proven_at: String,
    /// When it ends whatever happens.
    expires_at: String,
    /// When it ended.
    ended_at: Option<String>,
    /// Why it ended.
    end_reason: Option<&'static str>,
}

/// A row of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryJson {
    /// When it happened.
    at: String,
    /// What happened.
    #[schema(example = "login.succeeded")]
    action: String,
    /// How it was done.
    method: Option<String>,
    /// Why it came out so.
    reason: Option<String>,
    /// What it was about, masked.
    subject: Option<String>,
    /// From which network: /24 of IPv4, /48 of IPv6.
    #[schema(example = "203.0.113.0/24")]
    address: Option<String>,
    /// On which device, masked.
    device_id: Option<String>,
}

/// A message, without its code.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageJson {
    /// When it was asked for.
    at: String,
    /// `login`, `bind_phone` or `step_up`; `number_notice` told that an account had lost
    /// the number.
    purpose: String,
    /// Which client type asked for it; `operator` where an operator's act did.
    client_type: String,
    /// From which network it was asked for.
    source: String,
    /// What became of it, if that is known.
    verdict: Option<String>,
}

impl From<&Export> for ExportJson {
    fn from(export: &Export) -> Self {
        let (account, records) = (&export.account, &export.records);
        let openid = |identity: &Identity| OpenIdJson {
            identity_id: identity.id.to_string(),
            openid_masked: identity.openid.masked(),
        };
        let union_ids = account.union_ids.iter();
        let union_ids = union_ids.map(|(platform, union_id)| MaskedUnionIdJson {
            platform: platform.as_str().to_owned(),
            union_id_masked: union_id.masked(),
        });
        let left_out = [
            ("sessions", records.sessions.truncated),
            ("history", records.history.truncated),
            ("messages", export.messages.truncated),
        ];
        let truncated = left_out.into_iter().filter(|(_, truncated)| *truncated);
        Self {
            exported_at: time(export.at),
            user: account.into(),
            phone_proof: account.phone_proof.map(PhoneProof::as_str),
            consent: records.consent.as_ref().map(Into::into),
            openids: account.identities.iter().map(openid).collect(),
            union_ids: union_ids.collect(),
            sessions: all(&records.sessions),
            history: all(&records.history),
            messages: all(&export.messages),
            truncated: truncated.map(|(name, _)| name).collect(),
        }
    }
}

fn all<'a, T, J: From<&'a T>>(newest: &'a Newest<T>) -> Vec<J> {
    newest.rows.iter().map(J::from).collect()
}

impl From<&Consent> for ConsentGivenJson {
    fn from(consent: &Consent) -> Self {
        Self {
            version: consent.version.clone(),
            at: time(consent.at),
        }
    }
}

impl From<&Session> for SessionRecordJson {
    fn from(session: &Session) -> Self {
        let client = &session.client;
        Self {
            id: session.id.to_string(),
            client_type: session.client_type().as_str(),
            device_id: client.device().map(ToOwned::to_owned),
            device_name: client
                .device_name
                .as_ref()
                .map(|name| name.as_str().to_owned()),
            version: client
                .version
                .as_ref()
                .map(|version| version.as_str().to_owned()),
            app_id: session.app_id.as_ref().map(|id| id.as_str().to_owned()),
            address: session.address.to_string(),
            user_agent: session
                .user_agent
                .as_ref()
                .map(|agent| agent.as_str().to_owned()),
            created_at: time(session.created_at),
            last_seen_at: time(session.last_seen_at),
            proven_at: time(session.proven_at),
            expires_at: time(session.expires_at),
            ended_at: session.ended.map(|(at, _)| time(at)),
            end_reason: session.ended.map(|(_, reason)| EndReason::as_str(reason)),
        }
    }
}

impl From<&HistoryEntry> for HistoryJson {
    fn from(row: &HistoryEntry) -> Self {
        let row = row.clone();
        Self {
            at: time(row.at),
            action: row.action,
            method: row.method,
            reason: row.reason,
            subject: row.subject,
            address: row.address,
            device_id: row.device_id,
        }
    }
}

impl From<&MessageEntry> for MessageJson {
    fn from(row: &MessageEntry) -> Self {
        let row = row.clone();
        Self {
            at: time(row.at),
            purpose: row.purpose,
            client_type: row.client_type,
            source: row.source,
            verdict: row.verdict,
        }
    }
}

/// `GET /v1/me/export`
pub(super) async fn export(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let use_case = app.export_account.clone();
    let origin = context.origin.clone();
    let export = detached(async move { use_case.execute(&caller, &origin).await }).await?;
    context.ok(("成功", "Done"), &ExportJson::from(&export))
}
