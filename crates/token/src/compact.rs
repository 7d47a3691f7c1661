//! The compact form of a token (RFC 7515 section 3.1), before anything is decoded.

/// The longest token that is looked at, in bytes.
pub(crate) const MAX_LENGTH: usize = 4096;

/// A token in three parts, none of them decoded.
pub(crate) struct Compact<'a> {
    /// Header and payload: what is signed.
    pub(crate) signed: &'a str,
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Compact<'a> {
    /// Takes a token apart: `[A-Za-z0-9_.-]`, at most 4096 bytes, two dots.
    pub(crate) fn parse(token: &'a str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if token.len() > MAX_LENGTH || !token.bytes().all(plain) {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        Some(Self {
            signed,
            header,
            payload,
            signature,
        })
    }
}
