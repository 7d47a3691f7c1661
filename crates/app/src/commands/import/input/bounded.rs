//! A reader that gives out only so much between two rows.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much may be read until the next row is complete.
#[derive(Clone)]
pub(super) struct Allowance {
    left: Arc<AtomicU64>,
    whole: u64,
}

impl Allowance {
    /// A row is complete.
    pub(super) fn renew(&self) {
        self.left.store(self.whole, Ordering::Relaxed);
    }
}

/// Reads as far as the allowance goes.
pub(super) struct Bounded<R> {
    inner: R,
    allowance: Allowance,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(inner: R, whole: u64) -> (Self, Allowance) {
        let left = Arc::new(AtomicU64::new(whole));
        let allowance = Allowance { left, whole };
        let bounded = Self {
            inner,
            allowance: allowance.clone(),
        };
        (bounded, allowance)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.left.load(Ordering::Relaxed);
        if left == 0 {
            let words = "a row is longer than 1 MiB: is a quote or a bracket not closed?";
            return Err(io::Error::new(io::ErrorKind::InvalidData, words));
        }
        let read = self.inner.read(buffer)?;
        let rest = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        self.allowance.left.store(rest, Ordering::Relaxed);
        Ok(read)
    }
}
