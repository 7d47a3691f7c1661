//! ES256 by the server's cryptographic library, and nothing around it.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};

use super::{Cost, cost};
use crate::usage;

/// The thread that signs or checks.
const THREAD: &str = "signatures";
/// What is signed: as long as the head and claims of a token.
const MESSAGE: [u8; 480] = [b'x'; 480];

/// Signatures on one core.
///
/// # Panics
///
/// If the library makes no key.
#[must_use]
pub fn signing(time: Duration) -> Cost {
    let (key, random) = (key(), SystemRandom::new());
    again(time, move || key.sign(&random, &MESSAGE).is_ok())
}

/// Checks of signatures on one core.
///
/// # Panics
///
/// If the library makes no key, or signs nothing with it: then there is nothing to measure.
#[must_use]
pub fn checking(time: Duration) -> Cost {
    let key = key();
    let signature = key.sign(&SystemRandom::new(), &MESSAGE);
    let signature = signature.expect("a signature");
    let public = key.public_key().as_ref().to_vec();
    again(time, move || {
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
        public.verify(&MESSAGE, signature.as_ref()).is_ok()
    })
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let made = made.expect("a key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref()).expect("a key")
}

/// Does it again and again for so long, on a thread of its own.
fn again(time: Duration, work: impl Fn() -> bool + Send + 'static) -> Cost {
    let all = move || {
        let (start, before) = (Instant::now(), usage::own_threads(THREAD));
        let mut count = 0;
        while start.elapsed() < time {
            assert!(black_box(work()), "the library signs what it checks");
            count += 1;
        }
        let used = usage::own_threads(THREAD).saturating_sub(before);
        cost(count, start.elapsed(), used)
    };
    let thread = thread::Builder::new().name(THREAD.to_owned()).spawn(all);
    thread.expect("a thread").join().expect("a loop that ends")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_and_checking_cost_something() {
        let time = Duration::from_millis(100);
        for cost in [signing(time), checking(time)] {
            assert!(cost.per_second > 100.0, "{cost:?}");
            assert!(cost.each > Duration::from_micros(1), "{cost:?}");
        }
    }
}
