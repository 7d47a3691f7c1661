//! The record of messages: what was sent, by whom, and whether it arrived.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::audit::AuditEvent;
use crate::model::identifiers::SendId;
use crate::model::phone_number::PhoneNumber;
use crate::model::sms_delivery::{DeliveryReceipt, SendVerdict, SentCount, SmsAttempt};
use crate::model::sms_message::{AskedThrough, MessagePurpose};
use crate::ports::BoxError;

/// Why nothing could be recorded or read.
#[derive(Debug, thiserror::Error)]
pub enum SendRecordsError {
    /// The send was begun, or finished, before.
    #[error("this part of the send is recorded already")]
    Conflict,
    /// No send of this id was begun.
    #[error("no such send is recorded")]
    NotFound,
    /// The store did not answer in time, or not sensibly.
    #[error("the send record is unavailable")]
    Unavailable(#[source] BoxError),
}

/// A message that is about to be handed to a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSend {
    /// Which message it is.
    pub id: SendId,
    /// To whom; kept masked and as a blind index.
    pub phone: PhoneNumber,
    /// What it is for; kept without the account.
    pub purpose: MessagePurpose,
    /// Through what it was asked for.
    pub asked: AskedThrough,
    /// From which source network it was asked for.
    pub source: IpAddr,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a receipt added to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptNote {
    /// The first about its message, or the delivery after a failure.
    Noted,
    /// Nothing: the record knows as much or better.
    Repeated,
    /// Nothing: no message of ours is meant. Vendors push the receipts of all
    /// who share an account.
    Unknown,
}

/// Records messages. It holds no whole number and no code.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SendRecords: Send + Sync {
    /// Records that a message is about to be handed to a vendor, and tells the audit
    /// log so, both or neither. From here on it counts as sent, until it is finished
    /// with another verdict.
    ///
    /// # Errors
    ///
    /// [`SendRecordsError::Conflict`] if the id was begun before, or
    /// [`SendRecordsError::Unavailable`].
    async fn begin(&self, send: &NewSend, audit: &AuditEvent) -> Result<(), SendRecordsError>;

    /// Records the attempts at a message and the verdict, and tells the audit log what
    /// became of it, all or nothing.
    ///
    /// # Errors
    ///
    /// [`SendRecordsError::NotFound`] if it was not begun,
    /// [`SendRecordsError::Conflict`] if it was finished before, or
    /// [`SendRecordsError::Unavailable`].
    async fn finish(
        &self,
        id: SendId,
        attempts: &[SmsAttempt],
        verdict: SendVerdict,
        audit: &AuditEvent,
    ) -> Result<(), SendRecordsError>;

    /// Records receipts, all or none, and answers for each, in order, what it
    /// added. A receipt belongs to the message that it names by our id, unless
    /// other vendors carried that, or else to the last one whose attempt got the
    /// vendor's id.
    ///
    /// Receipts come late, twice and in any order. A delivery is final; a
    /// failure gives way to a delivery and to nothing else; of two alike the
    /// first stays. So whatever the order, a message is delivered if any
    /// receipt says so.
    ///
    /// # Errors
    ///
    /// [`SendRecordsError::Unavailable`].
    async fn note_receipts(
        &self,
        receipts: &[DeliveryReceipt],
    ) -> Result<Vec<ReceiptNote>, SendRecordsError>;

    /// The messages since a time that count against budgets: taken by a vendor,
    /// of unknown fate, or never finished. Oldest first, those of one second
    /// together.
    ///
    /// # Errors
    ///
    /// [`SendRecordsError::Unavailable`].
    async fn sent_since(&self, since: DateTime<Utc>) -> Result<Vec<SentCount>, SendRecordsError>;

    /// As [`sent_since`](Self::sent_since), to one number and each by itself: the
    /// newest `most` of them, oldest first. Notices are not among them: the limits of
    /// a number are those of its codes.
    ///
    /// # Errors
    ///
    /// [`SendRecordsError::Unavailable`].
    async fn sent_to(
        &self,
        phone: &PhoneNumber,
        since: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<SentCount>, SendRecordsError>;
}
