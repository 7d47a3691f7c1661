//! An account of which nothing personal is left.

use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::session::EndReason;

use crate::accounts::apply::Work;
use crate::database::run;
use crate::failure::Failure;

/// Stands where an address was; the column knows no empty place.
const NO_ADDRESS: &str = "0.0.0.0";

impl Work<'_> {
    /// The id stays, so that what was signed for it is not somebody else's one day.
    pub(super) async fn erase(&mut self, user: UserId) -> Result<(), Failure> {
        self.end_sessions(user, SessionsOf::All, EndReason::Cancelled)
            .await?;
        let id = user.as_uuid();
        let sql = "DELETE FROM identities WHERE user_id = $1";
        run(self.transaction, sql, [id.into()]).await?;
        self.forget_devices(user).await?;
        self.forget_sources(user).await?;
        self.drop_avatars_of(user).await?;
        let sql = "UPDATE users SET status = 'erased', purge_at = NULL, \
                   phone_sealed = NULL, phone_index = NULL, phone_proof = NULL, \
                   nickname = NULL, avatar_url = NULL, birthday = NULL, bio = NULL, \
                   consent_version = NULL, consented_at = NULL \
                   WHERE id = $1 AND status NOT IN ('merged', 'erased')";
        self.one(sql, vec![id.into()]).await
    }
    /// From where the messages to the number of an account were asked for is gone;
    /// that there were so many, and what they cost, stays. By the index of the number.
    async fn forget_sources(&self, user: UserId) -> Result<(), Failure> {
        let sql = "UPDATE sms_sends SET source = $2 \
                   WHERE phone_index = (SELECT phone_index FROM users WHERE id = $1)";
        run(
            self.transaction,
            sql,
            [user.as_uuid().into(), NO_ADDRESS.into()],
        )
        .await?;
        Ok(())
    }

    /// What the sessions of an account tell of devices and addresses is gone. Two
    /// statements, each by its index: the live ones have just ended, the rest had
    /// ended or expired before.
    pub(super) async fn forget_devices(&self, user: UserId) -> Result<(), Failure> {
        let sql = "UPDATE sessions SET device_id = NULL, device_name = NULL, \
                   client_version = NULL, user_agent = NULL, address = $2 WHERE user_id = $1";
        for which in ["ended_at IS NOT NULL", "ended_at IS NULL"] {
            let sql = format!("{sql} AND {which}");
            let values = [user.as_uuid().into(), NO_ADDRESS.into()];
            run(self.transaction, &sql, values).await?;
        }
        Ok(())
    }
}
