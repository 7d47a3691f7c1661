//! `sms.weights`: how the first vendor of each message is drawn.

use menshen_sms::Weights;

use crate::settings::form;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::vendors::{VendorSettings, Vendors};

/// Reads the weights of all vendors; empty if none is given.
pub(super) fn read(reader: &mut Reader, all: Vendors, chosen: &[VendorSettings]) -> Weights {
    let mut weights = Weights::new();
    for entry in all.iter().filter(|entry| entry.stand_in.is_none()) {
        let key = format!("sms.weights.{}", entry.name);
        let weight = reader.read_optional(
            &key,
            "share of the messages that this vendor is asked for first; with no weight at all the first of `sms.vendors` is, with some a vendor without one only stands in",
            form::number(1, u32::MAX, parse::count),
        );
        let is_chosen = chosen.iter().any(|vendor| vendor.name() == entry.name);
        match weight {
            None => {}
            Some(0) => reader.problem(&key, "write a whole number from 1 on, or leave it out"),
            Some(_) if !is_chosen => {
                reader.problem(
                    &key,
                    "is the weight of a vendor that sms.vendors does not name",
                );
            }
            Some(weight) => {
                weights.insert(entry.name, weight);
            }
        }
    }
    weights
}
