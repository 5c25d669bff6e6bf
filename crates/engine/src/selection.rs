//! [`Selection`]: an option that is all, none or some of a list of names.

use serde::{Deserialize, Serialize};
use spanframe_core::Named;

use crate::{OptionError, option_check::choose};

/// All of some names, none of them, or those that are listed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected true, false or a list of names")]
pub enum Selection {
    /// All, or none.
    Whole(bool),
    /// These.
    Some(Vec<String>),
}

impl From<bool> for Selection {
    fn from(all: bool) -> Self {
        Self::Whole(all)
    }
}

/// Takes the names of `T`; none for an option left out.
///
/// # Errors
/// [`OptionError::UnknownValue`] for another name; [`OptionError::OutOfRange`] for an empty list.
pub(crate) fn selected<T: Named, C: FromIterator<T>>(
    option: &'static str, typed: Option<Selection>,
) -> Result<C, OptionError> {
    match typed {
        None | Some(Selection::Whole(false)) => Ok(C::from_iter([])),
        Some(Selection::Whole(true)) => Ok(T::named().map(|(_, variant)| variant).collect()),
        Some(Selection::Some(names)) if names.is_empty() => {
            let known: Vec<&str> = T::named().map(|(name, _)| name).collect();
            let allowed = format!("true, false or some of {}", known.join(", "));
            Err(OptionError::OutOfRange { option, value: "an empty list".to_string(), allowed })
        }
        Some(Selection::Some(names)) => names.iter().map(|name| choose(option, name, T::named())).collect(),
    }
}
