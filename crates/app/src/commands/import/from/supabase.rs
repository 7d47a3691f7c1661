//! Supabase: the `users` of `GET /auth/v1/admin/users`.
//!
//! Source: `internal/api/phone.go` of supabase/auth (numbers are kept in E.164 form
//! without `+`) and the user object of its admin API (`phone_confirmed_at`,
//! `user_metadata`, `banned_until`, `deleted_at`). Supabase signs nobody in by WeChat:
//! whoever added that keeps openids in columns of their own.

use chrono::DateTime;

use super::{DELETED, Hints, Told};
use crate::commands::import::fields::Fields;
use crate::commands::import::given::Given;

pub(super) fn read(fields: &mut Fields<'_>, hints: &Hints) -> (Option<String>, Told) {
    let old_id = fields.old_id("id");
    if fields.time("deleted_at").is_some() {
        return (old_id, Told::Skipped(DELETED));
    }
    let confirmed = fields.time("phone_confirmed_at").is_some();
    let number = fields.text("phone").filter(|_| confirmed);
    let shown = |name: &str| {
        let value = fields.object("user_metadata")?.get(name)?;
        value.as_str().map(ToOwned::to_owned)
    };
    let given = Given {
        phone: number.map(|digits| format!("+{}", digits.trim_start_matches('+'))),
        nickname: shown("name").or_else(|| shown("full_name")),
        avatar_url: shown("avatar_url"),
        created_at: fields.time("created_at"),
        last_login_at: fields.time("last_sign_in_at"),
        disabled: fields
            .time("banned_until")
            .unwrap_or(DateTime::UNIX_EPOCH)
            .gt(&hints.now),
        ..Given::default()
    };
    (old_id, Told::Person(Box::new(given)))
}
