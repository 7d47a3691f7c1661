//! Binding a phone number to the account that is signed in.

use std::sync::Arc;

use crate::model::evidence::{Evidence, ProvenPhone};
use crate::model::origin::Origin;
use crate::model::phone_number::PhoneNumber;
use crate::model::sms_code::SmsCode;
use crate::model::verification::{ChallengeId, CodeScope, Purpose};
use crate::model::wechat::{AppId, AppKind, PhoneCode, WeChatApps};
use crate::ports::clock::Clock;
use crate::services::ask_phone_number::AskPhoneNumber;
use crate::services::authenticate::Authenticated;
use crate::services::bind::{Bind, BindError, Bound};
use crate::services::check_code::CheckCode;
use crate::services::login::LoginError;
use crate::services::recent_proof::require_recent_proof;

const BY_SMS: &str = "sms";
const BY_BUTTON: &str = "wechat_phone";

/// Binds a phone number.
pub struct BindPhone {
    /// Compares the code.
    pub check: Arc<CheckCode>,
    /// Exchanges the button's code, within the budget.
    pub phones: Arc<AskPhoneNumber>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Ends the binding.
    pub bind: Arc<Bind>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl BindPhone {
    /// Binds the number that a code of purpose `bind_phone` proves.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    pub async fn with_sms(
        &self,
        caller: &Authenticated,
        phone: &PhoneNumber,
        code: &SmsCode,
        challenge: Option<ChallengeId>,
        origin: &Origin,
    ) -> Result<Bound, BindError> {
        if caller
            .account
            .phone
            .as_ref()
            .is_some_and(|held| held != phone)
        {
            require_recent_proof(&caller.account, &caller.session, self.clock.now())?;
        }
        let scope = CodeScope {
            purpose: Purpose::BindPhone(caller.account.id),
            client_type: caller.session.client_type(),
            phone: phone.clone(),
        };
        let receipt = self
            .check
            .execute(&scope, challenge, code, origin)
            .await
            .map_err(LoginError::from)?;
        let evidence = Evidence::Phone(ProvenPhone::by_sms(&receipt));
        let bound = self
            .bind
            .execute(caller, &evidence, BY_SMS, Some(receipt.code()), origin)
            .await;
        if bound.as_ref().is_err_and(BindError::keeps_proof) {
            self.check.give_back(&receipt, challenge).await;
        }
        bound
    }

    /// Binds the number that WeChat names for a code of its button. The account
    /// must hold an openid of that application, which goes along, so that the
    /// code of somebody else is refused.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    pub async fn with_button(
        &self,
        caller: &Authenticated,
        code: &PhoneCode,
        app_id: Option<&AppId>,
        origin: &Origin,
    ) -> Result<Bound, BindError> {
        let app = self
            .apps
            .choose(app_id, AppKind::MiniProgram)
            .map_err(LoginError::from)?;
        let openid = caller.account.openid_of(app.kind.provider(), &app.id);
        let openid = openid.ok_or(LoginError::WeChatCodeInvalid)?;
        // Before WeChat is asked: its code is good for one call, which is billed.
        if caller.account.phone.is_some() {
            require_recent_proof(&caller.account, &caller.session, self.clock.now())?;
        }
        let asked = self.phones.execute(app, code, openid).await;
        let evidence = Evidence::Phone(asked.map_err(LoginError::from)?);
        self.bind
            .execute(caller, &evidence, BY_BUTTON, None, origin)
            .await
    }
}
