//! The percent-encoding of RFC 3986 that every vendor's signature is made over.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but `A-Z a-z 0-9 - _ . ~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Encodes the UTF-8 bytes of `text`, with upper-case hexadecimal digits; a
/// space is `%20`.
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn only_the_unreserved_characters_stay() {
        assert_eq!(encode("aZ09-_.~"), "aZ09-_.~");
        assert_eq!(encode(" *+/=&%\"签"), "%20%2A%2B%2F%3D%26%25%22%E7%AD%BE");
    }
}
