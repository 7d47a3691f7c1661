//! Private keys: made, read, and used.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use jsonwebtoken::DecodingKey;
use menshen_domain::ports::randomness::Randomness;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::cipher::KEY_LENGTH;

/// A private key, parsed once so that signing does no more than sign.
pub(crate) enum PrivateKey {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
    Hs256(Box<hmac::Key>),
}

/// The public half as a JWK names it.
pub(crate) enum PublicKey {
    Ec {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed {
        x: Vec<u8>,
    },
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A shared secret has no public half.
    None,
}

/// Makes a new key: PKCS#8, or the bare secret of an HMAC.
pub(crate) fn generate(
    algorithm: Algorithm,
    randomness: &dyn Randomness,
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let random = SystemRandom::new();
    let bytes = match algorithm {
        Algorithm::Es256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?
                .as_ref()
                .to_vec()
        }
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8v1(&random)?.as_ref().to_vec(),
        Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048)?
            .as_der()?
            .as_ref()
            .to_vec(),
        Algorithm::Hs256 => {
            let mut secret = vec![0; KEY_LENGTH];
            randomness.fill(&mut secret);
            secret
        }
    };
    Ok(Zeroizing::new(bytes))
}

impl PrivateKey {
    /// Reads what [`generate`] made; the second part checks its signatures.
    pub(crate) fn read(
        algorithm: Algorithm,
        bytes: &[u8],
    ) -> Result<(Self, DecodingKey), KeyRejected> {
        let private = match algorithm {
            Algorithm::Es256 => {
                let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
                Self::Es256(EcdsaKeyPair::from_pkcs8(signing, bytes)?)
            }
            Algorithm::EdDsa => Self::EdDsa(Ed25519KeyPair::from_pkcs8(bytes)?),
            Algorithm::Rs256 => Self::Rs256(Box::new(RsaKeyPair::from_pkcs8(bytes)?)),
            Algorithm::Hs256 => Self::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes))),
        };
        let checking = match (&private, private.public()) {
            (Self::Es256(pair), _) => DecodingKey::from_ec_der(pair.public_key().as_ref()),
            (_, PublicKey::Ed { x }) => DecodingKey::from_ed_der(&x),
            (_, PublicKey::Rsa { n, e }) => DecodingKey::from_rsa_raw_components(&n, &e),
            _ => DecodingKey::from_secret(bytes),
        };
        Ok((private, checking))
    }

    /// The public half.
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Es256(pair) => {
                // An uncompressed point: a mark and two numbers of 32 bytes.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                PublicKey::Ec {
                    x: x.to_vec(),
                    y: y.to_vec(),
                }
            }
            Self::EdDsa(pair) => PublicKey::Ed {
                x: pair.public_key().as_ref().to_vec(),
            },
            Self::Rs256(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                PublicKey::Rsa {
                    n: public.n,
                    e: public.e,
                }
            }
            Self::Hs256(_) => PublicKey::None,
        }
    }

    /// Signs a message as JOSE wants it.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        Ok(match self {
            Self::Es256(pair) => pair.sign(&random, message)?.as_ref().to_vec(),
            Self::EdDsa(pair) => pair.try_sign(message)?.as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
            Self::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
        })
    }
}
