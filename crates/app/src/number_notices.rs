//! Numbers that were lost are told in the background: no request waits for it.
//!
//! What waits here is in the memory of the process and nowhere else. The number is in
//! no table any more once the account has lost it, and that is on purpose: whoever
//! dies with it takes it along, and nobody is told twice.

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::number_notice::{LostNumber, NoticeOutcome};
use menshen_domain::ports::number_notices::{NoticeObserver, NumberNotices};
use menshen_domain::services::tell_old_number::TellOldNumber;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::rounds::{Running, Stopping};

/// So many may wait. A number is lost seldom; whoever changes theirs has proven two
/// in five minutes.
const WAITING: usize = 256;
/// So many are told at a time, each within the six seconds of a message.
const AT_ONCE: usize = 4;
/// How long the end of the process waits for those that are left.
const LAST_ONES: Duration = Duration::from_secs(6);

/// The way in: takes numbers over, or counts them as dropped.
pub(crate) struct NoticeQueue {
    waiting: Sender<LostNumber>,
    observer: Arc<dyn NoticeObserver>,
}

/// The numbers that wait, for whoever tells them.
pub(crate) struct Waiting {
    lost: Receiver<LostNumber>,
    observer: Arc<dyn NoticeObserver>,
}

/// An empty queue, and its other end.
pub(crate) fn queue(observer: Arc<dyn NoticeObserver>) -> (NoticeQueue, Waiting) {
    let (waiting, lost) = channel(WAITING);
    let queue = NoticeQueue {
        waiting,
        observer: observer.clone(),
    };
    (queue, Waiting { lost, observer })
}

impl NumberNotices for NoticeQueue {
    fn hand_over(&self, lost: LostNumber) {
        if self.waiting.try_send(lost).is_err() {
            tracing::warn!(
                "a lost number cannot wait to be told: too many do, or the process ends"
            );
            self.observer.came_to(NoticeOutcome::Dropped);
        }
    }
}

/// Tells what waits until the process ends, and then what is left, for a moment.
pub(crate) fn start(waiting: Waiting, tell: Arc<TellOldNumber>) -> Running {
    Running::start(|stopping| work(waiting, tell, stopping))
}

async fn work(mut waiting: Waiting, tell: Arc<TellOldNumber>, mut stopping: Stopping) {
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = under_way.join_next() => {}
            lost = waiting.lost.recv(), if under_way.len() < AT_ONCE => match lost {
                Some(lost) => begin(&mut under_way, &tell, lost),
                None => break,
            },
            () = stopping.stopped() => break,
        }
    }
    waiting.lost.close();
    if timeout(LAST_ONES, finish(&mut waiting, &tell, &mut under_way))
        .await
        .is_err()
    {
        give_up(&mut waiting, &mut under_way).await;
    }
}

fn begin(under_way: &mut JoinSet<()>, tell: &Arc<TellOldNumber>, lost: LostNumber) {
    let tell = tell.clone();
    under_way.spawn(async move {
        tell.execute(&lost).await;
    });
}

async fn finish(waiting: &mut Waiting, tell: &Arc<TellOldNumber>, under_way: &mut JoinSet<()>) {
    loop {
        while under_way.len() < AT_ONCE
            && let Ok(lost) = waiting.lost.try_recv()
        {
            begin(under_way, tell, lost);
        }
        if under_way.join_next().await.is_none() {
            return;
        }
    }
}

async fn give_up(waiting: &mut Waiting, under_way: &mut JoinSet<()>) {
    let mut left = 0;
    while waiting.lost.try_recv().is_ok() {
        left += 1;
    }
    under_way.abort_all();
    while let Some(ended) = under_way.join_next().await {
        left += u64::from(ended.is_err());
    }
    for _ in 0..left {
        waiting.observer.came_to(NoticeOutcome::Dropped);
    }
    tracing::warn!(left, "the process ends before all lost numbers are told");
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use menshen_domain::model::evidence::PhoneProof;
    use menshen_domain::model::identifiers::UserId;
    use menshen_domain::model::origin::Origin;
    use menshen_domain::model::phone_number::PhoneNumber;
    use menshen_domain::model::sms_message::AskedThrough;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<NoticeOutcome>>);

    impl Heard {
        fn all(&self) -> Vec<NoticeOutcome> {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.clone()
        }
    }

    impl NoticeObserver for Heard {
        fn came_to(&self, outcome: NoticeOutcome) {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(outcome);
        }
    }

    fn lost() -> LostNumber {
        LostNumber {
            user: UserId::from_uuid(uuid::Uuid::nil()),
            phone: PhoneNumber::parse("13800138000").unwrap(),
            proof: Some(PhoneProof::Sms),
            asked: AskedThrough::Operator,
            origin: Origin {
                address: [203, 0, 113, 7].into(),
                user_agent: None,
                request_id: "a".repeat(32),
            },
        }
    }

    /// Nothing waits for a place: what finds none is counted, and so is what comes
    /// after the end.
    #[tokio::test]
    async fn a_number_that_finds_no_place_is_dropped_and_counted() {
        let heard = Arc::new(Heard::default());
        let (queue, waiting) = queue(heard.clone());
        for _ in 0..WAITING {
            queue.hand_over(lost());
        }
        assert!(heard.all().is_empty());
        queue.hand_over(lost());
        assert_eq!(heard.all(), [NoticeOutcome::Dropped]);
        drop(waiting);
        queue.hand_over(lost());
        assert_eq!(heard.all().len(), 2);
    }

    /// What the end of the process does not wait for is counted, one by one.
    #[tokio::test]
    async fn what_is_given_up_is_counted() {
        let heard = Arc::new(Heard::default());
        let (queue, mut waiting) = queue(heard.clone());
        queue.hand_over(lost());
        queue.hand_over(lost());
        let mut under_way = JoinSet::new();
        under_way.spawn(std::future::pending());
        give_up(&mut waiting, &mut under_way).await;
        assert_eq!(heard.all(), [NoticeOutcome::Dropped; 3]);
    }
}
