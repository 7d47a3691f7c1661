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
        if is_open_interface(&config.base_urls) {
            return OfficialGateway::without_tokens(config, clock).map(Self);
        }
        OfficialGateway::with_token_cache(config, clock, cache).map(Self)
    }
}

/// Whether calls leave through the container's own entry and no other.
fn is_open_interface(base_urls: &[String]) -> bool {
    base_urls
        .iter()
        .all(|base| base.trim_end_matches('/') == OPEN_INTERFACE_SERVICE)
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
    use chrono::{DateTime, Utc};
    use menshen_domain::model::wechat::{AppId, UnionId};
    use menshen_outbound::mock::{MockServer, Reaction};

    use crate::metrics::WeChatMetrics;

    const NOW: i64 = 1_700_000_000;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(NOW, 0).unwrap()
        }
    }

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

    #[test]
    fn tokens_are_left_to_the_container_where_it_is_the_only_way() {
        let bases = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(is_open_interface(&bases(&["http://api.weixin.qq.com"])));
        assert!(is_open_interface(&bases(&["http://api.weixin.qq.com/"])));
        for official in [
            &["https://api.weixin.qq.com"][..],
            &["http://api.weixin.qq.com", "https://api2.weixin.qq.com"],
            &["http://127.0.0.1:9"],
            &["http://api.weixin.qq.com.evil.example"],
        ] {
            assert!(!is_open_interface(&bases(official)), "{official:?}");
        }
    }

    #[tokio::test]
    async fn inside_the_container_a_number_is_asked_for_without_a_token() {
        let info = format!(
            r#"{{"errcode":0,"errmsg":"ok","phone_info":{{"purePhoneNumber":"13580006666","countryCode":"86","watermark":{{"timestamp":{NOW},"appid":"wx1"}}}}}}"#
        );
        let container = MockServer::start(move |_, _| Reaction::ok(info.clone()));
        let container = container.await.unwrap();
        let config = OfficialGatewayConfig {
            base_urls: vec![container.url()],
            timeout: std::time::Duration::from_secs(2),
            apps: vec![(AppId::parse("wx1").unwrap(), "5ec7e7".into())],
            metrics: WeChatMetrics::default(),
        };
        let official = OfficialGateway::without_tokens(config, Arc::new(Fixed)).unwrap();
        let gateway = CloudRunGateway(official);
        let openid = OpenId::parse("oGZUI0egBJY1zhBYw2KhdUfwVJJE").unwrap();
        let code = PhoneCode::parse("c0de").unwrap();
        let app = app("wx1", AppKind::MiniProgram);
        let phone = gateway.phone_number(&app, &code, &openid);
        assert_eq!(phone.await.unwrap().number.as_e164(), "+8613580006666");
        let seen = container.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].target, "/wxa/business/getuserphonenumber");
    }
}
