//! The codes of one scope: the live one, the draft, and the one just spent.

use std::time::Duration;

use menshen_domain::model::verification::{ChallengeId, CodeId, CodeSeed, MAX_FAILURES_PER_CODE};
use menshen_domain::ports::code_store::{Attempt, Draft};

use crate::moment::Moment;

/// More asks for one code than any limit lets through.
const MAX_CHALLENGES: usize = 64;

/// The codes of one scope.
#[derive(Default)]
pub(crate) struct Outstanding {
    live: Option<Code>,
    draft: Option<(CodeSeed, Moment)>,
    spent: Option<Code>,
}

struct Code {
    seed: CodeSeed,
    expires: Moment,
    sent: Moment,
    tries: u8,
    tries_without: u8,
    challenges: Vec<Challenge>,
}

struct Challenge {
    id: ChallengeId,
    tries: u8,
    allowed: u8,
}

impl Outstanding {
    /// Drops what is past its life.
    pub(crate) fn tidy(&mut self, now: Moment) {
        self.live.take_if(|code| code.expires <= now);
        self.spent.take_if(|code| code.expires <= now);
        self.draft.take_if(|(_, expires)| *expires <= now);
    }

    /// When nothing of it will be left; `None` if nothing is left already.
    pub(crate) fn over(&self) -> Option<Moment> {
        let codes = [&self.live, &self.spent];
        let codes = codes.into_iter().flatten().map(|code| code.expires);
        codes.chain(self.draft.map(|(_, expires)| expires)).max()
    }

    /// See `CodeStore::draft`.
    pub(crate) fn draft(
        &mut self,
        fresh: CodeSeed,
        ttl: Duration,
        reusable_for: Duration,
        now: Moment,
    ) -> Draft {
        if let Some(code) = &self.live {
            let left = code.expires.since(now);
            if left >= reusable_for && code.tries < MAX_FAILURES_PER_CODE {
                return Draft {
                    seed: code.seed,
                    expires_in: left,
                };
            }
        }
        let (seed, expires) = *self.draft.get_or_insert((fresh, now.after(ttl)));
        Draft {
            seed,
            expires_in: expires.since(now),
        }
    }

    /// See `CodeStore::commit`; `false` if the code takes no more challenges.
    pub(crate) fn commit(
        &mut self,
        draft: &Draft,
        challenge: ChallengeId,
        attempts: u8,
        now: Moment,
    ) -> bool {
        let challenge = Challenge {
            id: challenge,
            tries: 0,
            allowed: attempts,
        };
        if self
            .spent
            .as_ref()
            .is_some_and(|code| code.is(draft.seed.id))
        {
            // It was used while its message was on the way, and works only once.
            return true;
        }
        match &mut self.live {
            Some(code) if code.is(draft.seed.id) => {
                if code.challenges.len() >= MAX_CHALLENGES {
                    return false;
                }
                code.sent = now;
                code.challenges.push(challenge);
            }
            _ => {
                let mine = self.draft.take_if(|(seed, _)| seed.id == draft.seed.id);
                self.live = Some(Code {
                    seed: draft.seed,
                    expires: mine.map_or(now.after(draft.expires_in), |(_, expires)| expires),
                    sent: now,
                    tries: 0,
                    tries_without: 0,
                    challenges: vec![challenge],
                });
            }
        }
        true
    }

    /// See `CodeStore::discard`.
    pub(crate) fn discard(&mut self, id: CodeId) {
        self.draft.take_if(|(seed, _)| seed.id == id);
    }

    /// See `CodeStore::attempt`.
    pub(crate) fn attempt(
        &mut self,
        challenge: Option<ChallengeId>,
        attempts: u8,
        now: Moment,
    ) -> Attempt {
        let Some(code) = &mut self.live else {
            return Attempt::Absent;
        };
        let sent_ago = now.since(code.sent);
        let left_in_all = MAX_FAILURES_PER_CODE.saturating_sub(code.tries);
        let Some((tries, allowed)) = code.counter(challenge, attempts) else {
            return Attempt::Absent;
        };
        let left = allowed.saturating_sub(*tries).min(left_in_all);
        if left == 0 {
            return Attempt::Exhausted { sent_ago };
        }
        *tries += 1;
        code.tries += 1;
        Attempt::Counted {
            seed: code.seed,
            attempts_left: left - 1,
        }
    }

    /// See `CodeStore::uncount`: whether it lives or was spent by another try.
    pub(crate) fn uncount(&mut self, challenge: Option<ChallengeId>, id: CodeId) {
        for code in [&mut self.live, &mut self.spent].into_iter().flatten() {
            if code.is(id) {
                code.uncount(challenge);
            }
        }
    }

    /// See `CodeStore::spend`.
    pub(crate) fn spend(&mut self, id: CodeId) -> bool {
        let spent = self.live.take_if(|code| code.is(id));
        let won = spent.is_some();
        if won {
            self.spent = spent;
        }
        won
    }

    /// See `CodeStore::give_back`.
    pub(crate) fn give_back(&mut self, challenge: Option<ChallengeId>, id: CodeId) {
        if self.live.is_some() {
            return;
        }
        self.live = self.spent.take_if(|code| code.is(id));
        if let Some(code) = &mut self.live {
            code.uncount(challenge);
        }
    }
}

impl Code {
    fn is(&self, id: CodeId) -> bool {
        self.seed.id == id
    }

    /// The tries of a challenge, or of all tries without one, and how many are
    /// allowed; `None` if the code does not know the challenge.
    fn counter(&mut self, id: Option<ChallengeId>, attempts: u8) -> Option<(&mut u8, u8)> {
        match id {
            None => Some((&mut self.tries_without, attempts)),
            Some(id) => self
                .challenges
                .iter_mut()
                .find(|challenge| challenge.id == id)
                .map(|challenge| (&mut challenge.tries, challenge.allowed)),
        }
    }

    fn uncount(&mut self, challenge: Option<ChallengeId>) {
        if let Some((tries, _)) = self.counter(challenge, 0) {
            *tries = tries.saturating_sub(1);
            self.tries = self.tries.saturating_sub(1);
        }
    }
}
