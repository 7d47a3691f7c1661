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

/// Asks the store of codes and limits for a sign of life.
pub(super) async fn ephemeral(settings: &Settings) -> Finding {
    const ASKED: &str = "ephemeral store";
    let Ephemeral::Redis(url) = &settings.stores.ephemeral else {
        return Finding::well(ASKED, "in this process; there is nothing to reach");
    };
    let answer = match wiring::redis(settings, url) {
        Ok(redis) => redis.ping().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(()) => Finding::well(ASKED, "Redis answers"),
        Err(error) => Finding::wrong(ASKED, chain(&error))
            .advise("is ephemeral.url right, and are user and password?"),
    }
}
