//! Places of messages, whose past must be known and whose codes are waited for.

use menshen_domain::model::limits::Window;
use menshen_domain::model::spend::{Slices, SpendScope, Tally};
use menshen_domain::ports::rate_limiter::{
    MessagePlaces, RateLimiterError, Remembered, Reservation, Spend,
};

use super::slots::{self, Group, Slot};
use super::{MARKED_FOR, RedisRateLimiter, YOUNG, full, member, refused, told};
use crate::fault::RedisFault;
use crate::time::micros;

/// What the script answers: what it did, the window that is full, for how long, the
/// second, and fields and values of each scope.
type Answer = (i64, usize, i64, u64, Vec<Vec<String>>);

impl RedisRateLimiter {
    pub(super) fn scope(&self, scope: &SpendScope) -> String {
        slots::scope(&self.names, scope)
    }

    /// The messages first: their slot knows what was told.
    pub(super) async fn reserve_message(
        &self,
        places: &MessagePlaces,
    ) -> Result<Remembered, RateLimiterError> {
        let mut rest = self.grouped(&places.windows);
        let messages = rest.iter().position(|group| group.slot == Slot::Messages);
        let messages = messages.map_or_else(
            || Group::empty(Slot::Messages),
            |position| rest.remove(position),
        );
        let id = self.next_id();
        let (taken, window, wait, at, counted) = self.ask(id, &messages, places).await?;
        match taken {
            1 => {}
            -1 => return Ok(Remembered::Nothing),
            -2 => return Ok(Remembered::NotThePerson),
            _ => return Ok(Remembered::Known(refused(full(&messages, window, wait)?))),
        }
        if counted.len() != places.scopes.len() {
            return Err(RedisFault::Nonsense("other scopes").into());
        }
        let counted = counted.iter().map(|fields| slices(fields, at));
        let counted = counted.collect::<Result<Vec<_>, _>>()?;
        let reservation = Reservation {
            id,
            windows: places.windows.clone(),
            spend: Spend {
                at,
                counted: places.scopes.iter().cloned().zip(counted).collect(),
            },
        };
        let admission = self.take_all(reservation, vec![messages], rest).await?;
        Ok(Remembered::Known(admission))
    }

    async fn ask(
        &self,
        id: u64,
        messages: &Group<'_, Window>,
        places: &MessagePlaces,
    ) -> Result<Answer, RateLimiterError> {
        let person = places.person.as_ref().map(|key| self.name(key));
        let person = person.and_then(|name| messages.keys.iter().position(|key| *key == name));
        let mut keys = messages.keys.clone();
        keys.push(slots::mark(&self.names, Slot::Messages));
        keys.extend(places.scopes.iter().map(|scope| self.scope(scope)));
        let call = told(self.scripts.message.on(&keys).arg(&member(id)), messages);
        let call = (call.arg(person.map_or(0, |position| position + 1)))
            .arg(micros(YOUNG))
            .arg(MARKED_FOR.as_millis().to_string())
            .arg(places.scopes.len());
        Ok(self.redis.run(&call).await?)
    }
}

/// What the fields of a scope say that still counts.
fn slices(fields: &[String], second: u64) -> Result<Slices, RedisFault> {
    let mut slices = Slices::default();
    for pair in fields.chunks(2) {
        let [field, value] = pair else {
            return Err(RedisFault::Nonsense("a field without a value"));
        };
        let nonsense = || RedisFault::Nonsense("another field");
        let value: i64 = value.parse().map_err(|_| nonsense())?;
        let tally = match field.chars().last() {
            Some('s') => Tally {
                sent: value,
                verified: 0,
            },
            Some('v') => Tally {
                sent: 0,
                verified: value,
            },
            _ => return Err(nonsense()),
        };
        let number = field.get(1..field.len() - 1).unwrap_or_default();
        let number = number.parse().map_err(|_| nonsense())?;
        match field.chars().next() {
            Some('f') => slices.add_fine(number, tally),
            Some('c') => slices.add_coarse(number, tally),
            _ => return Err(nonsense()),
        }
    }
    slices.prune(second);
    Ok(slices)
}
