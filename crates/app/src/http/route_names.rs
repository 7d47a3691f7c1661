//! What a route is called where it is counted: by its pattern, and never by a path
//! that somebody made up.

/// For paths that are none of ours.
pub const OTHER: &str = "other";

/// The simulator's control API, in development.
const SIMULATOR: &str = "/simulator";

/// Every route of the table in [`routes`](super::routes), and the simulator's.
pub const PATTERNS: &[&str] = &[
    "/.well-known/jwks.json",
    "/admin/v1/applications",
    "/admin/v1/audit-events",
    "/admin/v1/counters",
    "/admin/v1/key",
    "/admin/v1/sends/search",
    "/admin/v1/sessions/end",
    "/admin/v1/signing-keys",
    "/admin/v1/signing-keys/{kid}",
    "/admin/v1/test-numbers",
    "/admin/v1/test-numbers/{id}",
    "/admin/v1/users/merge",
    "/admin/v1/users/search",
    "/admin/v1/users/{id}",
    "/admin/v1/users/{id}/detach-phone",
    "/admin/v1/users/{id}/disable",
    "/admin/v1/users/{id}/enable",
    "/admin/v1/users/{id}/sessions",
    "/admin/v1/users/{id}/sessions/{session_id}",
    "/admin/v1/webhooks/deliveries",
    "/admin/v1/webhooks/deliveries/replay",
    "/avatars/{name}",
    "/console",
    "/console/{file}",
    "/docs",
    "/docs/{file}",
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/playground",
    "/playground/{file}",
    "/readyz",
    SIMULATOR,
    "/v1/auth/verify",
    "/v1/login/sms",
    "/v1/login/wechat",
    "/v1/login/wechat-oauth",
    "/v1/login/wechat-phone",
    "/v1/logout",
    "/v1/me",
    "/v1/me/avatar",
    "/v1/me/export",
    "/v1/me/identities/{id}",
    "/v1/me/phone",
    "/v1/me/sessions",
    "/v1/me/sessions/{id}",
    "/v1/me/step-up",
    "/v1/me/wechat",
    "/v1/me/wechat/decrypt",
    "/v1/sms/codes",
    "/v1/sms/receipts/{vendor}/{secret}",
    "/v1/token/introspect",
    "/v1/token/refresh",
    "/v1/token/revoke",
    "/v1/wechat/push/{app_id}",
];

/// The name of a route: its place among the patterns, behind which is [`OTHER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RouteName(usize);

impl RouteName {
    /// Which route a decoded path leads to. No pattern is compiled and nothing is
    /// allocated: this is on the way of every request.
    #[must_use]
    pub fn of(path: &str) -> Self {
        // Without parameters a pattern is its own only path.
        if let Ok(found) = PATTERNS.binary_search(&path)
            && !path.contains('{')
        {
            return Self(found);
        }
        let leads_there = |pattern: &&str| {
            let below = || path.strip_prefix(SIMULATOR);
            let control =
                *pattern == SIMULATOR && below().is_some_and(|rest| rest.starts_with('/'));
            control || (pattern.contains('{') && matches(pattern, path))
        };
        Self(
            PATTERNS
                .iter()
                .position(leads_there)
                .unwrap_or(PATTERNS.len()),
        )
    }

    /// Every name.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=PATTERNS.len()).map(Self)
    }

    /// Which of [`all`](Self::all) it is.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }

    /// The pattern.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        PATTERNS.get(self.0).copied().unwrap_or(OTHER)
    }
}

/// True if each segment is the pattern's, or stands for a parameter; the last
/// parameter of files takes whatever follows.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) | (Some("{file}"), Some(_)) => return true,
            (Some(want), Some(have)) if want.starts_with('{') && !have.is_empty() => {}
            (Some(want), Some(have)) if want == have => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::operations;

    #[test]
    fn the_patterns_are_in_the_order_that_they_are_looked_up_in() {
        assert!(PATTERNS.is_sorted(), "{PATTERNS:?}");
    }

    #[test]
    fn every_operation_has_a_name() {
        for operation in operations::all() {
            let path = operation.path.replace(['{', '}'], "x");
            assert_eq!(RouteName::of(&path).as_str(), operation.path, "{path}");
        }
    }

    #[test]
    fn nothing_that_somebody_made_up_becomes_a_name() {
        for (path, name) in [
            ("/docs/", "/docs/{file}"),
            ("/docs/a/b.js", "/docs/{file}"),
            ("/simulator/control/sms", SIMULATOR),
            ("/simulators", OTHER),
            ("/v1/me/sessions/", OTHER),
            ("/v1/me/sessions/0/1", OTHER),
            ("/v1/me/sessions/{id}", "/v1/me/sessions/{id}"),
            ("/v1/sms/receipts/aliyun", OTHER),
            ("/v1/nothing", OTHER),
            ("", OTHER),
            ("other", OTHER),
        ] {
            assert_eq!(RouteName::of(path).as_str(), name, "{path}");
        }
    }
}
