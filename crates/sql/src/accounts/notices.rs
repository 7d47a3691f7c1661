//! Notices of providers, each carried out once.

use menshen_domain::model::changes::{NOTICES_KEPT, NoticeKey};

use crate::accounts::apply::Work;
use crate::database::run;
use crate::failure::Failure;

impl Work<'_> {
    /// Claims a notice. Of two at once the later waits for the transaction of the
    /// earlier, and finds the claim taken if that was committed.
    pub(super) async fn claim_notice(&self, key: NoticeKey) -> Result<(), Failure> {
        // One that is past its time is as good as removed.
        let sql = "INSERT INTO provider_notices (key, claimed_at) VALUES ($1, $2) \
                   ON CONFLICT (key) DO UPDATE SET claimed_at = excluded.claimed_at \
                   WHERE provider_notices.claimed_at < $3";
        let past = self.at - NOTICES_KEPT;
        let values = [key.0.to_vec().into(), self.at.into(), past.into()];
        match run(self.transaction, sql, values).await? {
            1 => Ok(()),
            _ => Err(Failure::NoticeSeen),
        }
    }
}
