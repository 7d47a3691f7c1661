//! From clauses to tests.

/// Makes one named test of each clause of a suite whose clauses take
/// [`&Stores`](crate::stores::Stores). `$stores` is evaluated anew for each, in
/// an async block.
#[doc(hidden)]
#[macro_export]
macro_rules! store_clauses {
    ($suite:ident, $stores:expr, [$($clause:ident),+ $(,)?]) => {
        mod $suite {
            #[allow(unused_imports, reason = "what the expression needs")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $clause() {
                    let stores: $crate::stores::Stores = $stores;
                    $crate::suites::$suite::$clause(&stores).await;
                }
            )+
        }
    };
}
