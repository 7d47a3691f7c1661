//! A refresh token: a text, or 20 bytes of what it says and changes to it.

use aws_lc_rs::hmac;
use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::refresh_token::{RefreshClaims, RefreshToken, verify_refresh_token};
use menshen_domain::ports::mac::{Mac, MacUse};
use uuid::Uuid;

/// What is accepted is letter by letter what we would compute for what it says.
pub(crate) fn run(data: &[u8]) {
    let mac = OneKey(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]));
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(claims) = verify_refresh_token(&mac, text)
    {
        assert_eq!(RefreshToken::compute(&mac, claims).expose(), text);
    }
    changed(&mac, data);
}

/// The first 20 bytes are session and generation; each further pair puts a byte in
/// the place of another. One spelling is accepted, and no other.
fn changed(mac: &OneKey, data: &[u8]) {
    let Some((said, changes)) = data.split_first_chunk::<20>() else {
        return;
    };
    let (session, generation) = said.split_at(16);
    let claims = RefreshClaims {
        session: SessionId::from_uuid(Uuid::from_slice(session).expect("16 bytes")),
        generation: u32::from_be_bytes(generation.try_into().expect("4 bytes")),
    };
    let genuine = RefreshToken::compute(mac, claims);
    let mut letters = genuine.expose().as_bytes().to_vec();
    for change in changes.chunks_exact(2) {
        let place = usize::from(change[0]) % letters.len();
        letters[place] = change[1];
    }
    let Ok(text) = String::from_utf8(letters) else {
        return;
    };
    let same = text == genuine.expose();
    assert_eq!(verify_refresh_token(mac, &text), same.then_some(claims));
}

struct OneKey(hmac::Key);

impl Mac for OneKey {
    fn tag(&self, usage: MacUse, message: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(usage.as_str().as_bytes());
        context.update(message);
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    fn tags(&self, usage: MacUse, message: &[u8]) -> Vec<[u8; 32]> {
        vec![self.tag(usage, message)]
    }

    fn verify(&self, usage: MacUse, message: &[u8], tag: &[u8]) -> bool {
        self.tag(usage, message) == *tag
    }
}
