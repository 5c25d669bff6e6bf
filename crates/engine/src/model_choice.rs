//! The option `model`: one model, or a set of models.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::OptionError;

/// Extensions of pipeline files.
const EXTENSIONS: [&str; 2] = ["toml", "json"];

/// `model` as typed: one name or a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ModelNames {
    /// A name, a path, or a pipeline file.
    One(String),
    /// Names and paths.
    Many(Vec<String>),
}

impl From<String> for ModelNames {
    fn from(name: String) -> Self {
        Self::One(name)
    }
}

impl From<&str> for ModelNames {
    fn from(name: &str) -> Self {
        Self::One(name.to_string())
    }
}

impl From<Vec<String>> for ModelNames {
    fn from(names: Vec<String>) -> Self {
        Self::Many(names)
    }
}

/// `model`, checked without looking at any file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// One model by name or path; `None` for the bundled one.
    One(Option<String>),
    /// A set of several models by names or paths, in their order.
    List(Vec<String>),
    /// A set that a pipeline file describes, by its path.
    File(PathBuf),
}

impl ModelChoice {
    /// Checks what was typed. A list of one name is that model. A name that ends in `.toml` or `.json` is a pipeline
    /// file.
    ///
    /// # Errors
    /// [`OptionError`] for an empty list, and for a pipeline file in a list.
    pub(crate) fn new(option: &'static str, typed: Option<ModelNames>) -> Result<Self, OptionError> {
        let is_file =
            |name: &str| Path::new(name).extension().is_some_and(|e| EXTENSIONS.iter().any(|known| e == *known));
        let one = |name: String| match is_file(&name) {
            true => Self::File(name.into()),
            false => Self::One(Some(name)),
        };
        match typed {
            None => Ok(Self::One(None)),
            Some(ModelNames::One(name)) => Ok(one(name)),
            Some(ModelNames::Many(mut names)) if names.len() == 1 => Ok(one(names.remove(0))),
            Some(ModelNames::Many(names)) if names.is_empty() => {
                let allowed = "one name, several, or a pipeline file".to_string();
                Err(OptionError::OutOfRange { option, value: "an empty list".to_string(), allowed })
            }
            Some(ModelNames::Many(names)) if names.iter().any(|name| is_file(name)) => {
                let way_out = "a pipeline file is a set by itself, give it alone or write all models into it";
                Err(OptionError::Conflict { option, other: "a pipeline file among others", way_out })
            }
            Some(ModelNames::Many(names)) => Ok(Self::List(names)),
        }
    }

    /// True if it is a set, so that each entity names its model.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !matches!(self, Self::One(_))
    }
}
