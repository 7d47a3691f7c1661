//! `traceparent`, as the W3C's Trace Context (level 1) writes it.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// Reads a `traceparent`; anything but a well-formed one is as good as none. What
/// else a caller sends along, `tracestate` and baggage, is not looked at.
pub(crate) fn read(text: &str) -> Option<SpanContext> {
    let mut parts = text.splitn(5, '-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let rest = parts.next();
    let version = hex(version, 2)?;
    // Later versions may say more behind the four parts; `ff` is no version.
    if version == 0xff || (version == 0 && rest.is_some()) {
        return None;
    }
    let trace_id = TraceId::from_bytes(hex(trace, 32)?.to_be_bytes());
    let span_id = SpanId::from_bytes(u64::try_from(hex(span, 16)?).ok()?.to_be_bytes());
    let flags = u8::try_from(hex(flags, 2)?).ok()?;
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
    // Neither id is all zeros.
    context.is_valid().then_some(context)
}

/// So many small hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let small = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = text.len() == digits && text.bytes().all(small);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// Writes the `traceparent` of a span.
pub(crate) fn write(span: &SpanContext) -> Option<String> {
    let (trace, id) = (span.trace_id(), span.span_id());
    let sampled = u8::from(span.is_sampled());
    span.is_valid()
        .then(|| format!("00-{trace}-{id}-{sampled:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_well_formed_parent_is_read_and_written_alike() {
        let read_back = read(GOOD).and_then(|span| write(&span));
        assert_eq!(read_back.as_deref(), Some(GOOD));
        assert!(read(GOOD).is_some_and(|span| span.is_remote() && span.is_sampled()));
        let unsampled = GOOD.replace("-01", "-00");
        assert!(read(&unsampled).is_some_and(|span| !span.is_sampled()));
        assert_eq!(read(&unsampled).and_then(|s| write(&s)), Some(unsampled));
    }

    #[test]
    fn later_versions_may_say_more_and_unknown_flags_are_left_out() {
        let later = GOOD.replacen("00-", "cc-", 1) + "-what-comes";
        assert_eq!(read(&later).and_then(|s| write(&s)).as_deref(), Some(GOOD));
        let flags = GOOD.replace("-01", "-ff");
        assert_eq!(read(&flags).and_then(|s| write(&s)).as_deref(), Some(GOOD));
    }

    #[test]
    fn anything_else_is_none() {
        let zero_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let zero_span = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
        for bad in [
            "",
            "00",
            zero_trace,
            zero_span,
            &GOOD.to_uppercase(),
            &GOOD.replacen("00-", "ff-", 1),
            &GOOD.replacen("00-", "0-", 1),
            &GOOD.replacen("00-", "+0-", 1),
            &format!("{GOOD}-more"),
            &format!(" {GOOD}"),
            &GOOD[..GOOD.len() - 1],
            &GOOD.replace('-', "_"),
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
