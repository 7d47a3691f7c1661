//! Ending the codes of a number that an account does not have any more.

use std::sync::Arc;

use crate::model::client::ClientType;
use crate::model::identifiers::UserId;
use crate::model::phone_number::PhoneNumber;
use crate::model::verification::{CodeScope, Purpose};
use crate::ports::code_store::CodeStore;

/// Ends the codes of a number that an account does not have any more.
pub struct EndCodes {
    /// Where they are.
    pub codes: Arc<dyn CodeStore>,
}

impl EndCodes {
    /// Ends every code that was sent to the number, for logging in or for this account.
    ///
    /// The number is gone from the account already, and that stays so where the store
    /// does not answer: a code to step up or to bind proves the number that the account
    /// has now, and one to log in finds no account with the old one. What is left ends
    /// by itself within its life of ten minutes at most.
    pub async fn of_number(&self, user: UserId, phone: &PhoneNumber) {
        if let Err(error) = self.codes.end(&scopes(user, phone)).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                user.id = %user,
                "codes of a number that was replaced live on until their end"
            );
        }
    }
}

/// All that a code to this number, of this account or of nobody, may be bound to.
fn scopes(user: UserId, phone: &PhoneNumber) -> Vec<CodeScope> {
    let purposes = [
        Purpose::Login,
        Purpose::BindPhone(user),
        Purpose::StepUp(user),
    ];
    let scopes = purposes.into_iter().flat_map(|purpose| {
        ClientType::ALL.map(|client_type| CodeScope {
            purpose,
            client_type,
            phone: phone.clone(),
        })
    });
    scopes.collect()
}
