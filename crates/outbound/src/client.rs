//! One HTTP client whose every wait and every answer is bounded.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::{CallError, ClientError};
use crate::trace_context;

/// The longest answer that is read, in bytes; all real ones are far shorter.
pub const MAX_ANSWER: usize = 64 * 1024;

/// So much of a body is read away that nobody wants, in bytes.
const DISCARDED: usize = 8 * 1024;

/// How long it may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// Idle connections are dropped early: a server that closes one at the very
/// moment of its reuse leaves the fate of a request unknown.
const IDLE: Duration = Duration::from_secs(20);

/// An HTTP client that keeps connections alive, follows no redirect, asks no
/// proxy of the environment, repeats nothing, and reads no endless answer.
#[derive(Clone)]
pub struct Client(reqwest::Client);

/// One request. `Debug` shows no address, header or body, since each may carry
/// a secret.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// Headers; their values never show in logs.
    pub headers: Vec<(&'static str, String)>,
    /// The body; with one, its length is sent and never a chunked encoding.
    pub body: Option<Vec<u8>>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// A whole answer. `Debug` shows the status only.
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// An answer that nobody gave, for tests of those who read answers. Headers that
    /// HTTP does not allow are left out.
    #[cfg(feature = "mock")]
    #[must_use]
    pub fn made(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Self {
        use reqwest::header::{HeaderName, HeaderValue};
        let headers = headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        Self {
            status,
            headers: headers.collect(),
            body,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// True for 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, if it is readable text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, as it came.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl Client {
    /// A client that gives a connection at most this long to come about, name
    /// look-up and TLS included.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the machine offers no usable TLS set-up.
    pub fn new(connect_timeout: Duration) -> Result<Self, ClientError> {
        reqwest::Client::builder()
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .build()
            .map(Self)
            .map_err(|error| ClientError(error.without_url()))
    }

    /// Sends a request once and reads its whole answer, both before `deadline`.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; an answer of any status is not an error.
    pub async fn send(&self, request: Request, deadline: Instant) -> Result<Answer, CallError> {
        self.send_up_to(request, deadline, MAX_ANSWER).await
    }

    /// The same for answers of up to `longest` bytes: files, and not words.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; an answer of any status is not an error.
    pub async fn send_up_to(
        &self,
        request: Request,
        deadline: Instant,
        longest: usize,
    ) -> Result<Answer, CallError> {
        timeout_at(deadline, self.exchange(request, longest))
            .await
            .unwrap_or(Err(CallError::TimedOut))
    }

    /// Sends a request once, and tells the status and the headers of its answer as soon
    /// as they are there: the body is left out, however long it is.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; an answer of any status is not an error.
    pub async fn tell(&self, request: Request, deadline: Instant) -> Result<Answer, CallError> {
        let told = async {
            let mut response = self.begin(request).await?;
            let answer = Answer {
                status: response.status().as_u16(),
                headers: std::mem::take(response.headers_mut()),
                body: Vec::new(),
            };
            // A short body is read away, so that the connection serves again.
            let mut left = DISCARDED;
            let rest = async {
                while let Ok(Some(chunk)) = response.chunk().await {
                    match left.checked_sub(chunk.len()) {
                        Some(rest) => left = rest,
                        None => break,
                    }
                }
            };
            drop(timeout(PATIENCE, rest).await);
            Ok(answer)
        };
        timeout_at(deadline, told)
            .await
            .unwrap_or(Err(CallError::TimedOut))
    }

    async fn exchange(&self, request: Request, longest: usize) -> Result<Answer, CallError> {
        let mut response = self.begin(request).await?;
        let longer = |length: u64| usize::try_from(length).map_or(true, |l| l > longest);
        if response.content_length().is_some_and(longer) {
            return Err(CallError::TooLong);
        }
        let mut body = Vec::new();
        let broken = |error: reqwest::Error| CallError::Broken(error.without_url());
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > longest {
                return Err(CallError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    /// Sends a request, up to the head of its answer.
    async fn begin(&self, request: Request) -> Result<reqwest::Response, CallError> {
        let mut builder = self.0.request(request.method, request.url);
        for (name, value) in request.headers {
            // A value that is no header fails in the builder, before sending.
            builder = match HeaderValue::from_str(&value) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    builder.header(HeaderName::from_static(name), value)
                }
                Err(_) => builder.header(name, value),
            };
        }
        if let Some(parent) = trace_context::current() {
            builder = builder.header(trace_context::HEADER, parent);
        }
        if let Some(body) = request.body {
            if body.is_empty() {
                // Left to itself the client says no length, which some refuse.
                builder = builder.header(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            builder = builder.body(body);
        }
        builder.send().await.map_err(CallError::of_request)
    }
}
