//! Who holds our own token, and who fetches the next.
//!
//! Each application's token is fetched by one task at a time, which all who
//! need it wait for; it outlives the request that began it. A token is served
//! from this process while it is fresh, while the next is being fetched in the
//! background, and as long as WeChat takes it if no next can be had.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use menshen_domain::model::wechat::AppId;
use menshen_domain::ports::wechat_token_cache::{
    WeChatAccessToken, WeChatTokenCache, WeChatTokenCacheError,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::access_token::{self, ENDPOINT};
use crate::failure::CallFailure;
use crate::metrics::{RenewalCause, WeChatMetrics};
use crate::transport::Transport;

/// How long this process serves a token before it looks into the shared store.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How long the shared store is waited for.
const STORE_WAIT: Duration = Duration::from_millis(500);
/// WeChat allows 20 renewals by force a day, 30 s apart.
const FORCE_COOLDOWN: Duration = Duration::from_mins(1);
const FORCE_DAILY: u32 = 15;
/// How many fetches of one application's token may begin in a window.
const FETCHES: usize = 15;
const FETCH_WINDOW: Duration = Duration::from_secs(10);

/// The tokens of all applications.
pub(crate) struct AccessTokens {
    books: HashMap<AppId, Arc<Book>>,
}

/// What is known of one application's token.
struct Book {
    app: AppId,
    secret: SecretString,
    outside: Arc<Outside>,
    page: Mutex<Page>,
}

/// Whom all books ask.
pub(crate) struct Outside {
    pub(crate) transport: Arc<Transport>,
    pub(crate) cache: Arc<dyn WeChatTokenCache>,
    /// How long one call may take.
    pub(crate) timeout: Duration,
    pub(crate) metrics: WeChatMetrics,
}

#[derive(Default)]
struct Page {
    held: Option<Held>,
    /// The token that WeChat refused last.
    refused: Option<SecretString>,
    /// True until the next is asked for.
    refused_anew: bool,
    flight: Option<watch::Receiver<Landing>>,
    begun: VecDeque<Instant>,
}

struct Held {
    value: SecretString,
    look_at: Instant,
    expires_at: Instant,
}

/// Where a token comes from.
enum Source {
    Held(SecretString),
    Coming(watch::Receiver<Landing>),
}

/// What a fetch came to; `None` while it is under way.
type Landing = Option<Result<Landed, CallFailure>>;

#[derive(Clone)]
struct Landed {
    value: SecretString,
    /// True if WeChat gave out the token that it had refused although it was
    /// asked anew: then it is the current one, and is tried once more.
    knowingly: bool,
}

/// Why there is no token, other than a failed call.
#[derive(Debug, thiserror::Error)]
enum NoToken {
    #[error("no secret is configured for this application")]
    UnknownApp,
    #[error("tokens were fetched too often")]
    TooOften,
    #[error("no token came in time")]
    TooLate,
}

impl AccessTokens {
    pub(crate) fn new(apps: &HashMap<AppId, SecretString>, outside: Outside) -> Self {
        let outside = Arc::new(outside);
        let book = |(app, secret): (&AppId, &SecretString)| {
            let book = Book {
                app: app.clone(),
                secret: secret.clone(),
                outside: Arc::clone(&outside),
                page: Mutex::default(),
            };
            (app.clone(), Arc::new(book))
        };
        Self {
            books: apps.iter().map(book).collect(),
        }
    }

    /// The token to use now.
    pub(crate) async fn get(
        &self,
        app: &AppId,
        deadline: Instant,
    ) -> Result<SecretString, CallFailure> {
        self.book(app)?.token(None, deadline).await
    }

    /// The token to use after WeChat refused `refused`: the one that somebody
    /// else has renewed already, or a new one.
    pub(crate) async fn renew(
        &self,
        app: &AppId,
        refused: &SecretString,
        deadline: Instant,
    ) -> Result<SecretString, CallFailure> {
        self.book(app)?.token(Some(refused), deadline).await
    }

    fn book(&self, app: &AppId) -> Result<&Arc<Book>, CallFailure> {
        self.books
            .get(app)
            .ok_or_else(|| CallFailure::not_made(ENDPOINT, NoToken::UnknownApp))
    }
}

impl Book {
    async fn token(
        self: &Arc<Self>,
        refused: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<SecretString, CallFailure> {
        // A second round only if a fetch that began before the refusal was known
        // lands with the refused token.
        for _ in 0..2 {
            let mut flight = match self.look_up(refused)? {
                Source::Held(value) => return Ok(value),
                Source::Coming(flight) => flight,
            };
            let landed = timeout_at(deadline, flight.wait_for(Option::is_some)).await;
            let landing = match landed {
                Ok(Ok(landing)) => landing.clone(),
                Ok(Err(_)) | Err(_) => None,
            };
            let landed = landing
                .unwrap_or_else(|| Err(CallFailure::not_made(ENDPOINT, NoToken::TooLate)))?;
            if landed.knowingly || !is_same(refused, &landed.value) {
                return Ok(landed.value);
            }
        }
        Err(CallFailure::not_made(ENDPOINT, NoToken::TooLate))
    }

    /// The token held, or the fetch to wait for. Of those who come at once, one
    /// begins it.
    fn look_up(self: &Arc<Self>, refused: Option<&SecretString>) -> Result<Source, CallFailure> {
        let now = Instant::now();
        let mut page = self.page();
        if let Some(refused) = refused {
            let dropped = page
                .held
                .take_if(|held| is_same(Some(refused), &held.value));
            page.refused_anew |= dropped.is_some();
            page.refused = Some(refused.clone());
        }
        page.held.take_if(|held| held.expires_at <= now);
        let held = page.held.as_ref();
        let is_fresh = held.is_some_and(|held| held.look_at > now);
        let value = held.map(|held| held.value.clone());
        if let (true, Some(value)) = (is_fresh, &value) {
            return Ok(Source::Held(value.clone()));
        }
        let flight = match page.flight.clone() {
            // The sender goes only when its task does.
            Some(flight) if flight.has_changed().is_ok() => Ok(flight),
            _ => self.take_off(&mut page, now),
        };
        match value {
            // Good until it expires, while the next one is on its way.
            Some(value) => Ok(Source::Held(value)),
            None => flight.map(Source::Coming),
        }
    }

    fn take_off(
        self: &Arc<Self>,
        page: &mut Page,
        now: Instant,
    ) -> Result<watch::Receiver<Landing>, CallFailure> {
        self.outside.transport.check(&self.app, ENDPOINT)?;
        while page
            .begun
            .front()
            .is_some_and(|at| *at + FETCH_WINDOW <= now)
        {
            page.begun.pop_front();
        }
        if page.begun.len() >= FETCHES {
            return Err(CallFailure::not_made(ENDPOINT, NoToken::TooOften));
        }
        page.begun.push_back(now);
        let (landed, flight) = watch::channel(None);
        page.flight = Some(flight.clone());
        let book = Arc::clone(self);
        tokio::spawn(async move {
            let result = book.fetch().await;
            let mut page = book.page();
            if let Ok((token, _)) = &result {
                let now = Instant::now();
                page.held = Some(Held {
                    value: token.value.clone(),
                    look_at: now + token.fresh_for.min(LOOK_AGAIN),
                    expires_at: now + token.expires_in,
                });
            }
            page.flight = None;
            drop(page);
            let result = result.map(|(token, knowingly)| Landed {
                value: token.value,
                knowingly,
            });
            // Nobody may be waiting any more.
            let _ = landed.send(Some(result));
        });
        Ok(flight)
    }

    /// The shared store's token if it is fresh, else WeChat's; and whether that
    /// is the refused one, knowingly given out again. With WeChat away, the
    /// shared store's is good until it expires.
    async fn fetch(&self) -> Result<(WeChatAccessToken, bool), CallFailure> {
        let refused = self.page().refused.clone();
        let cache = &self.outside.cache;
        if let Some(refused) = &refused {
            stored(cache.drop_refused(&self.app, refused)).await;
        }
        let found = stored(cache.find(&self.app)).await.flatten();
        let found = found.filter(|token| !is_same(refused.as_ref(), &token.value));
        if let Some(token) = found.as_ref().filter(|token| !token.fresh_for.is_zero()) {
            return Ok((token.clone(), false));
        }
        let mut token = match self.ask_for_a_next().await {
            Ok(token) => token,
            Err(failure) => return found.map(|token| (token, false)).ok_or(failure),
        };
        if is_same(refused.as_ref(), &token.value) && self.may_force().await {
            self.outside.metrics.renewal(RenewalCause::Forced);
            token = self.ask(true).await?;
        }
        stored(cache.keep(&self.app, &token)).await;
        let knowingly = is_same(refused.as_ref(), &token.value);
        Ok((token, knowingly))
    }

    async fn ask_for_a_next(&self) -> Result<WeChatAccessToken, CallFailure> {
        let refused = std::mem::take(&mut self.page().refused_anew);
        self.outside.metrics.renewal(if refused {
            RenewalCause::ForeignInvalidation
        } else {
            RenewalCause::Expired
        });
        self.ask(false).await
    }

    /// Whether the token may be renewed by force, which revokes that of everybody.
    async fn may_force(&self) -> bool {
        let cache = &self.outside.cache;
        let claim = cache.claim_forced_renewal(&self.app, FORCE_COOLDOWN, FORCE_DAILY);
        let forced = stored(claim).await == Some(true);
        let app_id = self.app.as_str();
        tracing::error!(app_id, forced, "WeChat gives out the token that it refuses");
        forced
    }

    async fn ask(&self, force_refresh: bool) -> Result<WeChatAccessToken, CallFailure> {
        let deadline = Instant::now() + self.outside.timeout;
        let transport = &self.outside.transport;
        access_token::ask(transport, &self.app, &self.secret, force_refresh, deadline).await
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(refused: Option<&SecretString>, value: &SecretString) -> bool {
    refused.is_some_and(|refused| refused.expose_secret() == value.expose_secret())
}

/// What the shared store says, or nothing if it is down or slow: every process
/// can do without it.
async fn stored<T>(asked: impl Future<Output = Result<T, WeChatTokenCacheError>>) -> Option<T> {
    match timeout(STORE_WAIT, asked).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the shared store of WeChat tokens is passed over");
            None
        }
        Err(_) => {
            tracing::warn!("the shared store of WeChat tokens is too slow and passed over");
            None
        }
    }
}
