//! Login through WeChat: one tap, the getPhoneNumber button, or OAuth2 consent.

use std::sync::Arc;

use crate::model::evidence::Evidence;
use crate::model::linking::Refusal;
use crate::model::wechat::{AppId, AppKind, PhoneCode, WeChatApp, WeChatApps};
use crate::model::wechat_limits::WeChatLimits;
use crate::model::wechat_profile::WeChatProfile;
use crate::ports::clock::Clock;
use crate::ports::open_data_reader::{OpenDataError, OpenDataReader};
use crate::ports::rate_limiter::{Admission, RateLimiter};
use crate::services::adopt_profile::AdoptProfile;
use crate::services::decrypt_open_data::GivenOpenData;
use crate::services::login::{LoginError, LoginRequest, SignedIn, WeChatProof};
use crate::services::rejoin::Rejoin;
use crate::services::sign_in::{SignIn, Via, lookup};
use crate::services::vouch::{Before, Caller, OpenProof, Vouch, Vouched};

const BY_BUTTON: &str = "wechat_phone";

/// Signs a person in with codes of WeChat.
pub struct LoginWithWeChat {
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Exchanges the codes.
    pub vouch: Arc<Vouch>,
    /// Opens the data that comes along.
    pub reader: Arc<dyn OpenDataReader>,
    /// Counts the tries at that.
    pub limiter: Arc<dyn RateLimiter>,
    /// How often a person may try.
    pub limits: WeChatLimits,
    /// Ends the login.
    pub sign_in: Arc<SignIn>,
    /// Answers a repeat.
    pub rejoin: Arc<Rejoin>,
    /// Gives new accounts their looks.
    pub adopt: Arc<AdoptProfile>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The code of the getPhoneNumber button.
#[derive(Debug, Clone, Copy)]
pub struct Button<'a> {
    /// The code.
    pub code: &'a PhoneCode,
    /// Exchange it only if the person's account has no number: each exchange is
    /// billed.
    pub if_missing: bool,
}

impl LoginWithWeChat {
    /// Signs in with a login code of an application of `kind`. Open data of the
    /// person may come along: its unionid joins the evidence, and a new account
    /// shows its nickname and avatar.
    ///
    /// # Errors
    ///
    /// See [`LoginError`].
    pub async fn with_login_code(
        &self,
        kind: AppKind,
        app_id: Option<&AppId>,
        shown: &WeChatProof,
        profile: Option<&GivenOpenData>,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let app = self.apps.choose(app_id, kind)?;
        let method = kind.provider().as_str();
        let mut proof = match self.vouch(method, app, shown, None, request).await? {
            Vouched::Now(proof) => *proof,
            Vouched::Before(session) => return self.again(session).await,
        };
        proof.phone = None;
        let mut looks = None;
        if let Some(given) = profile {
            if let Err(error) = self.admit(app, &proof).await {
                self.vouch.keep(proof).await;
                return Err(error);
            }
            match self.open(app, given, &mut proof) {
                Ok(profile) => looks = Some(profile),
                Err(error) => {
                    self.vouch.keep(proof).await;
                    return Err(error.into());
                }
            }
        }
        self.finish(method, app, proof, looks, request).await
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
        shown: &WeChatProof,
        button: Button<'_>,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let app = self.apps.choose(app_id, AppKind::MiniProgram)?;
        let vouched = self.vouch(BY_BUTTON, app, shown, Some(button.code), request);
        let proof = match vouched.await? {
            Vouched::Now(proof) => *proof,
            Vouched::Before(session) => return self.again(session).await,
        };
        let needed = match self.needs_phone(&proof, button).await {
            Ok(needed) => needed,
            Err(error) => {
                self.vouch.keep(proof).await;
                return Err(error);
            }
        };
        let proof = if needed {
            self.vouch.with_phone(app, proof, button.code).await?
        } else {
            proof
        };
        self.finish(BY_BUTTON, app, proof, None, request).await
    }

    async fn vouch(
        &self,
        route: &'static str,
        app: &WeChatApp,
        shown: &WeChatProof,
        phone_code: Option<&PhoneCode>,
        request: &LoginRequest,
    ) -> Result<Vouched, LoginError> {
        let caller = Caller {
            route,
            client_type: request.client.kind,
            device_id: request.client.device(),
            user: None,
        };
        self.vouch.execute(app, shown, phone_code, caller).await
    }

