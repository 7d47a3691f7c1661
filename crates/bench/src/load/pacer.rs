//! When visits are due.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// The moments at which visits were due, in order; ends with the load.
pub(super) type Due = mpsc::UnboundedReceiver<Instant>;

/// Begins to tell `rate` visits a second for so long.
///
/// A thread of its own sleeps to the microsecond; the runtime's timer rounds up
/// to the millisecond, which would be counted as the server's.
pub(super) fn start(rate: f64, time: Duration) -> Due {
    let (tell, due) = mpsc::unbounded_channel();
    let pace = move || {
        let start = Instant::now();
        for number in 0_u32.. {
            let after = Duration::from_secs_f64(f64::from(number) / rate);
            if after >= time {
                return;
            }
            let at = start + after;
            let wait = at.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                thread::sleep(wait);
            }
            if tell.send(at).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name(super::THREAD.to_owned())
        .spawn(pace)
        .expect("a thread");
    due
}
