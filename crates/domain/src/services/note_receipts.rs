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

/// What a push came to, now that its receipts are on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// What the vendor takes for "received".
    pub acknowledgement: Acknowledgement,
    /// How many receipts are about no message on record. A receipt may come
    /// before the answer to its message is written down, so they are worth a
    /// second look in a moment; what was noted is only a repeat then.
    pub strangers: usize,
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
    /// none is lost. Receipts about messages that are not ours may be
    /// acknowledged too; nothing would end their repeats otherwise.
    ///
    /// # Errors
    ///
    /// See [`NoteReceiptsError`]; nothing was recorded then.
    pub async fn execute(
        &self,
        vendor: &str,
        push: &ReceiptPush<'_>,
    ) -> Result<Noted, NoteReceiptsError> {
        let reader = self.readers.iter().find(|one| one.vendor() == vendor);
        let reader = reader.ok_or(NoteReceiptsError::UnknownVendor)?;
        let receipts = reader.read(push)?;
        if receipts.len() > MAX_RECEIPTS {
            return Err(NoteReceiptsError::TooMany);
        }
        let mut strangers = 0;
        if !receipts.is_empty() {
            let told = self.records.note_receipts(&receipts).await;
            let notes = told.map_err(|error| NoteReceiptsError::Unavailable(error.into()))?;
            for (receipt, note) in receipts.iter().zip(notes) {
                strangers += usize::from(note == ReceiptNote::Unknown);
                self.tell(receipt, note);
            }
        }
        Ok(Noted {
            acknowledgement: reader.acknowledge(),
            strangers,
        })
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
