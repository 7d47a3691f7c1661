//! The signature of message push.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use menshen_domain::ports::wechat_push::WeChatPushError;

/// Whether `claimed` is the lower-case hexadecimal SHA-1 of `parts`, sorted and
/// joined. One of the parts is the token that only WeChat and we know.
///
/// Source: `WeChat` mini-program server, "message push", signature.
pub(super) fn check(claimed: &str, parts: &[&str]) -> Result<(), WeChatPushError> {
    let expected = sign(parts);
    verify_slices_are_equal(expected.as_bytes(), claimed.as_bytes())
        .map_err(|_| WeChatPushError::Forged)
}

fn sign(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in sorted {
        digest.update(part.as_bytes());
    }
    hex::encode(digest.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wechats_own_examples_come_out() {
        for (parts, signature) in [
            (
                ["AAAAA", "1714036504", "1514711492"],
                "f464b24fc39322e44b38aa78f5edd27bd1441696",
            ),
            (
                ["AAAAA", "1714037059", "486452656"],
                "899cf89e464efb63f54ddac96b0a0a235f53aa78",
            ),
        ] {
            assert_eq!(sign(&parts), signature);
            assert_eq!(check(signature, &parts), Ok(()));
            for wrong in ["", &signature[1..], &signature.to_uppercase()] {
                assert_eq!(check(wrong, &parts), Err(WeChatPushError::Forged));
            }
        }
    }
}
