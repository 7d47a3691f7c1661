//! From clauses to tests.

/// Makes one named test of each clause: of a suite by its path, the expression
/// that each clause is given, and the names of the clauses. The expression is
/// evaluated once per test, and may await.
#[doc(hidden)]
#[macro_export]
macro_rules! clauses {
    ($krate:tt :: suites :: $suite:ident, $subject:expr, $($clause:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $clause() {
                $krate::suites::$suite::$clause($subject).await;
            }
        )+
    };
}
