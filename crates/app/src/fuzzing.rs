//! The readers of settings and of bodies, for the fuzz targets.

use std::collections::BTreeMap;

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use serde::de::DeserializeOwned;

use crate::http::admin::{records, search, test_numbers, users, webhooks};
use crate::http::avatar_part;
use crate::http::body::parse;
use crate::http::error::ApiError;
use crate::http::{codes, login, login_wechat, me, open_data, step_up, token};
use crate::settings::given::Given;
use crate::settings::reader::Report;
use crate::settings::{self, Settings, source};

/// The settings of a file with this text under this environment; what is wrong with
/// the text if it is not TOML. Settings that name a file are left out, so that no
/// file is read.
///
/// # Errors
///
/// The words that an operator would read.
pub fn settings(
    file: &str,
    environment: impl Iterator<Item = (String, String)>,
    now: DateTime<Utc>,
) -> Result<(Settings, Report), String> {
    let mut given: BTreeMap<String, Given> = source::of_text(file, environment)?;
    given.retain(|key, _| !key.ends_with("_file"));
    Ok(settings::read(given, now))
}

/// The file of a form whose parts stand between `boundary`, if it has one.
#[must_use]
pub fn file_of_form(body: &[u8], boundary: &str) -> Option<Vec<u8>> {
    let body = Bytes::copy_from_slice(body);
    // A body that is there whole keeps nobody waiting.
    let read = avatar_part::the_file(body, boundary.to_owned()).now_or_never();
    read?.ok()
}

/// What a client is told of a body that was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct RefusedBody {
    /// The contract's word.
    pub code: &'static str,
    /// The members that are named.
    pub fields: Vec<String>,
}

impl From<ApiError> for RefusedBody {
    fn from(error: ApiError) -> Self {
        Self {
            code: error.kind.code,
            fields: error
                .details
                .fields
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
        }
    }
}

/// Reads a text as one kind of body, and forgets it.
pub type ReadBody = fn(&str) -> Result<(), RefusedBody>;

fn read<T: DeserializeOwned>(text: &str) -> Result<(), RefusedBody> {
    Ok(parse::<T>(text).map(drop)?)
}

/// Every kind of body that is read as JSON.
pub const BODIES: &[(&str, ReadBody)] = &[
    ("sms login", read::<login::SmsLogin>),
    ("wechat login", read::<login_wechat::WeChatLogin>),
    ("oauth login", read::<login_wechat::OAuthLogin>),
    ("wechat phone login", read::<login_wechat::WeChatPhoneLogin>),
    ("code", read::<codes::CodeRequest>),
    ("refresh", read::<token::RefreshRequest>),
    ("logout", read::<token::LogoutRequest>),
    ("profile", read::<me::ProfilePatch>),
    ("phone", read::<me::PhoneBinding>),
    ("wechat", read::<me::WeChatBinding>),
    ("step-up", read::<step_up::StepUpRequest>),
    ("open data", read::<open_data::DecryptRequest>),
    ("search", read::<search::UserSearch>),
    ("act", read::<users::ActRequest>),
    ("detach", read::<users::DetachRequest>),
    ("merge", read::<users::MergeRequest>),
    ("webhook replay", read::<webhooks::WebhookReplayRequest>),
    ("test number", read::<test_numbers::NewTestNumberJson>),
    ("sends", read::<records::SendSearch>),
];
