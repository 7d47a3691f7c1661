//! Comparing a verification code: counted first, compared in constant time,
//! spent once.

use std::sync::Arc;
use std::time::Duration;

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::limits::{LimitKey, LimitRule, Limits};
use crate::model::origin::Origin;
use crate::model::policy::SmsPolicy;
use crate::model::sms_code::SmsCode;
use crate::model::spend::GuardPolicy;
use crate::model::verification::{ChallengeId, CodeId, CodeScope, CodeSeed};
use crate::ports::BoxError;
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::code_store::{Attempt, CodeReceipt, CodeStore};
use crate::ports::mac::Mac;
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::{Admission, RateLimiter, RateLimiterError, Reservation};
use crate::services::guess_watch::GuessWatch;
use crate::services::test_numbers::TestNumbers;

/// Why a code proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckCodeError {
    /// The digits are wrong.
    #[error("the code is wrong")]
    Incorrect {
        /// How many more tries the challenge has.
        attempts_left: u8,
    },
    /// None is outstanding: never sent, expired, or used.
    #[error("no such code is outstanding")]
    Expired,
    /// Too many tries were wrong.
    #[error("too many tries were wrong")]
    Locked {
        /// How long to wait before asking for another code.
        retry_after: Duration,
    },
    /// Too many tries from this source were wrong.
    #[error("too many tries from this source were wrong")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A store did not answer: nothing is accepted then.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

fn unavailable(error: impl Into<BoxError>) -> CheckCodeError {
    CheckCodeError::Unavailable(error.into())
}

/// The code was right and is spent: a count that cannot be taken back must not
/// cost the person another message.
fn told(outcome: Result<(), RateLimiterError>) {
    if let Err(error) = outcome {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a right code could not be taken off the counts"
        );
    }
}

/// Compares verification codes.
pub struct CheckCode {
    /// The outstanding codes.
    pub codes: Arc<dyn CodeStore>,
    /// Counts wrong tries.
    pub limiter: Arc<dyn RateLimiter>,
    /// Is told of wrong tries.
    pub audit: Arc<dyn AuditLog>,
    /// Derives the codes.
    pub mac: Arc<dyn Mac>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names audit rows.
    pub randomness: Arc<dyn Randomness>,
    /// Tries.
    pub policy: Arc<SmsPolicy>,
    /// Whose code is fixed.
    pub test_numbers: Arc<TestNumbers>,
    /// The limits of wrong tries.
    pub limits: Limits,
    /// The verified-to-sent budget, which right codes fill.
    pub guard: GuardPolicy,
}

/// What a code that was sent in came to.
#[derive(Debug, Clone, Copy)]
struct Compared {
    right: bool,
    /// By the fixed code of a test number.
    fixed: bool,
}

impl CheckCode {
    /// Compares `code` and, if it is right, spends it.
    ///
    /// # Errors
    ///
    /// See [`CheckCodeError`].
    pub async fn execute(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        code: &SmsCode,
        origin: &Origin,
    ) -> Result<CodeReceipt, CheckCodeError> {
        let attempt = self
            .codes
            .attempt(scope, challenge, self.policy.max_attempts)
            .await;
        let (seed, attempts_left) = match attempt.map_err(unavailable)? {
            Attempt::Counted {
                seed,
                attempts_left,
            } => (seed, attempts_left),
            Attempt::Exhausted { sent_ago } => {
                let retry_after = self.limits.resend_interval.saturating_sub(sent_ago);
                return Err(CheckCodeError::Locked {
                    retry_after: retry_after.max(Duration::from_secs(1)),
                });
            }
            Attempt::Absent => {
                // The same work as for a code that is there.
                let nothing = CodeSeed {
                    id: CodeId([0; 16]),
                    nonce: [0; 16],
                };
                let _ = self.compare(scope, &nothing, *code);
                return Err(CheckCodeError::Expired);
            }
        };
        let reservation = self.count(scope, challenge, &seed, origin).await?;
        let compared = self.compare(scope, &seed, *code);
        if !compared.right {
            self.tell_wrong(scope, attempts_left, origin).await?;
            return Err(CheckCodeError::Incorrect { attempts_left });
        }
        let spent = self
            .codes
            .spend(scope, seed.id)
            .await
            .map_err(unavailable)?;
        if !spent {
            told(self.limiter.release(&reservation).await);
            return Err(CheckCodeError::Expired);
        }
        let failures = [
            LimitKey::FailuresPhone(scope.phone.clone()),
            LimitKey::GuessRun(scope.phone.clone()),
        ];
        // In the network that hands it in: mostly the one that asked.
        let proven = if compared.fixed {
            // Everybody has it: it is no news, and nothing was sent.
            Vec::new()
        } else {
            self.guard.scopes(&scope.phone, origin.address)
        };
        told(self.limiter.pardon(&reservation, &failures, &proven).await);
        let receipt = CodeReceipt::new(scope.clone(), seed, proven);
        if compared.fixed
            && let Err(error) = self.tell_test_number(scope, origin).await
        {
            self.give_back(&receipt, challenge).await;
            return Err(error);
        }
        Ok(receipt)
    }

