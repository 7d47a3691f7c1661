//! Whose key it is, applications, test numbers, signing keys.

use menshen_domain::model::operator::Operator;
use menshen_domain::model::test_number::StoredTestNumber;
use menshen_domain::model::wechat::WeChatApps;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::SigningKeyInfo;
use crate::http::account_json::time;

/// Whose key it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorJson {
    /// The key's name, as the audit log tells it.
    #[schema(example = "ops.alice")]
    name: String,
    /// `read` or `write`.
    scope: &'static str,
}

impl From<&Operator> for OperatorJson {
    fn from(operator: &Operator) -> Self {
        Self {
            name: operator.name().to_owned(),
            scope: operator.scope().as_str(),
        }
    }
}

/// A `WeChat` application of the deployment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationJson {
    /// Its id.
    #[schema(example = "wx0123456789abcdef")]
    app_id: String,
    /// The provider of its identities: `wechat_mini_program`, `wechat_app` or
    /// `wechat_website`.
    provider: &'static str,
    /// The Open Platform account that it is bound to, as the settings call it.
    platform: Option<String>,
}

/// The applications of the deployment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationsJson {
    /// In the order of the settings.
    applications: Vec<ApplicationJson>,
}

impl From<&WeChatApps> for ApplicationsJson {
    fn from(apps: &WeChatApps) -> Self {
        let each = apps.all().iter().map(|app| ApplicationJson {
            app_id: app.id.as_str().to_owned(),
            provider: app.kind.provider().as_str(),
            platform: app
                .platform
                .as_ref()
                .map(|platform| platform.as_str().to_owned()),
        });
        Self {
            applications: each.collect(),
        }
    }
}

/// A test number.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestNumberJson {
    /// Its id.
    id: String,
    /// The number, masked; nobody can read it back.
    phone_masked: String,
    /// When it stops working, RFC 3339.
    until: String,
    /// RFC 3339.
    made_at: String,
    /// Who made it.
    made_by: String,
    /// What it is for.
    note: Option<String>,
}

impl From<&StoredTestNumber> for TestNumberJson {
    fn from(number: &StoredTestNumber) -> Self {
        Self {
            id: number.id.to_string(),
            phone_masked: number.phone_masked.clone(),
            until: time(number.until),
            made_at: time(number.made_at),
            made_by: number.made_by.clone(),
            note: number.note.clone(),
        }
    }
}

/// The test numbers that operators made.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestNumbersJson {
    /// The one that ends last first.
    pub test_numbers: Vec<TestNumberJson>,
}

/// A signing key.
#[derive(Debug, Serialize, ToSchema)]
pub struct SigningKeyJson {
    /// Its id.
    kid: String,
    /// As JOSE names it.
    #[schema(example = "ES256")]
    algorithm: String,
    /// `next` (published, signs later), `signing` or `checking`.
    stage: &'static str,
    /// From when on it signs, RFC 3339.
    not_before: String,
    /// When it goes, RFC 3339.
    retire_at: Option<String>,
}

/// The signing keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct SigningKeysJson {
    /// Oldest first.
    pub keys: Vec<SigningKeyJson>,
}

impl From<Vec<SigningKeyInfo>> for SigningKeysJson {
    fn from(keys: Vec<SigningKeyInfo>) -> Self {
        let keys = keys.into_iter().map(|key| SigningKeyJson {
            kid: key.kid,
            algorithm: key.algorithm,
            stage: key.stage,
            not_before: time(key.not_before),
            retire_at: key.retire_at.map(time),
        });
        Self {
            keys: keys.collect(),
        }
    }
}

/// What was ended or removed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoneJson {
    /// How many.
    #[schema(example = 1)]
    pub count: usize,
}
