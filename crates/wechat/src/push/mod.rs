//! Message push: what WeChat posts to us, in safe mode.

mod cipher;
mod event;
mod keys;
mod message;
mod signature;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::wechat::AppId;
use menshen_domain::model::wechat_push::PushEvent;
use menshen_domain::ports::wechat_push::{PushQuery, WeChatPush, WeChatPushError};

pub use keys::{MalformedPushKeys, PushKeys};

/// The longest body that is looked at; real ones are near 1 KiB.
const MAX_BODY: usize = 64 * 1024;
/// The longest `timestamp`, `nonce` or `echostr`.
const MAX_WORD: usize = 512;
/// How far the time of a message may be from ours.
const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// Reads pushed messages in safe mode.
///
/// Plain mode is never taken: its signature covers no body, so that whoever
/// sees one message could write any other.
///
/// Source: `WeChat` mini-program server, "message push".
#[derive(Debug)]
pub struct SafeModePush(HashMap<AppId, PushKeys>);

impl SafeModePush {
    /// A reader for applications with these keys; messages for others are
    /// [`NotConfigured`](WeChatPushError::NotConfigured).
    #[must_use]
    pub fn new(apps: impl IntoIterator<Item = (AppId, PushKeys)>) -> Self {
        Self(apps.into_iter().collect())
    }

    fn keys(&self, app: &AppId) -> Result<&PushKeys, WeChatPushError> {
        self.0.get(app).ok_or(WeChatPushError::NotConfigured)
    }
}

impl WeChatPush for SafeModePush {
    fn check_url(
        &self,
        app: &AppId,
        query: &PushQuery,
        now: DateTime<Utc>,
    ) -> Result<String, WeChatPushError> {
        let keys = self.keys(app)?;
        let stamp = Stamp::of(query)?;
        let claimed = word(query.signature.as_ref())?;
        signature::check(claimed, &[keys.token(), stamp.timestamp, stamp.nonce])?;
        stamp.is_fresh(now)?;
        Ok(word(query.echostr.as_ref())?.to_owned())
    }

    fn open(
        &self,
        app: &AppId,
        query: &PushQuery,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<PushEvent>, WeChatPushError> {
        let keys = self.keys(app)?;
        if body.len() > MAX_BODY {
            return Err(WeChatPushError::Unreadable);
        }
        if query.encrypt_type.as_deref() != Some("aes") {
            return Err(WeChatPushError::PlainMode);
        }
        let stamp = Stamp::of(query)?;
        let envelope = message::read(body).ok_or(WeChatPushError::Unreadable)?;
        let sealed = envelope.get("Encrypt").ok_or(WeChatPushError::PlainMode)?;
        let claimed = word(query.msg_signature.as_ref())?;
        signature::check(
            claimed,
            &[keys.token(), stamp.timestamp, stamp.nonce, sealed],
        )?;
        stamp.is_fresh(now)?;
        let clear = cipher::open(sealed, keys.aes_key()).ok_or(WeChatPushError::Unreadable)?;
        if clear.app_id != app.as_str().as_bytes() {
            return Err(WeChatPushError::Forged);
        }
        let members = message::read(&clear.message).ok_or(WeChatPushError::Unreadable)?;
        Ok(event::of(app, &members))
    }
}

/// When and with which nonce a message was signed.
struct Stamp<'a> {
    timestamp: &'a str,
    nonce: &'a str,
}

impl<'a> Stamp<'a> {
    fn of(query: &'a PushQuery) -> Result<Self, WeChatPushError> {
        Ok(Self {
            timestamp: word(query.timestamp.as_ref())?,
            nonce: word(query.nonce.as_ref())?,
        })
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> Result<(), WeChatPushError> {
        let at = self.timestamp.parse().ok();
        let at = at
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or(WeChatPushError::Unreadable)?;
        if (now - at).abs() > WINDOW {
            return Err(WeChatPushError::Stale);
        }
        Ok(())
    }
}

/// A value of the query: visible ASCII, not empty, bounded. It is answered as it
/// came in one case, so nothing else may be in it.
fn word(value: Option<&String>) -> Result<&str, WeChatPushError> {
    let value = value.ok_or(WeChatPushError::Unreadable)?;
    let fits = (1..=MAX_WORD).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(value.as_str())
        .ok_or(WeChatPushError::Unreadable)
}
