//! WeChat as a container on WeChat cloud hosting sees it.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppKind, OpenId, PhoneCode, SessionKey, WeChatApp};
use menshen_domain::model::wechat_login::{HostedIdentity, LoginProof, ProfileTicket, UserRisk};
use menshen_domain::model::wechat_profile::WeChatProfile;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::wechat_gateway::{
    WeChatGateway, WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::ports::wechat_token_cache::WeChatTokenCache;

use crate::gateway::{OfficialGateway, OfficialGatewayConfig, OfficialGatewayConfigError};

/// The address inside a container at which WeChat's open interface service
/// answers: plain HTTP, which never leaves the machine, and no access token.
///
/// Source: WeChat cloud hosting, "open interface service".
pub const OPEN_INTERFACE_SERVICE: &str = "http://api.weixin.qq.com";

/// WeChat on cloud hosting: who is there is known from the headers of the
/// request, and everything else goes the official way, or, where the only entry
/// is [`OPEN_INTERFACE_SERVICE`], without an access token.
///
/// It takes a [`HostedIdentity`] at its word: whoever makes one answers for the
/// headers having come from cloud hosting.
#[derive(Debug)]
pub struct CloudRunGateway(OfficialGateway);

impl CloudRunGateway {
    /// A gateway for a container on cloud hosting.
    ///
    /// # Errors
    ///
    /// See [`OfficialGatewayConfigError`].
    pub fn new(
        config: OfficialGatewayConfig,
        clock: Arc<dyn Clock>,
        cache: Arc<dyn WeChatTokenCache>,
    ) -> Result<Self, OfficialGatewayConfigError> {
        let serviced = config
            .base_urls
            .iter()
            .all(|base| base.trim_end_matches('/') == OPEN_INTERFACE_SERVICE);
        if serviced {
            return OfficialGateway::without_tokens(config, clock).map(Self);
        }
        OfficialGateway::with_token_cache(config, clock, cache).map(Self)
    }
}

/// The person that the headers name, in the mini-program that they name.
fn hosted(
    app: &WeChatApp,
    identity: &HostedIdentity,
) -> Result<WeChatIdentification, WeChatGatewayError> {
    if app.kind != AppKind::MiniProgram || app.id != identity.app_id {
        tracing::warn!(
            app_id = app.id.as_str(),
            "cloud hosting names another application"
        );
        return Err(WeChatGatewayError::CodeRefused);
    }
    Ok(WeChatIdentification {
        openid: identity.openid.clone(),
        union_id: identity.union_id.clone(),
        session_key: None,
        profile_ticket: None,
    })
}

#[async_trait]
impl WeChatGateway for CloudRunGateway {
    async fn identify<'a>(
        &self,
        app: &WeChatApp,
        proof: LoginProof<'a>,
    ) -> Result<WeChatIdentification, WeChatGatewayError> {
        match proof {
            LoginProof::Hosted(identity) => hosted(app, identity),
            LoginProof::Code(_) => self.0.identify(app, proof).await,
        }
    }

    async fn phone_number(
        &self,
        app: &WeChatApp,
        code: &PhoneCode,
        openid: &OpenId,
    ) -> Result<WeChatPhone, WeChatGatewayError> {
        self.0.phone_number(app, code, openid).await
    }

    async fn profile(
        &self,
        app: &WeChatApp,
        ticket: &ProfileTicket,
    ) -> Result<WeChatProfile, WeChatGatewayError> {
        self.0.profile(app, ticket).await
    }

    async fn user_risk(
        &self,
        app: &WeChatApp,
        openid: &OpenId,
        address: IpAddr,
        phone: Option<PhoneNumber>,
    ) -> UserRisk {
        self.0.user_risk(app, openid, address, phone).await
    }

    async fn session_key_is_live(
        &self,
        app: &WeChatApp,
        openid: &OpenId,
        key: &SessionKey,
    ) -> Result<bool, WeChatGatewayError> {
        self.0.session_key_is_live(app, openid, key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use menshen_domain::model::wechat::{AppId, UnionId};

    fn app(id: &str, kind: AppKind) -> WeChatApp {
        WeChatApp {
            id: AppId::parse(id).unwrap(),
            kind,
            platform: None,
        }
    }

    #[test]
    fn the_headers_count_for_the_mini_program_that_they_name() {
        let identity = HostedIdentity {
            app_id: AppId::parse("wx1").unwrap(),
            openid: OpenId::parse("oGZUI0egBJY1zhBYw2KhdUfwVJJE").unwrap(),
            union_id: UnionId::parse("ocMvos6NjeKLIBqg5Mr9QjxrP1FA").ok(),
        };
        let person = hosted(&app("wx1", AppKind::MiniProgram), &identity).unwrap();
        assert_eq!(person.openid, identity.openid);
        assert_eq!(person.union_id, identity.union_id);
        for other in [app("wx2", AppKind::MiniProgram), app("wx1", AppKind::App)] {
            let refused = hosted(&other, &identity);
            assert!(matches!(refused, Err(WeChatGatewayError::CodeRefused)));
        }
    }
}
