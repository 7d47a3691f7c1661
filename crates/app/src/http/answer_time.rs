//! How long a handler may take, once its request is there.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix_web::{HttpMessage as _, HttpRequest};
use tokio::time::{Instant, sleep, sleep_until};

/// How long an answer may take: under six seconds whatever hangs, the way to the
/// client included. What a handler has begun goes on without it, within limits of
/// its own.
const LONGEST: Duration = Duration::from_millis(5_500);
/// How often it is looked whether a slow body is there.
const LOOK: Duration = Duration::from_millis(250);

/// The time of one request. Waiting for its body, which has a limit of its own,
/// does not count.
#[derive(Debug, Clone)]
pub(super) struct AnswerTime(Rc<Cell<Began>>);

#[derive(Debug, Clone, Copy)]
enum Began {
    /// The body is still arriving.
    NotYet,
    At(Instant),
}

impl AnswerTime {
    /// Begins now.
    pub(super) fn begin() -> Self {
        Self(Rc::new(Cell::new(Began::At(Instant::now()))))
    }

    /// Awaits a body, and begins anew after it.
    pub(super) async fn after<T>(request: &HttpRequest, body: impl Future<Output = T>) -> T {
        let time = request.extensions().get::<Self>().cloned();
        let tell = |began| {
            if let Some(time) = &time {
                time.0.set(began);
            }
        };
        tell(Began::NotYet);
        let body = body.await;
        tell(Began::At(Instant::now()));
        body
    }

    /// Waits until it is over.
    pub(super) async fn over(&self) {
        loop {
            match self.0.get() {
                Began::NotYet => sleep(LOOK).await,
                Began::At(began) if began.elapsed() >= LONGEST => return,
                Began::At(began) => sleep_until(began + LONGEST).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use tokio::time::timeout;

    use super::*;

    fn request(time: &AnswerTime) -> HttpRequest {
        let request = TestRequest::default().to_http_request();
        request.extensions_mut().insert(time.clone());
        request
    }

    async fn took(time: &AnswerTime) -> Duration {
        let since = Instant::now();
        time.over().await;
        since.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_takes_less_than_six_seconds() {
        let took = took(&AnswerTime::begin()).await;
        assert!(took < Duration::from_secs(6), "{took:?}");
        assert!(took >= LONGEST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_does_not_count() {
        let time = AnswerTime::begin();
        let request = request(&time);
        let slow = Duration::from_secs(8);
        let body = AnswerTime::after(&request, sleep(slow));
        let ((), took) = tokio::join!(body, took(&time));
        assert!(
            took >= slow + LONGEST && took < slow + LONGEST + LOOK,
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_body_gives_no_more_time() {
        let time = AnswerTime::begin();
        let request = request(&time);
        AnswerTime::after(&request, sleep(Duration::from_millis(10))).await;
        let rest = timeout(LONGEST + Duration::from_millis(5), time.over()).await;
        assert!(rest.is_ok());
    }
}
