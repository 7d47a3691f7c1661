//! The entry points to WeChat, in order of preference.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use menshen_outbound::Url;
use tokio::time::Instant;

/// How long an entry that could not be reached is asked last: probing it anew
/// at every login would cost each the connect timeout.
const SICK: Duration = Duration::from_secs(30);

/// The entry points to WeChat.
#[derive(Debug)]
pub(crate) struct Hosts(Vec<Host>);

#[derive(Debug)]
struct Host {
    base: Url,
    sick_until: Mutex<Option<Instant>>,
}

impl Hosts {
    /// At least one, or there is nobody to ask.
    pub(crate) fn new(bases: Vec<Url>) -> Option<Self> {
        let host = |base| Host {
            base,
            sick_until: Mutex::new(None),
        };
        (!bases.is_empty()).then(|| Self(bases.into_iter().map(host).collect()))
    }

    /// The order in which to ask now: those in health first.
    pub(crate) fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|&index| self.sick_until(index).is_some_and(|until| until > now));
        order
    }

    /// The address of a call at one of them; `query` is encoded already.
    pub(crate) fn url(&self, index: usize, path: &str, query: &str) -> Url {
        let mut url = self.0[index].base.clone();
        let whole = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&whole);
        url.set_query((!query.is_empty()).then_some(query));
        url
    }

    /// This one could not be reached.
    pub(crate) fn mark_sick(&self, index: usize) {
        *self.slot(index) = Some(Instant::now() + SICK);
    }

    /// This one answered.
    pub(crate) fn mark_well(&self, index: usize) {
        *self.slot(index) = None;
    }

    fn sick_until(&self, index: usize) -> Option<Instant> {
        *self.slot(index)
    }

    fn slot(&self, index: usize) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0[index]
            .sick_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(bases: &[&str]) -> Hosts {
        Hosts::new(bases.iter().map(|b| Url::parse(b).unwrap()).collect()).unwrap()
    }

    #[test]
    fn a_path_of_the_base_is_kept_and_the_query_is_taken_as_it_is() {
        for base in ["https://relay.example/wx", "https://relay.example/wx/"] {
            assert_eq!(
                hosts(&[base])
                    .url(0, "/sns/jscode2session", "js_code=a%26b%2520")
                    .as_str(),
                "https://relay.example/wx/sns/jscode2session?js_code=a%26b%2520"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sick_entry_is_asked_last_for_a_while() {
        let hosts = hosts(&["https://a.example", "https://b.example"]);
        assert_eq!(hosts.order(), [0, 1]);
        hosts.mark_sick(0);
        assert_eq!(hosts.order(), [1, 0]);
        tokio::time::advance(SICK).await;
        assert_eq!(hosts.order(), [0, 1]);
    }
}
