//! Keys, signs and templates of the default accounts: fixed, fake, no secret.

/// A second approved sign of every account.
pub const SECOND_SIGN: &str = "门神安全";

/// The id of the `AccessKey` of the offline Alibaba Cloud.
pub const ALIYUN_ACCESS_KEY_ID: &str = "fake-aliyun-access-key-id";
/// The secret of that `AccessKey`.
pub const ALIYUN_ACCESS_KEY_SECRET: &str = "fake-aliyun-access-key-secret";
/// The approved sign.
pub const ALIYUN_SIGN_NAME: &str = "门神演示";
/// The approved template for logins; its variable is `code`.
pub const ALIYUN_TEMPLATE_CODE: &str = "SMS_100000001";
/// The approved template for a new number; its variable is `code`.
pub const ALIYUN_BIND_TEMPLATE_CODE: &str = "SMS_100000002";
/// The approved template for other countries; its variable is `code`.
pub const ALIYUN_OVERSEAS_TEMPLATE_CODE: &str = "SMS_200000001";

/// The `SecretId` of the offline Tencent Cloud.
pub const TENCENT_SECRET_ID: &str = "fake-tencent-secret-id";
/// The `SecretKey` that belongs to it.
pub const TENCENT_SECRET_KEY: &str = "fake-tencent-secret-key";
/// The SMS application.
pub const TENCENT_SDK_APP_ID: &str = "1400000001";
/// The approved sign.
pub const TENCENT_SIGN_NAME: &str = "门神演示";
/// The approved template for logins: `{1}` is the code.
pub const TENCENT_TEMPLATE_ID: &str = "100001";
/// The approved template for a new number: `{1}` is the code, `{2}` the minutes.
pub const TENCENT_BIND_TEMPLATE_ID: &str = "100002";
/// The approved template for other countries: `{1}` is the code.
pub const TENCENT_OVERSEAS_TEMPLATE_ID: &str = "200001";
/// The region that requests name.
pub const TENCENT_REGION: &str = "ap-guangzhou";
