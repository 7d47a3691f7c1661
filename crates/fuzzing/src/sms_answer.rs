//! What a vendor answers: a line with the vendor's name and the HTTP status, lines
//! of headers, an empty line, the body.

use menshen_outbound::Answer;
use menshen_sms::fuzzing;
use menshen_sms::{Attempt, Outcome, SameVendor};

use crate::input;

/// Whatever the vendor says is an outcome; a message counts as taken only by an
/// answer of success, and what reaches the log is a plain word.
pub(crate) fn run(data: &[u8]) {
    let Some((first, rest)) = input::line(data) else {
        return;
    };
    let Some((vendor, status)) = first.split_once(' ') else {
        return;
    };
    let Some(status) = status.parse().ok().filter(|s| (100..=599).contains(s)) else {
        return;
    };
    let (headers, body) = input::headers(rest);
    let answer = Answer::made(status, &headers, body.to_vec());
    let Some(attempt) = fuzzing::read(vendor, &answer, input::now()) else {
        return;
    };
    words(&attempt);
    let duties = attempt.outcome.duties();
    let may_be_out = matches!(attempt.outcome, Outcome::Accepted | Outcome::Unknown);
    if may_be_out {
        assert_eq!(duties.same_vendor, SameVendor::Never);
        assert!(!duties.next_vendor, "what may be out is sent again");
    }
    // These vendors tell by the status; with the others the body alone counts.
    let by_status = matches!(vendor, "twilio" | "volcengine" | "webhook");
    if by_status && attempt.outcome == Outcome::Accepted {
        assert!(answer.is_success(), "{vendor} took it with {status}");
    }
    assert!(!attempt.outcome.as_str().is_empty());
}

fn words(attempt: &Attempt) {
    let told = [
        &attempt.vendor_code,
        &attempt.request_id,
        &attempt.message_id,
    ];
    for word in told.into_iter().flatten() {
        assert!((1..=64).contains(&word.len()), "{word}");
        assert!(word.bytes().all(|b| b.is_ascii_graphic()), "{word}");
    }
}
