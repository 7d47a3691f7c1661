//! The ports' own clauses, held against every engine.

mod support;

/// All suites, on the stores that the expression gives.
macro_rules! all_suites {
    ($stores:expr) => {
        mod account_store {
            use super::super::support;
            menshen_testkit::account_store!($stores);
        }
        mod account_import {
            use super::super::support;
            menshen_testkit::account_import!($stores);
        }
        mod session_store {
            use super::super::support;
            menshen_testkit::session_store!($stores);
        }
        mod signing_key_store {
            use super::super::support;
            menshen_testkit::signing_key_store!($stores);
        }
        mod keyring_store {
            use super::super::support;
            menshen_testkit::keyring_store!($stores);
        }
        mod retention_store {
            use super::super::support;
            menshen_testkit::retention_store!($stores);
        }
        mod sealed_rows {
            use super::super::support;
            menshen_testkit::sealed_rows!($stores);
        }
        mod lease_store {
            use super::super::support;
            menshen_testkit::lease_store!($stores);
        }
        mod audit_log {
            use super::super::support;
            menshen_testkit::audit_log!($stores);
        }
        mod outbox {
            use super::super::support;
            menshen_testkit::outbox!($stores);
        }
        mod avatar_records {
            use super::super::support;
            menshen_testkit::avatar_records!($stores);
        }
        mod avatar_store {
            use super::super::support;
            menshen_testkit::avatar_store!({
                let stores = $stores;
                (stores.avatars.clone(), stores)
            });
        }
        mod personal_records {
            use super::super::support;
            menshen_testkit::personal_records!($stores);
        }
        mod admin_reader {
            use super::super::support;
            menshen_testkit::admin_reader!($stores);
        }
        mod test_number_store {
            use super::super::support;
            menshen_testkit::test_number_store!($stores);
        }
        mod send_records {
            use super::super::support;
            menshen_testkit::send_records!($stores);
        }
    };
}

mod sqlite_file {
    all_suites!(support::in_a_file().await);
}

mod sqlite_memory {
    all_suites!(support::in_memory().await);
}

mod postgres {
    all_suites!(support::in_postgres().await);
}