    /// Gives a spent code back, since the request was refused for a reason that
    /// a later one may mend. A store that does not answer makes no difference to
    /// the refusal: the person asks for another code then.
    pub async fn give_back(&self, receipt: &CodeReceipt, challenge: Option<ChallengeId>) {
        if !receipt.proven().is_empty() {
            // Else one message would pay for as many as its code is given back.
            told(self.limiter.unprove(receipt.proven()).await);
        }
        if let Err(error) = self
            .codes
            .give_back(receipt.scope(), challenge, receipt.code())
            .await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a code could not be given back"
            );
        }
    }

    /// Counts a malformed try against its source.
    ///
    /// # Errors
    ///
    /// [`CheckCodeError::RateLimited`] and [`CheckCodeError::Unavailable`].
    pub async fn count_malformed(&self, origin: &Origin) -> Result<(), CheckCodeError> {
        let windows = self.limits.for_malformed_try(origin.address);
        match self.limiter.reserve(&windows).await.map_err(unavailable)? {
            Admission::Reserved(_) => {
                let counted = self.guesses().one_more().await;
                counted.map_err(CheckCodeError::Unavailable)
            }
            Admission::Refused { retry_after, .. } => {
                Err(CheckCodeError::RateLimited { retry_after })
            }
        }
    }

    /// Takes a place among the wrong tries until the code proves right.
    async fn count(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: &CodeSeed,
        origin: &Origin,
    ) -> Result<Reservation, CheckCodeError> {
        let windows = self
            .limits
            .for_code_try(&scope.phone, challenge.is_some(), origin.address);
        let refused = match self.limiter.reserve(&windows).await {
            Ok(Admission::Reserved(reservation)) => return Ok(reservation),
            Ok(Admission::Refused {
                rule: LimitRule::PhoneFailures,
                retry_after,
            }) => CheckCodeError::Locked { retry_after },
            Ok(Admission::Refused { retry_after, .. }) => {
                CheckCodeError::RateLimited { retry_after }
            }
            Err(error) => unavailable(error),
        };
        // Limited tries do not count: nothing was compared.
        self.codes
            .uncount(scope, challenge, seed.id)
            .await
            .map_err(unavailable)?;
        Err(refused)
    }

    fn compare(&self, scope: &CodeScope, seed: &CodeSeed, code: SmsCode) -> Compared {
        let derived = seed.codes(&*self.mac, scope);
        let now = self.clock.now();
        // All are compared, whichever is right.
        let right = |so_far, one: &SmsCode| so_far | one.matches(&code);
        let right = derived.iter().fold(false, right);
        let fixed = self.test_numbers.opens(&scope.phone, code, now);
        Compared {
            right: fixed.unwrap_or(right),
            fixed: fixed.is_some(),
        }
    }

    /// Each use of a test number is audited.
    async fn tell_test_number(
        &self,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<(), CheckCodeError> {
        let row = self.row(AuditAction::TestNumberUsed, scope, origin);
        self.audit.append(&[row]).await.map_err(unavailable)
    }

    async fn tell_wrong(
        &self,
        scope: &CodeScope,
        attempts_left: u8,
        origin: &Origin,
    ) -> Result<(), CheckCodeError> {
        let mut rows = vec![self.row(AuditAction::CodeFailed, scope, origin)];
        if attempts_left == 0 {
            rows.push(self.row(AuditAction::CodeLocked, scope, origin));
        }
        self.audit.append(&rows).await.map_err(unavailable)?;
        let counted = self.guesses().wrong(scope, origin).await;
        counted.map_err(CheckCodeError::Unavailable)
    }

    fn guesses(&self) -> GuessWatch<'_> {
        GuessWatch {
            limiter: &*self.limiter,
            audit: &*self.audit,
            clock: &*self.clock,
            randomness: &*self.randomness,
        }
    }

    fn row(&self, action: AuditAction, scope: &CodeScope, origin: &Origin) -> AuditEvent {
        AuditEvent::about_code(action, scope, origin, self.clock.now(), &*self.randomness)
    }
}