    /// The same login, asked for again.
    async fn again(&self, before: Before) -> Result<SignedIn, LoginError> {
        let again = self
            .rejoin
            .execute(before.session, before.is_new_user, before.not_attached)
            .await?;
        again.ok_or(LoginError::WeChatCodeInvalid)
    }

    /// Counts one try at opening data of this person.
    async fn admit(&self, app: &WeChatApp, proof: &OpenProof) -> Result<(), LoginError> {
        let person = &proof.identity.openid;
        let windows = self.limits.for_open_data_of(&app.id, person);
        if windows.is_empty() {
            return Ok(());
        }
        match self.limiter.reserve(&windows).await {
            Ok(Admission::Reserved(_)) => Ok(()),
            Ok(Admission::Refused { retry_after, .. }) => {
                Err(LoginError::RateLimited { retry_after })
            }
            Err(error) => Err(LoginError::Unavailable(Box::new(error))),
        }
    }

    /// Opens the data under the key of this very exchange. A unionid in it joins
    /// the evidence; one that is not the exchange's own is somebody else's data.
    fn open(
        &self,
        app: &WeChatApp,
        given: &GivenOpenData,
        proof: &mut OpenProof,
    ) -> Result<WeChatProfile, OpenDataError> {
        let person = &mut proof.identity;
        let key = person.session_key.as_ref();
        let key = key.ok_or(OpenDataError::DecryptFailed)?;
        let now = self.clock.now();
        let data = given.open(&*self.reader, key, &app.id, &person.openid, now)?;
        if let Some(named) = app.platform.clone().zip(data.union_id) {
            let held = person.union_id.get_or_insert_with(|| named.clone());
            if *held != named {
                return Err(OpenDataError::DecryptFailed);
            }
        }
        Ok(data.profile)
    }

    async fn needs_phone(&self, proof: &OpenProof, button: Button<'_>) -> Result<bool, LoginError> {
        if !button.if_missing || proof.phone.is_some() {
            return Ok(true);
        }
        let evidence = Evidence::WeChat(proof.identity.clone());
        let found = self
            .sign_in
            .accounts
            .observe(&lookup(&evidence, None))
            .await?;
        let account = found.by_openid.or(found.by_union_id);
        Ok(account.is_none_or(|account| account.phone.is_none()))
    }

    async fn finish(
        &self,
        method: &'static str,
        app: &WeChatApp,
        mut proof: OpenProof,
        looks: Option<WeChatProfile>,
        request: &LoginRequest,
    ) -> Result<SignedIn, LoginError> {
        let evidence = match proof.phone.clone() {
            Some(phone) => Evidence::Both(phone, proof.identity.clone()),
            None => Evidence::WeChat(proof.identity.clone()),
        };
        let via = Via {
            method,
            app_id: Some(app.id.clone()),
            code: None,
        };
        let ticket = proof.ticket.take();
        let mut done = match self.sign_in.execute(&evidence, request, &via).await {
            Ok(done) => done,
            Err(error) => {
                self.keep(proof, &error).await;
                return Err(error);
            }
        };
        self.vouch
            .complete(proof, done.session.id, done.is_new_user, &done.not_attached)
            .await;
        // Whoever was here before has a profile: WeChat is not asked for another.
        if done.is_new_user {
            let looks = match (looks, ticket) {
                (Some(looks), _) => looks,
                (None, Some(ticket)) => self.adopt.read(app, ticket).await,
                (None, None) => return Ok(done),
            };
            done.account = self
                .adopt
                .execute(done.account, looks, method, &request.origin)
                .await;
        }
        Ok(done)
    }

    /// The refused request may be completed: where an SMS code is asked for, on
    /// the route that takes one.
    async fn keep(&self, proof: OpenProof, error: &LoginError) {
        match error {
            LoginError::Refused(Refusal::PhoneConfirmationRequired) => {
                self.vouch.keep_for_confirmation(proof).await;
            }
            _ => self.vouch.keep(proof).await,
        }
    }
}
