//! All that a vendor is, in one value.

use std::sync::Arc;

use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::receipt_reader::ReceiptReader;
use secrecy::SecretString;

use crate::account::Account;
use crate::key::{Check, Key};
use crate::template::RegionClass;
use crate::vendor::{SmsVendor, VendorConfigError};

/// A vendor: its name, its settings, and how it is built from them.
///
/// Whatever the service knows of a vendor follows from this and from nothing else:
/// its section in the settings and their reference, what `config check` says, its
/// weight, its templates, the label of its metrics, the address of its receipts.
#[derive(Debug)]
pub struct VendorEntry {
    /// The name in `sms.vendors`, of its section `sms.<name>`, in logs and metrics,
    /// and in the address of its receipts.
    pub name: &'static str,
    /// The keys of its section, in the order of the reference.
    pub keys: &'static [Key],
    /// Where the words of a message come from.
    pub wording: Wording,
    /// Whether it can be told +1 numbers apart from others: one that takes numbers
    /// without their `+` cannot.
    pub takes_plus_one: bool,
    /// Why it is for developers only, if it is.
    pub stand_in: Option<StandIn>,
    /// What the keys must be to each other, of an account that has all that is
    /// required.
    pub check: fn(&Account) -> Result<(), Complaint>,
    /// Makes the vendor of an account that was read without a complaint.
    pub build: fn(&Account, &Deps) -> Result<Built, VendorConfigError>,
    /// Whether a code in a receipt blames the recipient, such as a handset that is
    /// off. All others speak against the vendor's channel.
    pub blames_recipient: fn(&str) -> bool,
}

impl VendorEntry {
    /// A vendor that is for production, has no keys, says its own words and pushes
    /// no receipts: the rest is written over it.
    #[must_use]
    pub const fn new(
        name: &'static str,
        build: fn(&Account, &Deps) -> Result<Built, VendorConfigError>,
    ) -> Self {
        Self {
            name,
            keys: &[],
            wording: Wording::Own,
            takes_plus_one: true,
            stand_in: None,
            check: |_| Ok(()),
            build,
            blames_recipient: |_| false,
        }
    }

    /// The key of its section that holds the usual template or text.
    #[must_use]
    pub const fn usual_template(&self) -> Option<&'static str> {
        match self.wording {
            Wording::Approved { usual } | Wording::FreeText { usual, .. } => Some(usual),
            Wording::Own => None,
        }
    }

    /// Where an account is asked; nowhere, if the vendor only prints.
    #[must_use]
    pub fn address(&self, account: &Account) -> Option<String> {
        let key = self.keys.iter().find(|key| key.is_address())?;
        account.find_text(key.name)
    }

    /// Whether an account can send to numbers there, for one purpose at least.
    #[must_use]
    pub fn serves(&self, account: &Account, region: RegionClass) -> bool {
        match self.wording {
            Wording::Approved { .. } => account.templates().serve(region),
            Wording::FreeText { .. } | Wording::Own => true,
        }
    }
}

/// Where the words of a message come from.
#[derive(Debug, Clone, Copy)]
pub enum Wording {
    /// Templates that the vendor has approved: one at least must be set, in the key
    /// `usual` or in `sms.templates`.
    Approved {
        /// The key of the usual template, for messages that have no other.
        usual: &'static str,
    },
    /// Free text with `{code}` and `{minutes}`, checked by `check`; a code that has none
    /// gets the vendor's own.
    FreeText {
        /// The key of the usual text.
        usual: &'static str,
        /// Whether a text can be sent.
        check: Check,
        /// Whether a text can be sent as word that a number was lost.
        check_notice: Check,
    },
    /// The vendor's own: it takes no templates.
    Own,
}

/// Why a vendor is for developers only.
#[derive(Debug, Clone, Copy)]
pub struct StandIn {
    /// What it does, for the reference, such as "prints only".
    pub does: &'static str,
    /// Why production refuses it.
    pub refusal: &'static str,
}

/// What is wrong with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Which key of the section.
    pub key: &'static str,
    /// What is wrong and what to write instead; never the value of a secret.
    pub advice: String,
}

/// What a vendor may use besides its account.
pub struct Deps {
    /// The time, for signatures.
    pub clock: Arc<dyn Clock>,
    /// Random bytes, for nonces.
    pub randomness: Arc<dyn Randomness>,
    /// Where the vendor pushes its receipts, for those that are told it with each
    /// message or sign it. It is a secret; nothing where receipts are not taken.
    pub receipts: Option<SecretString>,
}

/// A vendor at work.
pub struct Built {
    /// It.
    pub vendor: Arc<dyn SmsVendor>,
    /// Who reads its receipts, if it pushes any.
    pub receipts: Option<Arc<dyn ReceiptReader>>,
}

impl Built {
    /// A vendor that pushes no receipts.
    #[must_use]
    pub fn sender(vendor: impl SmsVendor + 'static) -> Self {
        Self {
            vendor: Arc::new(vendor),
            receipts: None,
        }
    }

    /// With who reads its receipts.
    #[must_use]
    pub fn with_receipts(self, reader: impl ReceiptReader + 'static) -> Self {
        Self {
            receipts: Some(Arc::new(reader)),
            ..self
        }
    }
}
