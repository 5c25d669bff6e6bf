//! The value of one option: looked up among names, checked as a number, refused with what it may be.

use spanframe_core::Named;

/// An option that cannot be used: which, what it was, and what it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// No option has this name.
    #[error("there is no option `{name}`{}", suggestion(.nearest))]
    UnknownName {
        /// As typed.
        name: String,
        /// The most similar option.
        nearest: Option<String>,
    },
    /// A value that is not one of a list.
    #[error("option `{option}` cannot be `{value}`{}; it may be {allowed}", suggestion(.nearest))]
    UnknownValue {
        /// Name of the option.
        option: &'static str,
        /// As typed.
        value: String,
        /// The most similar value.
        nearest: Option<String>,
        /// All values, with commas.
        allowed: String,
    },
    /// Two options that contradict each other.
    #[error("option `{option}` does not go with {other}: {way_out}")]
    Conflict {
        /// Name of the option.
        option: &'static str,
        /// The other, with its value where that matters.
        other: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// A number out of its range.
    #[error("option `{option}` cannot be {value}; it may be {allowed}")]
    OutOfRange {
        /// Name of the option.
        option: &'static str,
        /// As typed.
        value: String,
        /// The range.
        allowed: String,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?"))
}

/// The most similar of `known`, if any is similar.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let similarity = |candidate: &str| strsim::jaro_winkler(&candidate.to_lowercase(), &name.to_lowercase());
    known
        .into_iter()
        .map(|candidate| (similarity(candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_string())
}

/// Looks `value` up among `names`.
///
/// # Errors
/// [`OptionError::UnknownValue`] with the nearest name.
pub fn choose<'a, T>(
    option: &'static str, value: &str, names: impl IntoIterator<Item = (&'a str, T)>,
) -> Result<T, OptionError> {
    let mut known = Vec::new();
    for (name, meaning) in names {
        if name == value {
            return Ok(meaning);
        }
        known.push(name);
    }
    Err(OptionError::UnknownValue {
        option,
        value: value.to_string(),
        nearest: nearest(value, known.iter().copied()),
        allowed: known.join(", "),
    })
}

/// As [`choose`] among the names of `T`, for an option that may be left out.
pub fn named<T: Named>(option: &'static str, value: &Option<String>) -> Result<Option<T>, OptionError> {
    value.as_deref().map(|value| choose(option, value, T::named())).transpose()
}

/// A whole number of at least `least`.
pub fn whole(option: &'static str, value: Option<i64>, least: usize) -> Result<Option<usize>, OptionError> {
    let Some(value) = value else { return Ok(None) };
    let checked = usize::try_from(value).ok().filter(|&n| n >= least);
    checked.map(Some).ok_or_else(|| OptionError::OutOfRange {
        option,
        value: value.to_string(),
        allowed: format!("a whole number from {least}"),
    })
}
