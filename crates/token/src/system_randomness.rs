//! The operating system's random bits.

use menshen_domain::ports::randomness::Randomness;

/// The operating system's generator, by way of aws-lc-rs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    /// # Panics
    ///
    /// If the operating system has no random bits to give.
    fn fill(&self, bytes: &mut [u8]) {
        // The generator seeds itself from the kernel, which does not fail on any
        // platform that we run on. If it ever did, every key and code would be
        // worthless: the request must die rather than go on.
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bits");
    }
}
