//! Queries, as strictly read as bodies: each member once, and no other.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::web::Query;
use chrono::{DateTime, NaiveDate, Utc};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::record::{ActionWord, AuditFilter, MAX_PAGE, Page};
use menshen_domain::model::webhook::{DeliveryState, ReceiverName};
use menshen_domain::ports::outbox::DeliveryFilter;

use crate::http::admin::cursor;
use crate::http::error::ApiError;
use crate::http::kinds::Fault;

/// Rows of a page, unless told otherwise.
const DEFAULT_LIMIT: u32 = 50;

/// The members of a query, or of a form.
pub(in crate::http) struct Members {
    given: BTreeMap<String, String>,
    faults: Vec<(String, Fault)>,
}

impl Members {
    /// Reads a query of these members.
    pub(super) fn of(http: &HttpRequest, known: &[&str]) -> Result<Self, ApiError> {
        Self::parse(http.query_string(), Some(known))
    }

    /// Reads `a=1&b=2`; without a list of what is known, others are passed over.
    pub(in crate::http) fn parse(text: &str, known: Option<&[&str]>) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::from_query(text);
        let pairs = pairs.map_err(|_| ApiError::field("query", Fault::Value))?;
        let mut given = BTreeMap::new();
        let mut faults = Vec::new();
        for (name, value) in pairs.into_inner() {
            if known.is_some_and(|known| !known.contains(&name.as_str())) {
                faults.push((name, Fault::Unknown));
            } else if given.insert(name.clone(), value).is_some() {
                faults.push((name, Fault::Duplicate));
            }
        }
        Ok(Self { given, faults })
    }

    /// A member that may be left out; an empty one is.
    pub(in crate::http) fn take(&mut self, name: &str) -> Option<String> {
        self.given.remove(name).filter(|value| !value.is_empty())
    }

    pub(in crate::http) fn fault(&mut self, name: &str, fault: Fault) {
        self.faults.push((name.to_owned(), fault));
    }

    /// A member that must be of a form if it is there.
    fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.take(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.fault(name, Fault::Value);
        }
        parsed
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// With every member that is wrong.
    pub(in crate::http) fn finish(self) -> Result<(), ApiError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ApiError::fields(self.faults))
        }
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    // A plus sign in a query is a space.
    let at = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?;
    Some(at.with_timezone(&Utc))
}

/// Which part of a list.
///
/// # Errors
///
/// `invalid_request` for a limit out of range, and a cursor that is none.
pub fn page(limit: Option<u32>, after: Option<&str>) -> Result<Page, ApiError> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::field("limit", Fault::Value));
    }
    let after = after
        .map(|text| cursor::read(text).ok_or_else(|| ApiError::field("cursor", Fault::Value)))
        .transpose()?;
    Ok(Page { limit, after })
}

/// The query of the audit list.
pub(super) fn audit(http: &HttpRequest) -> Result<(AuditFilter, Page), ApiError> {
    const KNOWN: [&str; 8] = [
        "user_id", "action", "actor", "address", "from", "to", "limit", "cursor",
    ];
    let mut members = Members::of(http, &KNOWN)?;
    let filter = AuditFilter {
        user: members.parsed("user_id", UserId::parse),
        action: members.parsed("action", |text| ActionWord::parse(text).ok()),
        actor: members.parsed("actor", |text| {
            let plain = text.len() <= 80 && text.bytes().all(|b| b.is_ascii_graphic());
            plain.then(|| text.to_owned())
        }),
        address: members.parsed("address", |text| text.parse().ok()),
        from: members.parsed("from", moment),
        to: members.parsed("to", moment),
    };
    if !filter.is_bounded() {
        members.fault("from", Fault::Required);
    }
    let limit = members.parsed("limit", |text| text.parse().ok());
    let after = members.take("cursor");
    members.finish()?;
    Ok((filter, page(limit, after.as_deref())?))
}

/// The query of the deliveries: which, before which place, and how many.
pub(super) fn deliveries(
    http: &HttpRequest,
) -> Result<(DeliveryFilter, Option<i64>, u32), ApiError> {
    let mut members = Members::of(http, &["state", "receiver", "limit", "cursor"])?;
    let filter = DeliveryFilter {
        state: members.parsed("state", DeliveryState::parse),
        receiver: members.parsed("receiver", |text| ReceiverName::parse(text).ok()),
    };
    let limit = members.parsed("limit", |text| text.parse().ok());
    let before = members.take("cursor");
    members.finish()?;
    let (before, limit) = place(limit.unwrap_or(DEFAULT_LIMIT), before.as_deref())?;
    Ok((filter, before, limit))
}

/// Which part of a list whose rows are numbered: before which of them, and how many.
///
/// # Errors
///
/// `invalid_request` for a limit out of range, and a cursor that is none.
pub fn place(limit: u32, before: Option<&str>) -> Result<(Option<i64>, u32), ApiError> {
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::field("limit", Fault::Value));
    }
    let read = |text| {
        let place = cursor::read_place(text);
        place.ok_or_else(|| ApiError::field("cursor", Fault::Value))
    };
    Ok((before.map(read).transpose()?, limit))
}

/// The query of the counters: a date, if it is not today, and how far clocks are ahead
/// of UTC there, in minutes.
pub(super) fn day(http: &HttpRequest) -> Result<(Option<NaiveDate>, i32), ApiError> {
    let mut members = Members::of(http, &["date", "offset"])?;
    let date = members.parsed("date", |text| text.parse().ok());
    let offset = members.parsed("offset", offset);
    members.finish()?;
    Ok((date, offset.unwrap_or(0)))
}

/// How many minutes `+08:00` is, as in RFC 3339; the plus sign may have become a space.
#[must_use]
pub fn offset(text: &str) -> Option<i32> {
    let (ahead, rest) = match text.as_bytes().first()? {
        b'+' | b' ' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let digits = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<i32>().ok()).flatten()
    };
    let minutes = digits(minutes).filter(|minutes| *minutes < 60)?;
    Some(ahead * (digits(hours)? * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_as_rfc_3339_writes_it() {
        for (text, minutes) in [("+08:00", 480), (" 08:00", 480), ("-03:30", -210)] {
            assert_eq!(offset(text), Some(minutes), "{text}");
        }
        for bad in [
            "", "8", "+8:00", "+08:60", "+0800", "08:00", "+08:0", "＋08:00",
        ] {
            assert_eq!(offset(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_member_is_known_and_there_once() {
        let read = |text: &str| {
            let members = Members::parse(text, Some(&["a", "b"]));
            members.and_then(|mut members| {
                let a = members.take("a");
                members.finish().map(|()| a)
            })
        };
        assert_eq!(read("a=1&b=").unwrap(), Some("1".to_owned()));
        assert_eq!(read("").unwrap(), None);
        for bad in ["c=1", "a=1&a=2"] {
            assert_eq!(read(bad).unwrap_err().kind.code, "invalid_request", "{bad}");
        }
    }
}
