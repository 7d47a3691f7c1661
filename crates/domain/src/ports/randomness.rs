//! Random bits.

/// A source of random bits that nobody can foretell.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` from the operating system's generator.
    fn fill(&self, bytes: &mut [u8]);
}
