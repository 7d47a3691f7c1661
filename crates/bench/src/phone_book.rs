//! Numbers, and the last code that each was sent.

use std::sync::atomic::{AtomicU32, Ordering};

/// The first number; the others follow.
const FIRST: u64 = 13_900_000_000;

/// Numbers from 139 0000 0000 on.
#[derive(Debug)]
pub struct PhoneBook(Vec<AtomicU32>);

impl PhoneBook {
    /// A book of so many numbers.
    #[must_use]
    pub fn new(numbers: usize) -> Self {
        Self((0..numbers).map(|_| AtomicU32::new(0)).collect())
    }

    /// How many numbers there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// A number as a person writes it.
    #[must_use]
    pub fn number(index: usize) -> String {
        format!("{}", FIRST + index as u64)
    }

    /// Keeps the code that was sent to a number in E.164 form; false if the
    /// number is not in the book, or it is no code.
    #[must_use]
    pub fn write(&self, phone: &str, code: &str) -> bool {
        let national = phone.strip_prefix("+86").unwrap_or_default();
        let number = national.parse::<u64>().ok();
        let index = number.and_then(|number| number.checked_sub(FIRST));
        let place = index
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.0.get(index));
        match (place, code.parse()) {
            (Some(place), Ok(code)) => {
                place.store(code, Ordering::Release);
                true
            }
            _ => false,
        }
    }

    /// The last code that a number was sent.
    ///
    /// # Panics
    ///
    /// If the number is not in the book.
    #[must_use]
    pub fn code(&self, index: usize) -> String {
        format!("{:06}", self.0[index].load(Ordering::Acquire))
    }
}
