//! Pushing receipts: when they are due, and again when they were not taken.

use std::time::Duration;

use actix_web::rt::{spawn, time};
use actix_web::web::Data;

use super::{Push, ReceiptForm, ReceiptPlan};
use crate::outgoing::{self, LoopbackUrl, Outgoing, Reply};
use crate::sms;
use crate::state::Shared;

/// How long an answer to a push is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Receipts that are due together.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) plan: ReceiptPlan,
    pub(crate) url: LoopbackUrl,
    pub(crate) messages: Messages,
}

/// Which messages an errand is about.
#[derive(Debug, Clone)]
pub(crate) enum Messages {
    /// One.
    One(u64),
    /// All that are collected for this vendor and address until it is due.
    Collected,
}

/// One push: the messages in it, and the requests that it is made of.
struct Parcel {
    ids: Vec<u64>,
    requests: Vec<Outgoing>,
}

/// Starts all errands that wait to be run. They end with the server.
pub(crate) fn start(shared: &Data<Shared>, errands: Vec<Errand>) {
    for errand in errands {
        spawn(run(shared.clone(), errand));
    }
}

async fn run(shared: Data<Shared>, errand: Errand) {
    time::sleep(errand.plan.delay()).await;
    let Some(form) = sms::receipt_form(&errand.plan.vendor) else {
        return;
    };
    let parcels = pack(&shared, &errand, form);
    for parcel in parcels {
        // The first attempts keep their order; what is not taken comes again by itself.
        if push(&shared, &parcel, form).await {
            repeat(&shared, &parcel, form, errand.plan.duplicates).await;
        } else {
            spawn(insist(shared.clone(), errand.plan.clone(), parcel, form));
        }
    }
}

/// Takes the messages of an errand, notes that their receipts are out, and
/// writes the pushes.
fn pack(shared: &Shared, errand: &Errand, form: &ReceiptForm) -> Vec<Parcel> {
    let (mut world, now) = shared.enter();
    let world = &mut *world;
    let mut ids = match errand.messages {
        Messages::One(id) => vec![id],
        Messages::Collected => world.receipts.collected(&errand.plan.vendor, &errand.url),
    };
    for id in &ids {
        if let Some(receipt) = world.inbox.receipt_mut(*id) {
            receipt.reported_at = Some(now);
        }
    }
    if errand.plan.out_of_order {
        ids.reverse();
    }
    let most = if errand.plan.batched {
        form.most_in_one
    } else {
        1
    };
    let parcels = ids.chunks(most).map(|ids| {
        let messages: Vec<_> = ids.iter().filter_map(|id| world.inbox.find(*id)).collect();
        let mut requests = (form.write)(world, &errand.url, &messages, now);
        if errand.plan.out_of_order {
            requests.reverse();
        }
        Parcel {
            ids: ids.to_vec(),
            requests,
        }
    });
    parcels.collect()
}

/// Makes a push once; whether all of it was acknowledged.
async fn push(shared: &Shared, parcel: &Parcel, form: &ReceiptForm) -> bool {
    let mut all = true;
    for request in &parcel.requests {
        let reply = outgoing::send(request.clone(), PATIENCE).await;
        let (status, acknowledged) = match &reply {
            Reply::Answered { status, body } => {
                (Some(*status), (form.is_acknowledged)(*status, body))
            }
            Reply::TimedOut | Reply::Failed => (None, false),
        };
        all &= acknowledged;
        let (mut world, at) = shared.enter();
        for id in &parcel.ids {
            if let Some(receipt) = world.inbox.receipt_mut(*id) {
                receipt.acknowledged |= acknowledged;
                receipt.pushes.push(Push {
                    at,
                    status,
                    acknowledged,
                });
            }
        }
    }
    all
}

async fn repeat(shared: &Shared, parcel: &Parcel, form: &ReceiptForm, times: u32) {
    for _ in 0..times {
        push(shared, parcel, form).await;
    }
}

/// Follows the vendor's retry plan to its end, or until the push is taken.
async fn insist(
    shared: Data<Shared>,
    plan: ReceiptPlan,
    parcel: Parcel,
    form: &'static ReceiptForm,
) {
    for seconds in form.retries {
        time::sleep(plan.wait(*seconds)).await;
        if push(&shared, &parcel, form).await {
            repeat(&shared, &parcel, form, plan.duplicates).await;
            return;
        }
    }
}
