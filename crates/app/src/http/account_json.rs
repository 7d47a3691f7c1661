//! The account and the login as clients see them.

use chrono::{DateTime, SecondsFormat, Utc};
use menshen_domain::model::account::Account;
use menshen_domain::model::session::Session;
use menshen_domain::model::token::TokenPair;
use menshen_domain::services::bind::Bound;
use menshen_domain::services::login::SignedIn;
use menshen_domain::services::refresh::Refreshed;
use serde::Serialize;
use utoipa::ToSchema;

/// RFC 3339 in UTC.
#[must_use]
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The account. openid and unionid are never sent to a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserJson {
    /// The account's id, the `sub` of access tokens.
    #[schema(example = "0198c0de-7c1a-7000-8000-4f2a9b1c3d5e")]
    id: String,
    /// The proven phone number in E.164 form.
    #[schema(example = "+8613800138000")]
    phone: Option<String>,
    /// The number with its middle hidden.
    #[schema(example = "138****8000")]
    phone_masked: Option<String>,
    /// The name that is shown.
    #[schema(example = "用户k3v8qd")]
    nickname: String,
    /// The picture that is shown.
    avatar_url: Option<String>,
    /// `YYYY-MM-DD`.
    #[schema(example = "1995-08-17")]
    birthday: Option<String>,
    /// A few words.
    bio: Option<String>,
    /// The linked identities.
    identities: Vec<IdentityJson>,
    /// RFC 3339.
    #[schema(example = "2026-01-01T08:00:00.000Z")]
    created_at: String,
    /// RFC 3339.
    updated_at: String,
    /// RFC 3339.
    last_login_at: String,
}

/// A linked identity.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityJson {
    /// The link's id.
    id: String,
    /// `wechat_mini_program`, `wechat_app` or `wechat_website`.
    #[schema(example = "wechat_mini_program")]
    provider: &'static str,
    /// The WeChat application.
    app_id: String,
    /// RFC 3339.
    linked_at: String,
}

impl From<&Account> for UserJson {
    fn from(account: &Account) -> Self {
        let identities = account.identities.iter().map(|identity| IdentityJson {
            id: identity.id.to_string(),
            provider: identity.provider.as_str(),
            app_id: identity.app_id.as_str().to_owned(),
            linked_at: time(identity.linked_at),
        });
        let profile = &account.profile;
        Self {
            id: account.id.to_string(),
            phone: account
                .phone
                .as_ref()
                .map(|phone| phone.as_e164().to_owned()),
            phone_masked: account
                .phone
                .as_ref()
                .map(menshen_domain::model::phone_number::PhoneNumber::masked),
            nickname: profile.nickname.as_str().to_owned(),
            avatar_url: profile
                .avatar_url
                .as_ref()
                .map(|url| url.as_str().to_owned()),
            birthday: profile.birthday.map(|day| day.as_date().to_string()),
            bio: profile.bio.as_ref().map(|bio| bio.as_str().to_owned()),
            identities: identities.collect(),
            created_at: time(account.created_at),
            updated_at: time(account.updated_at),
            last_login_at: time(account.last_login_at),
        }
    }
}

/// A signed-in person: tokens, session and account.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginJson {
    /// The short-lived JWT for any backend.
    access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 3600)]
    expires_in: u64,
    /// The token that gets the next pair; each use gives a new one.
    refresh_token: String,
    /// Seconds until the refresh token expires unused.
    #[schema(example = 2_592_000)]
    refresh_expires_in: u64,
    /// The session, the `sid` of access tokens.
    session_id: String,
    /// Whether this login made the account; not in the answer of a refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_new_user: Option<bool>,
    /// Whether the deployment asks for a phone number that the account lacks.
    phone_required: bool,
    /// Which parts of the evidence (`phone`, `wechat`) the account did not take
    /// in, because it holds others in their place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_attached: Vec<&'static str>,
    /// The account.
    user: UserJson,
}

impl LoginJson {
    fn new(tokens: &TokenPair, session: &Session, account: &Account, phone_required: bool) -> Self {
        Self {
            access_token: tokens.access_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: tokens.expires_in.as_secs(),
            refresh_token: tokens.refresh_token.expose().to_owned(),
            refresh_expires_in: tokens.refresh_expires_in.as_secs(),
            session_id: session.id.to_string(),
            is_new_user: None,
            phone_required,
            not_attached: Vec::new(),
            user: account.into(),
        }
    }
}

impl From<&SignedIn> for LoginJson {
    fn from(login: &SignedIn) -> Self {
        Self {
            is_new_user: Some(login.is_new_user),
            not_attached: login
                .not_attached
                .iter()
                .map(|part| part.as_str())
                .collect(),
            ..Self::new(
                &login.tokens,
                &login.session,
                &login.account,
                login.phone_required,
            )
        }
    }
}

impl From<&Refreshed> for LoginJson {
    fn from(refreshed: &Refreshed) -> Self {
        Self::new(
            &refreshed.tokens,
            &refreshed.session,
            &refreshed.account,
            refreshed.phone_required,
        )
    }
}

/// What a binding answers: after a merge, and whenever the scope changes, with
/// a fresh token pair.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BoundJson {
    /// The caller's tokens stay.
    Kept {
        /// The account.
        user: UserJson,
        /// Whether two accounts became one.
        merged: bool,
    },
    /// The caller goes on with a fresh pair.
    Moved {
        /// Whether two accounts became one.
        merged: bool,
        /// As a login answers.
        #[serde(flatten)]
        login: LoginJson,
    },
}

impl From<&Bound> for BoundJson {
    fn from(bound: &Bound) -> Self {
        match bound {
            Bound::Kept(account) => Self::Kept {
                user: (&**account).into(),
                merged: false,
            },
            Bound::Moved { signed_in, merged } => Self::Moved {
                merged: *merged,
                login: (&**signed_in).into(),
            },
        }
    }
}
