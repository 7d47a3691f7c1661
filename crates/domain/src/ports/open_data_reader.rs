//! Open data: what WeChat's client APIs hand over, signed and encrypted under
//! the person's session key.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::model::wechat::{AppId, OpenId, SessionKey, UnionId};
use crate::model::wechat_profile::WeChatProfile;

/// Encrypted data as a client sends it.
#[derive(Clone, Copy)]
pub struct SealedOpenData<'a> {
    /// `encryptedData`: base64 text.
    pub encrypted_data: &'a str,
    /// `iv`: base64 text of 16 bytes.
    pub iv: &'a str,
}

impl fmt::Debug for SealedOpenData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedOpenData(…)")
    }
}

/// For whom and for when open data must be.
#[derive(Debug, Clone, Copy)]
pub struct OpenDataExpectation<'a> {
    /// The application that its watermark must name.
    pub app: &'a AppId,
    /// The person that it must be about, where it names one.
    pub openid: &'a OpenId,
    /// The time now.
    pub now: DateTime<Utc>,
}

/// Clear open data, checked. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenData {
    /// The members that the client may be told, as the text of a JSON object:
    /// all but `openId`, `unionId` and `watermark`.
    pub client_json: String,
    /// The person as all applications of one platform know them.
    pub union_id: Option<UnionId>,
    /// The person as this application knows them, if the data names them; then
    /// it is the expected one.
    pub openid: Option<OpenId>,
    /// Nickname and avatar, cleaned.
    pub profile: WeChatProfile,
}

impl fmt::Debug for OpenData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenData(…)")
    }
}

/// Why open data is not taken. Ways of failing to decrypt are not told apart:
/// the cipher has no MAC, and every difference would be a padding oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenDataError {
    /// Wrong key, damage, too old, too long, or not meant for this application
    /// or person.
    #[error("the open data cannot be decrypted")]
    DecryptFailed,
    /// `signature` is not the one of `rawData` under the session key.
    #[error("the signature does not match")]
    SignatureMismatch,
}

/// Reads open data. Pure: it asks nobody.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait OpenDataReader: Send + Sync {
    /// Checks that `signature` belongs to `raw_data`, which is taken byte for
    /// byte as it came.
    ///
    /// # Errors
    ///
    /// [`OpenDataError::SignatureMismatch`].
    fn verify(
        &self,
        raw_data: &str,
        signature: &str,
        key: &SessionKey,
    ) -> Result<(), OpenDataError>;

    /// Decrypts open data and checks its watermark and whom it is about.
    ///
    /// # Errors
    ///
    /// [`OpenDataError::DecryptFailed`], whatever is wrong.
    fn open<'a>(
        &self,
        sealed: SealedOpenData<'a>,
        key: &SessionKey,
        expected: OpenDataExpectation<'a>,
    ) -> Result<OpenData, OpenDataError>;
}
