//! Log lines on their way to standard error.
//!
//! A request that writes its line by itself pays for a system call, and waits for
//! whoever reads the log. Here it only adds the line to a buffer; a thread writes
//! what has come together. No line is lost at the end of the process that
//! [`flush`](LogWriter::flush) waits for, and memory is bounded: with a reader that
//! falls behind, requests wait for room, as they would without a buffer.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may wait to be written.
const ROOM: usize = 1024 * 1024;

/// Takes lines, and has them written in their order. Cloning shares the buffer.
#[derive(Clone)]
pub struct LogWriter(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to write.
    work: Condvar,
    /// Something has been written.
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// The thread is at it with lines that are not in the buffer any more.
    writing: bool,
}

impl LogWriter {
    /// Starts the thread that writes to `out`, for as long as the process lives.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            work: Condvar::new(),
            written: Condvar::new(),
        });
        let writer = Self(Arc::clone(&shared));
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_all_to(out))?;
        Ok(writer)
    }

    /// Waits until everything is written, at most so long: a reader that has gone to
    /// sleep does not keep the process.
    pub fn flush(&self, at_most: Duration) {
        let shared = &self.0;
        let unwritten = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        drop(
            shared
                .written
                .wait_timeout_while(shared.lock(), at_most, unwritten),
        );
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Each change of the buffer is whole, so a panic leaves nothing half-done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let full = |waiting: &mut Waiting| {
            !waiting.lines.is_empty() && waiting.lines.len() + line.len() > ROOM
        };
        let room = self.written.wait_while(self.lock(), full);
        let mut waiting = room.unwrap_or_else(PoisonError::into_inner);
        let first = waiting.lines.is_empty() && !waiting.writing;
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if first {
            self.work.notify_one();
        }
    }

    fn write_all_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut waiting = self.lock();
            waiting.writing = false;
            self.written.notify_all();
            let idle = |waiting: &mut Waiting| waiting.lines.is_empty();
            let work = self.work.wait_while(waiting, idle);
            waiting = work.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut lines, &mut waiting.lines);
            waiting.writing = true;
            drop(waiting);
            // A log that nobody takes is no reason to stop serving.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
        }
    }
}

/// Takes one line.
impl Write for &LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    /// The thread writes as soon as it can; nobody waits for it here.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a LogWriter;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// What was written so far.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A reader that takes nothing until it is told to.
    struct Asleep {
        woken: Receiver<()>,
        page: Page,
    }

    impl Write for Asleep {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // A sender that is gone has woken us for good.
            let _ = self.woken.recv();
            self.page.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn asleep() -> (SyncSender<()>, Asleep, Page) {
        let (wake, woken) = sync_channel(1);
        let page = Page::default();
        let reader = Asleep {
            woken,
            page: page.clone(),
        };
        (wake, reader, page)
    }

    #[test]
    fn every_line_of_every_thread_is_written_whole_before_a_flush_returns() {
        let page = Page::default();
        let writer = LogWriter::start(page.clone()).unwrap();
        thread::scope(|scope| {
            for number in 0..8 {
                let writer = &writer;
                scope.spawn(move || {
                    for line in 0..1_000 {
                        let mut one = writer;
                        one.write_all(format!("{number} {line}\n").as_bytes())
                            .unwrap();
                    }
                });
            }
        });
        writer.flush(MINUTE);
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        for number in 0..8 {
            let own = text.lines().filter_map(|line| {
                let (from, line) = line.split_once(' ').unwrap();
                (from == number.to_string()).then(|| line.parse::<u32>().unwrap())
            });
            assert!(own.eq(0..1_000), "the lines of {number} in their order");
        }
    }

    #[test]
    fn a_reader_that_sleeps_holds_writers_up_instead_of_filling_memory() {
        let (wake, reader, page) = asleep();
        let writer = LogWriter::start(reader).unwrap();
        let line = vec![b'x'; ROOM / 4];
        let held_up = thread::spawn({
            let writer = writer.clone();
            // Twice what there is room for, in the buffer and in the thread.
            move || {
                for _ in 0..16 {
                    (&writer).write_all(&line).unwrap();
                }
            }
        });
        // The buffer fills, and the writer does not get to its end.
        let full = |waiting: &mut Waiting| waiting.lines.len() < ROOM;
        let waited =
            writer
                .0
                .written
                .wait_timeout_while(writer.0.lock(), Duration::from_millis(200), full);
        assert!(waited.unwrap().0.lines.len() <= ROOM);
        assert!(!held_up.is_finished());
        drop(wake);
        held_up.join().unwrap();
        writer.flush(MINUTE);
        assert_eq!(page.0.lock().unwrap().len(), 16 * (ROOM / 4));
    }

    #[test]
    fn a_flush_waits_no_longer_than_it_may() {
        let (wake, reader, page) = asleep();
        let writer = LogWriter::start(reader).unwrap();
        (&writer).write_all(b"a line\n").unwrap();
        writer.flush(Duration::from_millis(20));
        assert!(page.0.lock().unwrap().is_empty());
        drop(wake);
        writer.flush(MINUTE);
        assert_eq!(*page.0.lock().unwrap(), b"a line\n");
    }
}
