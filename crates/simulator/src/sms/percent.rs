//! The one percent-encoding under all signatures: unreserved characters stay,
//! everything else is `%XX` in capitals.

use crate::call::{Pairs, percent_encode};

pub(super) fn encode(text: &str) -> String {
    percent_encode(text)
}

/// `name=value&…` in the byte order of the names; an empty value keeps its `=`.
pub(super) fn canonical_query(pairs: &Pairs) -> String {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort();
    let encoded: Vec<_> = sorted
        .into_iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    encoded.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unreserved_stay() {
        assert_eq!(encode("aZ09-_.~"), "aZ09-_.~");
        assert_eq!(encode(" *+/=签"), "%20%2A%2B%2F%3D%E7%AD%BE");
    }
}
