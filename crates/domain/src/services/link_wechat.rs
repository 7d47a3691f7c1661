//! Linking a WeChat identity to the account that is signed in.

use std::sync::Arc;

use crate::model::evidence::Evidence;
use crate::model::origin::Origin;
use crate::model::wechat::{AppId, AppKind, WeChatApps};
use crate::services::authenticate::Authenticated;
use crate::services::bind::{Bind, BindError, Bound};
use crate::services::login::{LoginError, WeChatProof};
use crate::services::vouch::{Caller, Vouch, Vouched};

const ROUTE: &str = "link_wechat";

/// Links a WeChat identity.
pub struct LinkWeChat {
    /// Exchanges the code.
    pub vouch: Arc<Vouch>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Ends the binding.
    pub bind: Arc<Bind>,
}

impl LinkWeChat {
    /// Links the identity that a login code, or cloud hosting, proves. Without `app_id` it is a
    /// code of the only application of the session's kind.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    pub async fn execute(
        &self,
        caller: &Authenticated,
        shown: &WeChatProof,
        app_id: Option<&AppId>,
        origin: &Origin,
    ) -> Result<Bound, BindError> {
        let kind = AppKind::of_client(caller.session.client_type());
        let app = self.apps.any_kind(app_id, kind).map_err(LoginError::from)?;
        let from = Caller {
            route: ROUTE,
            client_type: caller.session.client_type(),
            device_id: caller.session.client.device(),
            user: Some(caller.account.id),
        };
        let proof = match self.vouch.execute(app, shown, None, from).await? {
            Vouched::Now(proof) => *proof,
            Vouched::Before(_) => return Err(LoginError::WeChatCodeInvalid.into()),
        };
        let evidence = Evidence::WeChat(proof.identity.clone());
        let bound = self
            .bind
            .execute(caller, &evidence, ROUTE, None, origin)
            .await;
        // A repeat finds the identity held, and is answered alike.
        self.vouch.keep(proof).await;
        bound
    }
}
