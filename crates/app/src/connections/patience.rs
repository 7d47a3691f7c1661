//! Whose turn it is on a connection, and until when.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

/// How long the head of a request may take, from its first byte.
pub(super) const HEAD: Duration = Duration::from_secs(5);
/// The HTTP library gives the first head as long, and answers 408; this is for what
/// it lets pass.
const FIRST: Duration = Duration::from_secs(6);

/// Whose turn it is. The stream and the front door share it.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    stage: Rc<Cell<Stage>>,
    idle: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Ours: a request is here, and has limits of its own.
    Ours,
    /// The client's: a whole head is due by then.
    Theirs { due: Instant, begun: bool },
}

impl Turn {
    /// A new connection, which may idle so long between requests.
    pub(super) fn new(idle: Duration) -> Self {
        let first = Stage::Theirs {
            due: Instant::now() + FIRST,
            begun: true,
        };
        Self {
            stage: Rc::new(Cell::new(first)),
            idle,
        }
    }

    /// A whole head is here: it is our turn until the answer is dropped.
    pub(crate) fn take(&self) -> Answering {
        self.stage.set(Stage::Ours);
        Answering(self.clone())
    }

    /// When the client's turn is over; nothing while it is ours.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.stage.get() {
            Stage::Ours => None,
            Stage::Theirs { due, .. } => Some(due),
        }
    }

    /// Something came. The first byte of a head gives it little time, and the next
    /// ones no more; what a head left of the idle time is not added.
    pub(super) fn heard(&self) {
        if let Stage::Theirs { due, begun: false } = self.stage.get() {
            self.stage.set(Stage::Theirs {
                due: due.min(Instant::now() + HEAD),
                begun: true,
            });
        }
    }
}

/// Our turn. When it is dropped, the client's begins: by then a part of the next head
/// may have come with this one, so it is never without an end.
#[derive(Debug)]
pub(crate) struct Answering(Turn);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.stage.set(Stage::Theirs {
            due: Instant::now() + self.0.idle,
            begun: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(75);

    fn left(turn: &Turn) -> Option<Duration> {
        turn.due().map(|due| due - Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_from_its_first_byte_and_no_byte_adds_to_it() {
        let turn = Turn::new(IDLE);
        drop(turn.take());
        assert_eq!(left(&turn), Some(IDLE));
        tokio::time::advance(Duration::from_secs(30)).await;
        turn.heard();
        assert_eq!(left(&turn), Some(HEAD));
        tokio::time::advance(Duration::from_secs(3)).await;
        turn.heard();
        assert_eq!(left(&turn), Some(Duration::from_secs(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_does_not_prolong_the_idle_time() {
        let turn = Turn::new(IDLE);
        drop(turn.take());
        tokio::time::advance(Duration::from_secs(74)).await;
        turn.heard();
        assert_eq!(left(&turn), Some(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn while_we_answer_nothing_is_due() {
        let turn = Turn::new(IDLE);
        assert_eq!(left(&turn), Some(FIRST));
        let answering = turn.take();
        assert_eq!(turn.due(), None);
        turn.heard();
        assert_eq!(turn.due(), None);
        drop(answering);
        assert_eq!(left(&turn), Some(IDLE));
    }
}
