//! Who was in which application, and when last.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::people::openid;

/// More visitors than this are not remembered.
const MOST_VISITORS: usize = 200_000;

/// Somebody who was in an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) person: String,
    /// The last time; none when it was before the simulator started.
    pub(crate) at: Option<DateTime<Utc>>,
}

/// The last visits, by application and openid.
#[derive(Debug, Default)]
pub(crate) struct Visits(HashMap<(String, String), Visit>);

impl Visits {
    /// `person` does something in the application.
    pub(crate) fn record(&mut self, app_id: &str, person: &str, now: DateTime<Utc>) {
        if self.0.len() >= MOST_VISITORS {
            self.0.clear();
        }
        let visit = Visit {
            person: person.to_owned(),
            at: Some(now),
        };
        self.0
            .insert((app_id.to_owned(), openid(app_id, person)), visit);
    }

    /// Whose openid of this application it is; of those who did not come since
    /// the start, one of `people`.
    pub(crate) fn find<'p>(
        &self,
        app_id: &str,
        claimed: &str,
        mut people: impl Iterator<Item = &'p String>,
    ) -> Option<Visit> {
        let known = self.0.get(&(app_id.to_owned(), claimed.to_owned()));
        known.cloned().or_else(|| {
            let person = people.find(|person| openid(app_id, person) == claimed)?;
            Some(Visit {
                person: person.clone(),
                at: None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_openid_is_of_one_person_in_one_application() {
        let people = ["alice".to_owned(), "bob".to_owned()];
        let now = DateTime::UNIX_EPOCH;
        let mut visits = Visits::default();
        visits.record("wx1", "alice", now);
        let find = |app: &str, claimed: &str| visits.find(app, claimed, people.iter());
        let seen = find("wx1", &openid("wx1", "alice")).unwrap();
        assert_eq!((seen.person.as_str(), seen.at), ("alice", Some(now)));
        let unseen = find("wx1", &openid("wx1", "bob")).unwrap();
        assert_eq!((unseen.person.as_str(), unseen.at), ("bob", None));
        assert_eq!(find("wx2", &openid("wx1", "alice")), None);
    }
}
