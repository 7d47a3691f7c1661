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
/// The approved template for word that a number was lost; it has no variables.
pub const ALIYUN_NOTICE_TEMPLATE_CODE: &str = "SMS_100000003";
/// The same for other countries.
pub const ALIYUN_OVERSEAS_NOTICE_TEMPLATE_CODE: &str = "SMS_200000002";

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
/// The approved template for word that a number was lost; it has no variables.
pub const TENCENT_NOTICE_TEMPLATE_ID: &str = "100003";
/// The same for other countries.
pub const TENCENT_OVERSEAS_NOTICE_TEMPLATE_ID: &str = "200002";
/// The region that requests name.
pub const TENCENT_REGION: &str = "ap-guangzhou";

/// The application's key at the offline Huawei Cloud.
pub const HUAWEI_APP_KEY: &str = "fake-huawei-app-key";
/// The application's secret.
pub const HUAWEI_APP_SECRET: &str = "fake-huawei-app-secret";
/// The channel to the mainland.
pub const HUAWEI_SENDER: &str = "8800000000001";
/// The channel to other countries.
pub const HUAWEI_OVERSEAS_SENDER: &str = "isms0000000001";
/// The approved sign of both channels.
pub const HUAWEI_SIGNATURE: &str = "门神演示";
/// The approved template for logins: `${1}` is the code.
pub const HUAWEI_TEMPLATE_ID: &str = "0123456789abcdef0123456789abcdef";
/// The approved template for a new number: `${1}` is the code, `${2}` the minutes.
pub const HUAWEI_BIND_TEMPLATE_ID: &str = "0123456789abcdef0123456789abcde2";
/// The approved template for other countries: `${1}` is the code.
pub const HUAWEI_OVERSEAS_TEMPLATE_ID: &str = "0123456789abcdef0123456789abcde3";
/// The approved template for word that a number was lost; it has no variables.
pub const HUAWEI_NOTICE_TEMPLATE_ID: &str = "0123456789abcdef0123456789abcde4";
/// The same for other countries.
pub const HUAWEI_OVERSEAS_NOTICE_TEMPLATE_ID: &str = "0123456789abcdef0123456789abcde5";

/// The id of the access key of the offline Volcengine.
pub const VOLCENGINE_ACCESS_KEY_ID: &str = "fake-volcengine-access-key-id";
/// The secret of that access key.
pub const VOLCENGINE_SECRET_ACCESS_KEY: &str = "fake-volcengine-secret-access-key";
/// The message group.
pub const VOLCENGINE_SMS_ACCOUNT: &str = "7a000001";
/// The approved sign.
pub const VOLCENGINE_SIGN: &str = "门神演示";
/// The approved template for logins; its variable is `code`.
pub const VOLCENGINE_TEMPLATE_ID: &str = "ST_00000001";
/// The approved template for a new number; its variables are `code` and `minutes`.
pub const VOLCENGINE_BIND_TEMPLATE_ID: &str = "ST_00000002";
/// The approved template for other countries; its variable is `code`.
pub const VOLCENGINE_OVERSEAS_TEMPLATE_ID: &str = "ST_00000003";
/// The approved template for word that a number was lost; it has no variables.
pub const VOLCENGINE_NOTICE_TEMPLATE_ID: &str = "ST_00000004";
/// The same for other countries.
pub const VOLCENGINE_OVERSEAS_NOTICE_TEMPLATE_ID: &str = "ST_00000005";
/// The region that signatures name.
pub const VOLCENGINE_REGION: &str = "cn-north-1";

/// The account's sid at the offline Twilio.
pub const TWILIO_ACCOUNT_SID: &str = "AC00000000000000000000000000000001";
/// The account's token.
pub const TWILIO_AUTH_TOKEN: &str = "fake-twilio-auth-token";
/// The sid of an API key of the account.
pub const TWILIO_API_KEY: &str = "SK00000000000000000000000000000001";
/// The secret of that API key.
pub const TWILIO_API_SECRET: &str = "fake-twilio-api-secret";
/// The number that it sends from.
pub const TWILIO_FROM: &str = "+14155550100";
/// A messaging service of the account.
pub const TWILIO_MESSAGING_SERVICE_SID: &str = "MG00000000000000000000000000000001";
