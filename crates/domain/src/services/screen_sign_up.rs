//! Whether a sign-up by WeChat alone is too risky to go without a phone number.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::evidence::{Evidence, WeChatIdentity};
use crate::model::wechat::{AppKind, WeChatApp, WeChatApps};
use crate::model::wechat_login::RiskRank;
use crate::ports::wechat_gateway::WeChatGateway;

/// Asks WeChat about whoever signs up without a phone number.
pub struct ScreenSignUp {
    /// Ranks people.
    pub gateway: Arc<dyn WeChatGateway>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// `wechat.risk_rank`: from this rank on a phone number is asked for; `None`
    /// asks nobody.
    pub threshold: Option<RiskRank>,
}

impl ScreenSignUp {
    /// True if WeChat would be asked, were this person to sign up.
    #[must_use]
    pub fn concerns(&self, evidence: &Evidence) -> bool {
        self.question(evidence).is_some()
    }

    /// True if who is about to sign up must prove a phone number first. Only
    /// mini-programs can ask (`wxa/getuserriskrank`), and an unknown risk blocks
    /// nobody.
    pub async fn asks_for_phone(&self, evidence: &Evidence, address: IpAddr) -> bool {
        let Some((threshold, person, app)) = self.question(evidence) else {
            return false;
        };
        let risk = self
            .gateway
            .user_risk(app, &person.openid, address, None)
            .await;
        risk.reaches(threshold)
    }

    /// From which rank on to ask for a number, about whom, and in which application.
    fn question<'a>(
        &'a self,
        evidence: &'a Evidence,
    ) -> Option<(RiskRank, &'a WeChatIdentity, &'a WeChatApp)> {
        let (Some(threshold), Evidence::WeChat(person)) = (self.threshold, evidence) else {
            return None;
        };
        let app = self.apps.named(&person.app_id, &[AppKind::MiniProgram]);
        Some((threshold, person, app.ok()?))
    }
}
