//! A stream that ends when its client lets us wait for too long.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::patience::Turn;

/// A stream with a [`Turn`]. When the client's turn is over, reading finds the end,
/// so that the connection is closed in good order; writing, which then waits for a
/// client that does not read, fails.
pub(super) struct PatientStream<S> {
    stream: S,
    turn: Turn,
    alarm: Pin<Box<Sleep>>,
    over: bool,
    cut: Counter,
}

impl<S> PatientStream<S> {
    pub(super) fn new(stream: S, idle: Duration, cut: Counter) -> Self {
        let turn = Turn::new(idle);
        let due = turn.due().unwrap_or_else(Instant::now);
        Self {
            stream,
            turn,
            alarm: Box::pin(sleep_until(due)),
            over: false,
            cut,
        }
    }

    pub(super) fn turn(&self) -> Turn {
        self.turn.clone()
    }

    /// Whether the client's turn is over; wakes the task when it will be.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        if self.over {
            return true;
        }
        let Some(due) = self.turn.due() else {
            return false;
        };
        if self.alarm.deadline() != due {
            self.alarm.as_mut().reset(due);
        }
        self.over = self.alarm.as_mut().poll(context).is_ready();
        if self.over {
            self.cut.inc();
        }
        self.over
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.over {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.turn.heard();
        }
        // Only now: what came in time counts, however late this process looks at it.
        if read.is_pending() && self.is_over(context) {
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> PatientStream<S> {
    /// Writing goes on for as long as the client's turn does.
    fn writing<T>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_pending() && self.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writing(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writing(context, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writing(context, AsyncWrite::poll_shutdown)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writing(context, |stream, context| {
            stream.poll_write_vectored(context, parts)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
