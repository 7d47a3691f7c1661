//! What somebody may have meant.

/// The known name that is most like `name`, if one is like it at all.
pub(crate) fn nearest_of<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |candidate| strsim::normalized_damerau_levenshtein(name, candidate);
    let rated = known.iter().map(|one| (likeness(*one), *one));
    let (likeness, nearest) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness > 0.6).then_some(nearest)
}
