//! Two accounts become one.

use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::profile::Profile;
use menshen_domain::model::session::EndReason;

use crate::accounts::apply::Work;
use crate::database::run;
use crate::failure::Failure;

impl Work<'_> {
    /// `from` keeps its id and nothing else. The versions of both have grown when
    /// they were confirmed.
    pub(super) async fn merge(
        &mut self,
        from: UserId,
        into: UserId,
        profile: &Profile,
    ) -> Result<(), Failure> {
        let (from_id, into_id) = (from.as_uuid(), into.as_uuid());
        let sql = "UPDATE identities SET user_id = $1 WHERE user_id = $2";
        run(self.transaction, sql, [into_id.into(), from_id.into()]).await?;
        self.move_avatars(from, into).await?;
        self.end_sessions(from, SessionsOf::All, EndReason::Merged)
            .await?;
        // Nothing leads from the survivor to them: an erasure would not find them.
        self.forget_devices(from).await?;
        let sql = "UPDATE users SET status = 'merged', merged_into = $1, purge_at = NULL, \
                   phone_sealed = NULL, phone_index = NULL, phone_proof = NULL, \
                   nickname = NULL, avatar_url = NULL, birthday = NULL, bio = NULL \
                   WHERE id = $2 AND status <> 'merged'";
        self.one(sql, vec![into_id.into(), from_id.into()]).await?;
        self.save_profile(into, profile).await
    }
}
