//! [`Notes`]: the input of an engine.

use arrow_array::Array;

/// A column of texts, with or without the language of each row.
///
/// An array is a column of texts without languages:
///
/// ```
/// use arrow_array::StringArray;
/// use spanframe_engine::Notes;
///
/// let texts = StringArray::from(vec!["Refiere disnea.", "aspirin 81mg"]);
/// let languages = StringArray::from(vec!["es", "en-US"]);
/// assert!(Notes::from(&texts).languages.is_none());
/// let notes = Notes { texts: &texts, languages: Some(&languages) };
/// assert_eq!(notes.languages.unwrap().len(), 2);
/// ```
#[derive(Clone, Copy)]
pub struct Notes<'a> {
    /// Strings, dictionaries of strings, bytes (read as UTF-8), or nulls.
    pub texts: &'a dyn Array,
    /// A code for each text (`es`, `es-MX`, `en_US`), or one code for all. Only sets of models have a use for them.
    pub languages: Option<&'a dyn Array>,
}

impl<'a, A: Array> From<&'a A> for Notes<'a> {
    fn from(texts: &'a A) -> Self {
        Self { texts, languages: None }
    }
}

impl<'a> From<&'a dyn Array> for Notes<'a> {
    fn from(texts: &'a dyn Array) -> Self {
        Self { texts, languages: None }
    }
}
