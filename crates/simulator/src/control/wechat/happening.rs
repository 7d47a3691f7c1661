//! Something that happened to somebody, as the control API is told of it.

use std::time::Duration;

use serde::Deserialize;

use super::super::failure::Failure;
use crate::config::AppKind;
use crate::state::{World, openid, unionid};
use crate::wechat::push::{Event, EventKind, Forgery, Format, Subscription, Variation};

/// How long `WeChat` waits for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// More copies of one message than this are not sent.
const MOST_COPIES: u32 = 10;
/// How old a delivery is that is called stale, in seconds.
const STALE: i64 = 600;

/// Something that an application is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Happening {
    person: String,
    app_id: Option<String>,
    event: EventKind,
    revoke_info: Option<String>,
    /// Unix seconds; the present when left out.
    create_time: Option<i64>,
    #[serde(default)]
    format: Format,
    /// The message again, with another nonce.
    #[serde(default)]
    pub(super) duplicates: u32,
    /// The last delivery again, byte for byte.
    #[serde(default)]
    pub(super) replays: u32,
    /// How long an answer is waited for.
    patience_ms: Option<u64>,
    #[serde(default)]
    pub(super) plain: bool,
    forged: Option<Forged>,
    stale: Option<Stale>,
    #[serde(default)]
    spaced_keys: bool,
    #[serde(default)]
    without_openid: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Forged {
    Any(bool),
    In(Forgery),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stale {
    Any(bool),
    Seconds(i64),
}

impl Happening {
    /// The plain truth about `person`, for one application.
    pub(super) fn of(
        person: &str,
        app_id: &str,
        event: EventKind,
        revoke_info: Option<String>,
    ) -> Self {
        Self {
            person: person.to_owned(),
            app_id: Some(app_id.to_owned()),
            event,
            revoke_info,
            create_time: None,
            format: Format::default(),
            duplicates: 0,
            replays: 0,
            patience_ms: None,
            plain: false,
            forged: None,
            stale: None,
            spaced_keys: false,
            without_openid: false,
        }
    }

    /// How long an answer is waited for: at most as long as `WeChat` does.
    pub(super) fn patience(&self) -> Duration {
        let asked = self.patience_ms.map_or(PATIENCE, Duration::from_millis);
        asked.min(PATIENCE)
    }

    /// What is unusual about its deliveries.
    pub(super) fn variation(&self) -> Result<Variation, Failure> {
        if self.duplicates > MOST_COPIES || self.replays > MOST_COPIES {
            return Err(Failure::bad_request(
                "duplicates and replays are at most 10",
            ));
        }
        let is_plain_text = |text: &str| {
            text.len() <= 64
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b',')
        };
        if !self.revoke_info.as_deref().is_none_or(is_plain_text) {
            return Err(Failure::bad_request(
                "revoke_info is a number, or several with commas",
            ));
        }
        Ok(Variation {
            format: self.format,
            forgery: match self.forged {
                None | Some(Forged::Any(false)) => None,
                Some(Forged::Any(true)) => Some(Forgery::Signature),
                Some(Forged::In(forgery)) => Some(forgery),
            },
            age: match self.stale {
                None | Some(Stale::Any(false)) => 0,
                Some(Stale::Any(true)) => STALE,
                Some(Stale::Seconds(seconds)) => seconds,
            },
        })
    }

    /// Where it is told, and what.
    pub(super) fn resolve(
        &self,
        world: &World,
        now: i64,
    ) -> Result<(Subscription, Event), Failure> {
        let mut apps = world.config.apps.iter();
        let app = match &self.app_id {
            Some(app_id) => apps.find(|app| app.app_id == *app_id),
            None => apps.find(|app| world.consoles.of(&app.app_id).push.is_some()),
        };
        let subscription = app.map(|app| (app, world.consoles.of(&app.app_id).push.clone()));
        let Some((app, Some(subscription))) = subscription else {
            return Err(Failure::conflict(
                "the application has no message push: PUT /control/wechat/push",
            ));
        };
        if world.people.find(&self.person).is_none() {
            return Err(Failure::no_person(&self.person));
        }
        let platform = app
            .platform
            .as_ref()
            .filter(|_| app.kind != AppKind::MiniProgram);
        let event = Event {
            kind: self.event,
            app_id: app.app_id.clone(),
            openid: openid(&app.app_id, &self.person),
            unionid: platform.map(|platform| unionid(platform, &self.person)),
            revoke_info: self.revoke_info.clone(),
            created_at: self.create_time.unwrap_or(now),
            spaced_keys: self.spaced_keys,
            without_openid: self.without_openid,
        };
        Ok((subscription, event))
    }
}
