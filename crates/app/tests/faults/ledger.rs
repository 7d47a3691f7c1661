//! What was acknowledged, and must still be there afterwards.

use std::collections::BTreeSet;

use crate::support::{Login, Service};

/// What clients were told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Users and their sessions.
    opened: Vec<(String, String)>,
    /// Sessions that were signed out, with their access tokens.
    ended: Vec<(String, String)>,
}

impl Ledger {
    pub(crate) fn opened(&mut self, login: &Login) {
        let opened = (login.user().to_owned(), login.session().to_owned());
        self.opened.push(opened);
    }

    pub(crate) fn ended(&mut self, login: &Login) {
        let ended = (login.session().to_owned(), login.access().to_owned());
        self.ended.push(ended);
    }

    /// Holds the database and the service against it.
    pub(crate) async fn holds(&self, service: &Service) {
        assert!(!self.opened.is_empty() && !self.ended.is_empty());
        let users: BTreeSet<_> = self.opened.iter().map(|(user, _)| user.as_str()).collect();
        let sessions = self.opened.iter().map(|(_, session)| session.as_str());
        all_there(service, "users", "", users.into_iter()).await;
        all_there(service, "sessions", "", sessions).await;
        let ended = self.ended.iter().map(|(session, _)| session.as_str());
        all_there(service, "sessions", "ended_at IS NOT NULL AND", ended).await;
        for (_, access) in &self.ended {
            let verified = service.verify(access).await;
            verified.fails(401, "session_revoked");
        }
        // Nothing half-done: nobody without a way back in, no way to nobody.
        let lost = "users u WHERE u.phone_index IS NULL AND NOT EXISTS \
                    (SELECT 1 FROM identities i WHERE i.user_id = u.id)";
        assert_eq!(service.count(lost).await, 0, "users without a way in");
        let stray = "identities i WHERE NOT EXISTS \
                     (SELECT 1 FROM users u WHERE u.id = i.user_id)";
        assert_eq!(service.count(stray).await, 0, "identities of nobody");
    }
}

async fn all_there(
    service: &Service,
    table: &str,
    condition: &str,
    ids: impl Iterator<Item = &str>,
) {
    let ids: Vec<String> = ids.map(|id| format!("'{id}'")).collect();
    let found = format!("{table} WHERE {condition} id IN ({})", ids.join(", "));
    let found = service.count(&found).await;
    assert_eq!(usize::try_from(found), Ok(ids.len()), "{table} {condition}");
}
