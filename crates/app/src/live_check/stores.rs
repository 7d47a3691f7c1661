//! The stores: do they answer, and is the schema the one of this version?

use menshen_sql::DatabaseError;

use super::finding::{Finding, chain};
use crate::settings::Settings;
use crate::settings::stores::Ephemeral;
use crate::wiring;

/// Asks the database for its schema.
pub(super) async fn database(settings: &Settings) -> Finding {
    const ASKED: &str = "database: connect, read the schema";
    let database = match wiring::database(settings).await {
        Ok(database) => database,
        Err(error) => {
            return Finding::wrong(ASKED, chain(&*error))
                .advise("is database.url right, and may this user connect?");
        }
    };
    let schema = database.check_schema().await;
    // Nothing hangs on a connection that the end of the process closes anyway.
    drop(database.close().await);
    match schema {
        Ok(()) => Finding::well(ASKED, "it is the schema of this version"),
        Err(DatabaseError::SchemaTooOld { .. }) if settings.stores.auto_migrate => {
            Finding::well(ASKED, "it answers; the server migrates it at the start")
        }
        Err(error @ DatabaseError::SchemaTooOld { .. }) => {
            Finding::wrong(ASKED, chain(&error)).advise("run menshen migrate up")
        }
        Err(error) => Finding::wrong(ASKED, chain(&error)),
    }
}

/// Says where codes and limits are kept.
pub(super) fn ephemeral(settings: &Settings) -> Finding {
    const ASKED: &str = "ephemeral store";
    match settings.stores.ephemeral {
        Ephemeral::Memory => Finding::well(ASKED, "in this process; there is nothing to reach"),
        // The settings' own check refuses it before this is asked.
        Ephemeral::Redis(_) => Finding::wrong(ASKED, "this version has no adapter for Redis"),
    }
}
