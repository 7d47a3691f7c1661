//! Taking the delivery receipts that vendors push.

use std::sync::Arc;

use crate::model::sms_delivery::DeliveryReceipt;
use crate::ports::BoxError;
use crate::ports::receipt_observer::ReceiptObserver;
use crate::ports::receipt_reader::{Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader};
use crate::ports::send_records::{ReceiptNote, SendRecords};

/// How many receipts one push may hold; vendors put at most 100 into one.
pub const MAX_RECEIPTS: usize = 500;

/// Why a push is not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum NoteReceiptsError {
    /// No vendor of this name pushes receipts here.
    #[error("no such vendor pushes receipts here")]
    UnknownVendor,
    /// The push is not the vendor's, or not of its form.
    #[error(transparent)]
    Bad(#[from] BadReceipt),
    /// The push holds more than [`MAX_RECEIPTS`].
    #[error("too many receipts in one push")]
    TooMany,
    /// The record did not answer: the vendor must push again.
    #[error("the send record is unavailable")]
    Unavailable(#[source] BoxError),
}

/// Takes delivery receipts.
pub struct NoteReceipts {
    /// One reader per vendor that pushes here.
    pub readers: Vec<Arc<dyn ReceiptReader>>,
    /// Keeps the receipts.
    pub records: Arc<dyn SendRecords>,
    /// Are told of those that were news.
    pub observers: Vec<Arc<dyn ReceiptObserver>>,
}

impl NoteReceipts {
    /// Reads a push of `vendor`, records its receipts, and answers what the
    /// vendor takes for "received": only once all of them are on record, so that
    /// none is lost. Receipts about messages that are not ours are acknowledged
    /// too; nothing would end their repeats otherwise.
    ///
    /// # Errors
    ///
    /// See [`NoteReceiptsError`]; nothing was recorded then.
    pub async fn execute(
        &self,
        vendor: &str,
        push: &ReceiptPush<'_>,
    ) -> Result<Acknowledgement, NoteReceiptsError> {
        let reader = self.readers.iter().find(|one| one.vendor() == vendor);
        let reader = reader.ok_or(NoteReceiptsError::UnknownVendor)?;
        let receipts = reader.read(push)?;
        if receipts.len() > MAX_RECEIPTS {
            return Err(NoteReceiptsError::TooMany);
        }
        if !receipts.is_empty() {
            let told = self.records.note_receipts(&receipts).await;
            let notes = told.map_err(|error| NoteReceiptsError::Unavailable(error.into()))?;
            receipts
                .iter()
                .zip(notes)
                .for_each(|(receipt, note)| self.tell(receipt, note));
        }
        Ok(reader.acknowledge())
    }

    fn tell(&self, receipt: &DeliveryReceipt, note: ReceiptNote) {
        let DeliveryReceipt {
            vendor,
            message_id,
            delivered,
            ..
        } = receipt;
        let code = receipt.code.as_deref();
        match note {
            ReceiptNote::Noted => {
                tracing::info!(
                    vendor,
                    message_id,
                    delivered,
                    vendor_code = code,
                    "a delivery receipt was recorded"
                );
                for observer in &self.observers {
                    observer.note(receipt);
                }
            }
            ReceiptNote::Repeated => {
                tracing::debug!(vendor, message_id, "a delivery receipt came again");
            }
            ReceiptNote::Unknown => {
                tracing::debug!(
                    vendor,
                    message_id,
                    "a delivery receipt is about no message on record"
                );
            }
        }
    }
}
