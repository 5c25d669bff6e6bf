//! Checks the value of one option, and says what it may be.
//!
//! A check takes the option's name and its typed value, and gives the checked value, also for an option left out.

use spanframe_core::Named;

/// An option that cannot be used: its name, its value, and what it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// No option has this name.
    #[error("there is no option `{name}`; {}", or_all(.nearest))]
    UnknownName {
        /// The name as typed.
        name: String,
        /// The most similar option.
        nearest: Option<String>,
    },
    /// The value is not one of a list.
    #[error("option `{option}` cannot be `{value}`{}; it may be {allowed}", suggestion(.nearest))]
    UnknownValue {
        /// Name of the option.
        option: &'static str,
        /// The value as typed.
        value: String,
        /// The most similar value.
        nearest: Option<String>,
        /// All values, with commas.
        allowed: String,
    },
    /// Two options contradict each other.
    #[error("option `{option}` does not go with {other}: {way_out}")]
    Conflict {
        /// Name of the option.
        option: &'static str,
        /// The other option, with its value where that matters.
        other: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// The value is out of its range.
    #[error("option `{option}` cannot be {value}; it may be {allowed}")]
    OutOfRange {
        /// Name of the option.
        option: &'static str,
        /// The value as typed.
        value: String,
        /// The range.
        allowed: String,
    },
}

fn or_all(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or("docs/options.md lists all".to_string(), |n| format!("did you mean `{n}`?"))
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
/// [`OptionError::UnknownValue`] with the most similar name, if none is equal.
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

/// Takes any value, and `None` for an option left out.
///
/// # Errors
/// None; the signature is that of a check.
pub fn any<T>(_: &'static str, typed: Option<T>) -> Result<Option<T>, OptionError> {
    Ok(typed)
}

/// Takes any value, and `default` for an option left out.
pub fn or<T>(default: T) -> impl FnOnce(&'static str, Option<T>) -> Result<T, OptionError> {
    move |_, typed| Ok(typed.unwrap_or(default))
}

/// Takes one of the names of `T`.
///
/// # Errors
/// [`OptionError::UnknownValue`] for any other.
pub fn named<T: Named>(option: &'static str, typed: Option<String>) -> Result<Option<T>, OptionError> {
    typed.map(|value| choose(option, &value, T::named())).transpose()
}

/// As [`named`], and the default of `T` for an option left out.
///
/// # Errors
/// As [`named`].
pub fn named_or_default<T: Named + Default>(option: &'static str, typed: Option<String>) -> Result<T, OptionError> {
    named(option, typed).map(Option::unwrap_or_default)
}

/// Takes a number from 0 to 1.
///
/// # Errors
/// [`OptionError::OutOfRange`] for any other, NaN included.
pub fn fraction(option: &'static str, typed: Option<f64>) -> Result<Option<f64>, OptionError> {
    match typed {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            let allowed = "a number from 0 to 1".to_string();
            Err(OptionError::OutOfRange { option, value: value.to_string(), allowed })
        }
        value => Ok(value),
    }
}

/// As [`fraction`], and `default` for an option left out.
pub fn fraction_or(default: f64) -> impl FnOnce(&'static str, Option<f64>) -> Result<f32, OptionError> {
    move |option, typed| Ok(fraction(option, typed)?.unwrap_or(default) as f32)
}

/// Takes integers from `least` on.
pub fn at_least(least: usize) -> impl FnOnce(&'static str, Option<i64>) -> Result<Option<usize>, OptionError> {
    move |option, typed| {
        let Some(value) = typed else { return Ok(None) };
        let checked = usize::try_from(value).ok().filter(|&n| n >= least);
        checked.map(Some).ok_or_else(|| OptionError::OutOfRange {
            option,
            value: value.to_string(),
            allowed: format!("a whole number from {least}"),
        })
    }
}

/// As [`at_least`], and `default` for an option left out.
pub fn at_least_or(
    least: usize, default: usize,
) -> impl FnOnce(&'static str, Option<i64>) -> Result<usize, OptionError> {
    move |option, typed| Ok(at_least(least)(option, typed)?.unwrap_or(default))
}
