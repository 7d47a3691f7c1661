//! What a login has proven.
//!
//! Values of these types can only be made from a proof, so that an unproven
//! phone number or identity cannot reach the decisions.

use crate::model::phone_number::PhoneNumber;
use crate::model::wechat::{AppId, OpenId, Platform, Provider, SessionKey, UnionId, WeChatApp};
use crate::ports::code_store::CodeReceipt;
use crate::ports::wechat_gateway::{WeChatIdentification, WeChatPhone};

/// How a phone number was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneProof {
    /// By a code that was sent to it.
    Sms,
    /// By WeChat's getPhoneNumber button, which does not check afresh that the
    /// number is still the person's.
    WeChat,
    /// By nobody here: an operator imported it with the account. No login proves a
    /// number in this way.
    Imported,
}

impl PhoneProof {
    /// The stable word of the audit log and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::WeChat => "wechat",
            Self::Imported => "imported",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Sms, Self::WeChat, Self::Imported]
            .into_iter()
            .find(|proof| proof.as_str() == text)
    }
}

/// A phone number together with how it was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenPhone {
    number: PhoneNumber,
    proof: PhoneProof,
}

impl ProvenPhone {
    /// A code that was sent to this number came back and was spent.
    #[must_use]
    pub fn by_sms(spent: &CodeReceipt) -> Self {
        Self {
            number: spent.phone().clone(),
            proof: PhoneProof::Sms,
        }
    }

    /// WeChat named this number for a code of its button.
    #[must_use]
    pub fn by_wechat(answer: &WeChatPhone) -> Self {
        Self {
            number: answer.number.clone(),
            proof: PhoneProof::WeChat,
        }
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> &PhoneNumber {
        &self.number
    }

    /// How it was proven.
    #[must_use]
    pub fn proof(&self) -> PhoneProof {
        self.proof
    }
}

/// A WeChat identity that WeChat itself has vouched for in this request.
#[derive(Debug, Clone)]
pub struct WeChatIdentity {
    /// The provider, by the kind of the application.
    pub provider: Provider,
    /// The application.
    pub app_id: AppId,
    /// The person as the application knows them.
    pub openid: OpenId,
    /// The person as the application's platform knows them.
    pub union_id: Option<(Platform, UnionId)>,
    /// The key of the person's open data, if the exchange gave one.
    pub session_key: Option<SessionKey>,
}

impl WeChatIdentity {
    /// What WeChat answered for a code of `app`.
    ///
    /// A unionid counts only where the deployment says which platform the
    /// application belongs to: without that it joins nothing.
    #[must_use]
    pub fn vouched(app: &WeChatApp, answer: WeChatIdentification) -> Self {
        Self {
            provider: app.kind.provider(),
            app_id: app.id.clone(),
            openid: answer.openid,
            union_id: app.platform.clone().zip(answer.union_id),
            session_key: answer.session_key,
        }
    }
}

/// All that one request has proven: a phone number, a WeChat identity, or both.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// A phone number.
    Phone(ProvenPhone),
    /// A WeChat identity.
    WeChat(WeChatIdentity),
    /// Both, in one request of one person.
    Both(ProvenPhone, WeChatIdentity),
}

impl Evidence {
    /// The proven phone number.
    #[must_use]
    pub fn phone(&self) -> Option<&ProvenPhone> {
        match self {
            Self::Phone(phone) | Self::Both(phone, _) => Some(phone),
            Self::WeChat(_) => None,
        }
    }

    /// The proven WeChat identity.
    #[must_use]
    pub fn wechat(&self) -> Option<&WeChatIdentity> {
        match self {
            Self::WeChat(identity) | Self::Both(_, identity) => Some(identity),
            Self::Phone(_) => None,
        }
    }
}

/// A part of the evidence that could not be attached, as `not_attached` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidencePart {
    /// The phone number.
    Phone,
    /// The WeChat identity.
    WeChat,
}

impl EvidencePart {
    /// The stable word of the contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::WeChat => "wechat",
        }
    }
}
