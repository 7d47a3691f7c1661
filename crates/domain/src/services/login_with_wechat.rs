//! Login through WeChat: one tap, the getPhoneNumber button, or OAuth2 consent.

use std::sync::Arc;

use crate::model::evidence::Evidence;
use crate::model::wechat::{AppId, AppKind, LoginCode, PhoneCode, WeChatApp, WeChatApps};
use crate::services::login::{LoginError, LoginRequest, SignedIn};
use crate::services::rejoin::Rejoin;
use crate::services::sign_in::{SignIn, Via};
use crate::services::vouch::{Caller, Vouch, Vouched};

const BY_BUTTON: &str = "wechat_phone";

/// Signs a person in with codes of WeChat.
pub struct LoginWithWeChat {
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Exchanges the codes.
    pub vouch: Arc<Vouch>,
    /// Ends the login.
    pub sign_in: Arc<SignIn>,
    /// Answers a repeat.
    pub rejoin: Arc<Rejoin>,
}

impl LoginWithWeChat {
    /// Signs in with a login code of an application of `kind`.
    ///
    /// # Errors
    ///
    /// See [`LoginError`].
    pub async fn with_login_code(
        &self,
        kind: AppKind,
        app_id: Option<&AppId>,
        code: &LoginCode,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let app = self.apps.choose(app_id, kind)?;
        self.execute(kind.provider().as_str(), app, code, None, request)
            .await
    }

    /// Signs in with the codes of the getPhoneNumber button and of `wx.login` of
    /// one mini-program: number and openid end on one account.
    ///
    /// # Errors
    ///
    /// See [`LoginError`].
    pub async fn with_phone_button(
        &self,
        app_id: Option<&AppId>,
        login_code: &LoginCode,
        phone_code: &PhoneCode,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let app = self.apps.choose(app_id, AppKind::MiniProgram)?;
        self.execute(BY_BUTTON, app, login_code, Some(phone_code), request)
            .await
    }

    async fn execute(
        &self,
        method: &'static str,
        app: &WeChatApp,
        code: &LoginCode,
        phone_code: Option<&PhoneCode>,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let caller = Caller {
            route: method,
            client_type: request.client.kind,
            device_id: request.client.device(),
            user: None,
        };
        let proof = match self.vouch.execute(app, code, phone_code, caller).await? {
            Vouched::Now(proof) => *proof,
            Vouched::Before {
                session,
                is_new_user,
                not_attached,
            } => {
                let again = self
                    .rejoin
                    .execute(session, is_new_user, not_attached)
                    .await?;
                return again.ok_or(LoginError::WeChatCodeInvalid);
            }
        };
        let evidence = match proof.phone.clone() {
            Some(phone) => Evidence::Both(phone, proof.identity.clone()),
            None => Evidence::WeChat(proof.identity.clone()),
        };
        let via = Via {
            method,
            app_id: Some(app.id.clone()),
            code: None,
        };
        let login = self.sign_in.execute(&evidence, request, &via).await;
        match &login {
            Ok(done) => {
                self.vouch
                    .complete(proof, done.session.id, done.is_new_user, &done.not_attached)
                    .await;
            }
            Err(_) => self.vouch.keep(proof).await,
        }
        login
    }
}
