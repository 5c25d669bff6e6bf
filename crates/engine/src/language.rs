//! Languages of rows and of models.

use strum::{IntoStaticStr, VariantArray};

/// How to treat a row in a language that no model names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum UnknownLanguage {
    /// The row is an error, which follows `on_error`.
    #[default]
    Error,
    /// All models read it.
    All,
    /// The models without languages read it.
    Skip,
}

/// In the `languages` of a model: all languages that no model names, and rows without a language.
pub(crate) const OTHER: &str = "other";

/// The primary subtag of a language code, by which codes are compared: `es` for `es-MX` and for `ES_es`.
pub(crate) fn primary(code: &str) -> String {
    code.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}
