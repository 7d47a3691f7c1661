//! From the members of a request to the domain's types: every member that is
//! wrong is named, not only the first.

use menshen_domain::model::client::{Client, ClientType, Label};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::ChallengeId;
use menshen_domain::model::wechat::{AppId, LoginCode, PhoneCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::kinds::Fault;

/// The client program, as it describes itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientJson {
    /// `mini_program`, `app` or `web`.
    #[serde(rename = "type")]
    #[schema(example = "mini_program")]
    pub kind: String,
    /// A name that the client keeps for its device, at most 64 characters; a
    /// login with the id of a live session replaces that session.
    #[schema(example = "5f1c1e0a")]
    pub device_id: Option<String>,
    /// What people call the device, at most 128 characters.
    #[schema(example = "小米 15")]
    pub device_name: Option<String>,
    /// The client's version, at most 64 characters.
    #[schema(example = "1.4.2")]
    pub version: Option<String>,
}

/// The terms that the person agreed to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentJson {
    /// Their version.
    #[schema(example = "2026-01")]
    pub version: String,
}

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub struct Fields {
    faults: Vec<(String, Fault)>,
}

impl Fields {
    /// Ends the reading: with every member that is wrong.
    ///
    /// # Errors
    ///
    /// [`ApiError`] if there is one.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ApiError::fields(self.faults))
        }
    }

    /// Notes a member that is wrong.
    pub fn fault(&mut self, name: &str, fault: Fault) {
        self.faults.push((name.to_owned(), fault));
    }

    fn note<T, E>(&mut self, name: &str, fault: Fault, parsed: Result<T, E>) -> Option<T> {
        if parsed.is_err() {
            self.fault(name, fault);
        }
        parsed.ok()
    }

    /// A phone number.
    pub fn phone(&mut self, text: &str) -> Option<PhoneNumber> {
        self.note("phone", Fault::Phone, PhoneNumber::parse(text))
    }

    /// The six digits of a message.
    pub fn sms_code(&mut self, text: &str) -> Option<SmsCode> {
        self.note("code", Fault::Code, SmsCode::parse(text))
    }

    /// The name of an ask for a code.
    pub fn challenge(&mut self, text: Option<&str>) -> Option<ChallengeId> {
        self.note("challenge_id", Fault::Value, ChallengeId::parse(text?))
    }

    /// A WeChat login code.
    pub fn login_code(&mut self, name: &str, text: &str) -> Option<LoginCode> {
        self.note(name, Fault::Value, LoginCode::parse(text))
    }

    /// A code of the getPhoneNumber button.
    pub fn phone_code(&mut self, text: &str) -> Option<PhoneCode> {
        self.note("phone_code", Fault::Value, PhoneCode::parse(text))
    }

    /// A WeChat application's id.
    pub fn app_id(&mut self, name: &str, text: Option<&str>) -> Option<AppId> {
        self.note(name, Fault::UnknownApp, AppId::parse(text?))
    }

    /// A client type.
    pub fn client_type(&mut self, name: &str, text: &str) -> Option<ClientType> {
        self.note(name, Fault::Value, ClientType::parse(text).ok_or(()))
    }

    /// The client program.
    pub fn client(&mut self, json: &ClientJson) -> Option<Client> {
        let before = self.faults.len();
        let kind = self.client_type("client.type", &json.kind);
        let client = Client {
            kind: kind.unwrap_or(ClientType::Web),
            device_id: self.label("client.device_id", json.device_id.as_deref()),
            device_name: self.label("client.device_name", json.device_name.as_deref()),
            version: self.label("client.version", json.version.as_deref()),
        };
        (self.faults.len() == before).then_some(client)
    }

    /// The version of the terms that the person agreed to.
    pub fn consent(&mut self, json: Option<&ConsentJson>) -> Option<String> {
        let version: Option<Label<64>> =
            self.label("consent.version", json.map(|json| json.version.as_str()));
        version.map(|version| version.as_str().to_owned())
    }

    fn label<const MAX: usize>(&mut self, name: &str, text: Option<&str>) -> Option<Label<MAX>> {
        self.note(name, Fault::Value, Label::parse(text?))
    }
}
