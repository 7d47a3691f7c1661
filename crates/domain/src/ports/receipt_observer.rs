//! Whoever draws conclusions from delivery receipts.

use crate::model::sms_delivery::DeliveryReceipt;

/// Is told of each receipt once, after it was recorded.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait ReceiptObserver: Send + Sync {
    /// A message was delivered or was not. Told at most twice of one message: of
    /// a failure, and of a delivery after all.
    fn note(&self, receipt: &DeliveryReceipt);
}
