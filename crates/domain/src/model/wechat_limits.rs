//! Which limits calls of WeChat are counted against.

use std::time::Duration;

use crate::model::identifiers::SessionId;
use crate::model::limits::{LimitKey, LimitRule, Window, Windows};
use crate::model::wechat::{AppId, OpenId};

/// The limits of calls that cost money or work; zero turns one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeChatLimits {
    /// `wechat.phone_day`: billed phone-number calls of an application.
    pub phone_day: u32,
    /// `wechat.phone_per_user_day`: billed phone-number calls for one person of
    /// an application.
    pub phone_per_user_day: u32,
    /// `wechat.decrypt_per_session`: open data decrypted for a session and minute,
    /// and in logins for a person and minute.
    pub decrypt_per_session: u32,
}

impl WeChatLimits {
    /// The windows that one exchange of a phone code is counted against.
    #[must_use]
    pub fn for_phone_call(&self, app: &AppId, openid: &OpenId) -> Vec<Window> {
        const DAY: Duration = Duration::from_hours(24);
        let rule = LimitRule::PhoneCalls;
        let mut windows = Windows(Vec::with_capacity(2));
        windows.add(rule, LimitKey::PhoneCalls(app.clone()), self.phone_day, DAY);
        let person = LimitKey::PhoneCallsFor(app.clone(), openid.clone());
        windows.add(rule, person, self.phone_per_user_day, DAY);
        windows.0
    }

    /// The window that decrypting open data once is counted against.
    #[must_use]
    pub fn for_open_data(&self, session: SessionId) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(1));
        windows.add(
            LimitRule::OpenData,
            LimitKey::OpenData(session),
            self.decrypt_per_session,
            Duration::from_mins(1),
        );
        windows.0
    }

    /// The window that opening data within a login counts against. A code whose
    /// data is refused stays good, so nothing else bounds the tries, and each tells
    /// whether what was made up decrypts to something that makes sense.
    #[must_use]
    pub fn for_open_data_of(&self, app: &AppId, openid: &OpenId) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(1));
        windows.add(
            LimitRule::OpenData,
            LimitKey::OpenDataOf(app.clone(), openid.clone()),
            self.decrypt_per_session,
            Duration::from_mins(1),
        );
        windows.0
    }
}
