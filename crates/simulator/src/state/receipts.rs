//! Which receipts are planned, and which wait for others.

use std::collections::BTreeMap;

use crate::outgoing::LoopbackUrl;
use crate::receipts::ReceiptPlan;
use crate::receipts::courier::Errand;

/// Plans by vendor, and what is under way.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    plans: BTreeMap<String, ReceiptPlan>,
    /// Messages that wait for others, by vendor and address, oldest first.
    waiting: Vec<(String, LoopbackUrl, Vec<u64>)>,
    /// What the next to leave the lock has to start.
    errands: Vec<Errand>,
}

impl Receipts {
    /// Plans the receipts of a vendor, in place of the plan before.
    pub(crate) fn set(&mut self, plan: ReceiptPlan) {
        self.plans.insert(plan.vendor.clone(), plan);
    }

    /// Ends the plan of one vendor, or all; answers how many there were.
    pub(crate) fn clear(&mut self, vendor: Option<&str>) -> usize {
        match vendor {
            None => std::mem::take(&mut self.plans).len(),
            Some(vendor) => usize::from(self.plans.remove(vendor).is_some()),
        }
    }

    pub(crate) fn list(&self) -> Vec<&ReceiptPlan> {
        self.plans.values().collect()
    }

    pub(crate) fn find(&self, vendor: &str) -> Option<&ReceiptPlan> {
        self.plans.get(vendor)
    }

    /// Lets a message wait for others; whether it is the first.
    pub(crate) fn collect(&mut self, vendor: &str, url: &LoopbackUrl, id: u64) -> bool {
        let waiting = self
            .waiting
            .iter_mut()
            .find(|(known, address, _)| known == vendor && address == url);
        if let Some((_, _, ids)) = waiting {
            ids.push(id);
            return false;
        }
        self.waiting
            .push((vendor.to_owned(), url.clone(), vec![id]));
        true
    }

    /// Takes the messages that waited for one another.
    pub(crate) fn collected(&mut self, vendor: &str, url: &LoopbackUrl) -> Vec<u64> {
        let place = self
            .waiting
            .iter()
            .position(|(known, address, _)| known == vendor && address == url);
        place.map_or_else(Vec::new, |place| self.waiting.swap_remove(place).2)
    }

    pub(crate) fn start(&mut self, errand: Errand) {
        self.errands.push(errand);
    }

    /// Takes what has to be started now.
    pub(crate) fn errands(&mut self) -> Vec<Errand> {
        std::mem::take(&mut self.errands)
    }
}
