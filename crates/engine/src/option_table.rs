//! A table of options as data: [`options!`](crate::options!) declares it, one [`OptionSpec`] for each option.
//!
//! Flags, Python keywords, fields of pipeline files and the rows of docs/options.md are made from it. Each of them
//! reads its own values as [`OptionValue`], and [`OptionTable::read`] puts these into the struct of typed options.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer},
};

use crate::{ModelNames, Named, Selection};

/// One option, as its row in the table declares it.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Its name: of the field, of the Python keyword and, with hyphens, of the flag.
    pub name: &'static str,
    /// What it takes.
    pub option_type: OptionType,
    /// Lists the values that it may have, where these have names.
    pub names: Option<fn() -> Vec<&'static str>>,
    /// What holds where it is left out, as users read it.
    pub default: &'static str,
    /// Where it may stand.
    pub scope: Scope,
    /// What `--help` shows for its value; empty for a flag without a value.
    pub value: &'static str,
    /// The short form of its flag.
    pub short: Option<char>,
    /// The page of the documentation that says more.
    pub page: Option<&'static str>,
    /// Lines of its documentation: a summary, and details behind an empty line.
    pub doc: &'static [&'static str],
}

/// Where an option may stand, beside a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nowhere else.
    Call,
    /// At the top of a pipeline file.
    Set,
    /// In a `[[model]]` table of a pipeline file, for that model.
    Model,
    /// In `annotate` and `run`.
    Files,
    /// In `run`.
    Run,
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionType {
    /// Text.
    Text,
    /// A path.
    Path,
    /// A list of texts.
    List,
    /// One name, or a list of them.
    Models,
    /// One path, or a list of them.
    Paths,
    /// True, false, or a list of names.
    Selection,
    /// Pairs of texts.
    Pairs,
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Float,
}

/// A value of an option, of the type that its [`OptionType`] says.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// Of [`OptionType::Text`], and of [`OptionType::Models`] where it is one name.
    Text(String),
    /// Of [`OptionType::Path`].
    Path(PathBuf),
    /// Of [`OptionType::List`], and of [`OptionType::Models`] and [`OptionType::Selection`] where there are several names.
    List(Vec<String>),
    /// Of [`OptionType::Paths`].
    Paths(Vec<PathBuf>),
    /// Of [`OptionType::Pairs`].
    Pairs(BTreeMap<String, String>),
    /// Of [`OptionType::Bool`], and of [`OptionType::Selection`] where it is no list.
    Bool(bool),
    /// Of [`OptionType::Integer`].
    Integer(i64),
    /// Of [`OptionType::Float`].
    Float(f64),
}

/// A struct of typed options that a table declares.
pub trait OptionTable: Clone + Default + fmt::Debug {
    /// Its rows, in their order.
    const OPTIONS: &'static [OptionSpec];

    /// Reads every option from `source`, which gives `None` for one that was left out.
    ///
    /// # Errors
    /// The first error of `source`.
    fn read<E>(source: impl FnMut(&'static OptionSpec) -> Result<Option<OptionValue>, E>) -> Result<Self, E>;
}

/// A type that a field of a table has.
pub trait TypedOption: Sized {
    /// What the option takes.
    const TYPE: OptionType;

    /// The value, if it is one of [`TYPE`](Self::TYPE).
    fn from_value(value: OptionValue) -> Option<Self>;
}

/// Implements [`TypedOption`] for types that have a variant of [`OptionValue`] of the same name.
macro_rules! typed_options {
    ($($variant:ident: $type:ty,)*) => {$(
        impl TypedOption for $type {
            const TYPE: OptionType = OptionType::$variant;

            fn from_value(value: OptionValue) -> Option<Self> {
                if let OptionValue::$variant(value) = value { Some(value) } else { None }
            }
        }
    )*};
}

typed_options! {
    Text: String,
    Path: PathBuf,
    List: Vec<String>,
    Paths: Vec<PathBuf>,
    Pairs: BTreeMap<String, String>,
    Bool: bool,
    Integer: i64,
    Float: f64,
}

impl TypedOption for ModelNames {
    const TYPE: OptionType = OptionType::Models;

    fn from_value(value: OptionValue) -> Option<Self> {
        match value {
            OptionValue::Text(name) => Some(name.into()),
            OptionValue::List(names) => Some(names.into()),
            _ => None,
        }
    }
}

impl TypedOption for Selection {
    const TYPE: OptionType = OptionType::Selection;

    fn from_value(value: OptionValue) -> Option<Self> {
        match value {
            OptionValue::Bool(all) => Some(Self::Whole(all)),
            OptionValue::List(names) => Some(Self::Some(names)),
            _ => None,
        }
    }
}

/// The first of at most one item, for what a row may leave out.
#[doc(hidden)]
#[must_use]
pub const fn first<T: Copy>(items: &[T]) -> Option<T> {
    if let [item, ..] = items { Some(*item) } else { None }
}

/// The names of the variants of `T`.
#[doc(hidden)]
#[must_use]
pub fn names<T: Named>() -> Vec<&'static str> {
    T::named().map(|(name, _)| name).collect()
}

impl OptionSpec {
    /// The values that it may have, where these have names; empty otherwise.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.names.map_or_else(Vec::new, |names| names())
    }

    /// True if it has no default.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.default == "required"
    }

    /// True if its flag takes no value.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        self.value.is_empty()
    }

    /// The first sentence of its documentation, without a full stop.
    #[must_use]
    pub fn summary(&self) -> String {
        let lines = self.doc.iter().map(|line| line.trim()).take_while(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" ").trim_end_matches('.').to_string()
    }

    /// What its documentation says after the first paragraph; empty where it says nothing more.
    #[must_use]
    pub fn details(&self) -> String {
        let lines = self.doc.iter().map(|line| line.trim()).skip_while(|line| !line.is_empty());
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// One path, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a path or a list of paths")]
enum OneOrMany {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

/// Reads a value of a pipeline file; null is an option that was left out.
impl<'de> DeserializeSeed<'de> for OptionType {
    type Value = Option<OptionValue>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        Ok(match self {
            Self::Text => Option::deserialize(value)?.map(OptionValue::Text),
            Self::Path => Option::deserialize(value)?.map(OptionValue::Path),
            Self::List | Self::Models => Option::deserialize(value)?.map(OptionValue::List),
            Self::Paths => Option::deserialize(value)?.map(|paths| match paths {
                OneOrMany::One(path) => OptionValue::Paths(vec![path]),
                OneOrMany::Many(paths) => OptionValue::Paths(paths),
            }),
            Self::Selection => Option::deserialize(value)?.map(|selection| match selection {
                Selection::Whole(all) => OptionValue::Bool(all),
                Selection::Some(names) => OptionValue::List(names),
            }),
            Self::Pairs => Option::deserialize(value)?.map(OptionValue::Pairs),
            Self::Bool => Option::deserialize(value)?.map(OptionValue::Bool),
            Self::Integer => Option::deserialize(value)?.map(OptionValue::Integer),
            Self::Float => Option::deserialize(value)?.map(OptionValue::Float),
        })
    }
}

impl fmt::Display for OptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Path => "path",
            Self::List => "list",
            Self::Models => "name, path or list",
            Self::Paths => "path or list",
            Self::Selection => "boolean or list",
            Self::Pairs => "map of names",
            Self::Bool => "boolean",
            Self::Integer => "integer",
            Self::Float => "number",
        })
    }
}
