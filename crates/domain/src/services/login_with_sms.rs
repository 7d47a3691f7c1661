//! Phone number and verification code, and a WeChat identity in the same step.

use std::sync::Arc;

use crate::model::evidence::{Evidence, ProvenPhone};
use crate::model::phone_number::PhoneNumber;
use crate::model::sms_code::SmsCode;
use crate::model::verification::{ChallengeId, CodeScope, Purpose};
use crate::model::wechat::{AppId, AppKind, WeChatApp, WeChatApps};
use crate::ports::code_store::CodeReceipt;
use crate::services::check_code::CheckCode;
use crate::services::login::{LoginError, LoginRequest, SignedIn, WeChatProof};
use crate::services::sign_in::{SignIn, Via};
use crate::services::vouch::{Caller, OpenProof, Vouch, Vouched};

const METHOD: &str = "sms";

/// Signs a person in with a verification code.
pub struct LoginWithSms {
    /// Compares the code.
    pub check: Arc<CheckCode>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Exchanges the WeChat code.
    pub vouch: Arc<Vouch>,
    /// Ends the login.
    pub sign_in: Arc<SignIn>,
}

/// The proof of a login by SMS.
#[derive(Debug, Clone)]
pub struct SmsProof {
    /// The number.
    pub phone: PhoneNumber,
    /// The digits.
    pub code: SmsCode,
    /// Which ask for a code is answered.
    pub challenge: Option<ChallengeId>,
    /// A WeChat identity of the same person, to be linked.
    pub wechat: Option<(WeChatProof, Option<AppId>)>,
}

impl LoginWithSms {
    /// Signs in with a code.
    ///
    /// # Errors
    ///
    /// See [`LoginError`]. Where the same code may complete a later request, it
    /// has been given back.
    pub async fn execute(
        &self,
        proof: &SmsProof,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let linked = match &proof.wechat {
            Some((shown, app_id)) => Some((
                shown,
                self.apps
                    .any_kind(app_id.as_ref(), AppKind::of_client(request.client.kind))?,
            )),
            None => None,
        };
        let scope = CodeScope {
            purpose: Purpose::Login,
            client_type: request.client.kind,
            phone: proof.phone.clone(),
        };
        let receipt = self
            .check
            .execute(&scope, proof.challenge, &proof.code, &request.origin)
            .await?;
        let login = self.with_receipt(&receipt, linked, request).await;
        if login.as_ref().is_err_and(LoginError::keeps_proof) {
            self.check.give_back(&receipt, proof.challenge).await;
        }
        login
    }

    async fn with_receipt(
        &self,
        receipt: &CodeReceipt,
        linked: Option<(&WeChatProof, &WeChatApp)>,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let phone = ProvenPhone::by_sms(receipt);
        let Some((shown, app)) = linked else {
            let via = Via {
                method: METHOD,
                app_id: None,
                code: Some(receipt.code()),
            };
            return self
                .sign_in
                .execute(&Evidence::Phone(phone), request, &via)
                .await;
        };
        let proof = self.identity(app, shown, request).await?;
        let evidence = Evidence::Both(phone, proof.identity.clone());
        let via = Via {
            method: METHOD,
            app_id: Some(app.id.clone()),
            code: Some(receipt.code()),
        };
        let login = self.sign_in.execute(&evidence, request, &via).await;
        // A repeat may complete what was not completed, and nothing else: with the
        // verification code, the WeChat code is spent too.
        match login {
            Ok(_) => self.vouch.spend(proof).await,
            Err(_) => self.vouch.keep(proof).await,
        }
        login
    }

    async fn identity(
        &self,
        app: &WeChatApp,
        shown: &WeChatProof,
        request: &LoginRequest,
    ) -> Result<OpenProof, LoginError> {
        let caller = Caller {
            route: METHOD,
            client_type: request.client.kind,
            device_id: request.client.device(),
            user: None,
        };
        match self.vouch.execute(app, shown, None, caller).await? {
            Vouched::Now(proof) => Ok(*proof),
            Vouched::Before(_) => Err(LoginError::WeChatCodeInvalid),
        }
    }
}
