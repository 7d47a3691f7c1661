//! Steps that concern the pictures of an account.

use menshen_domain::model::avatar::AvatarName;
use menshen_domain::model::identifiers::UserId;

use crate::accounts::apply::Work;
use crate::avatar_records::key;
use crate::database::run;
use crate::failure::Failure;

impl Work<'_> {
    /// A picture that was dropped meanwhile is not there.
    pub(super) async fn show_avatar(&self, user: UserId, name: AvatarName) -> Result<(), Failure> {
        let sql = "UPDATE avatars SET shown_at = $1 \
                   WHERE name = $2 AND user_id = $3 AND dropped_at IS NULL";
        let values = vec![self.at.into(), key(name), user.as_uuid().into()];
        self.one(sql, values).await
    }

    /// Where files are kept here, they go at once; the row stays until it is known that
    /// there is none elsewhere.
    pub(super) async fn drop_avatar(&self, user: UserId, name: AvatarName) -> Result<(), Failure> {
        let id = user.as_uuid();
        let sql = "DELETE FROM avatar_files WHERE name IN \
                   (SELECT name FROM avatars WHERE name = $1 AND user_id = $2)";
        run(self.transaction, sql, [key(name), id.into()]).await?;
        let sql = "UPDATE avatars SET dropped_at = $1 \
                   WHERE name = $2 AND user_id = $3 AND dropped_at IS NULL";
        run(
            self.transaction,
            sql,
            [self.at.into(), key(name), id.into()],
        )
        .await?;
        Ok(())
    }

    pub(super) async fn drop_avatars_of(&self, user: UserId) -> Result<(), Failure> {
        let id = user.as_uuid();
        let sql = "DELETE FROM avatar_files WHERE name IN \
                   (SELECT name FROM avatars WHERE user_id = $1)";
        run(self.transaction, sql, [id.into()]).await?;
        let sql = "UPDATE avatars SET dropped_at = $1 WHERE user_id = $2 AND dropped_at IS NULL";
        run(self.transaction, sql, [self.at.into(), id.into()]).await?;
        Ok(())
    }

    /// Which of them the survivor shows, its changes say.
    pub(super) async fn move_avatars(&self, from: UserId, into: UserId) -> Result<(), Failure> {
        let sql = "UPDATE avatars SET user_id = $1 WHERE user_id = $2";
        let values = [into.as_uuid().into(), from.as_uuid().into()];
        run(self.transaction, sql, values).await?;
        Ok(())
    }
}
