//! [`Notes`]: what is annotated.

use arrow_array::Array;

/// A column of texts, with the language of each row where it is told.
///
/// Whatever is an array is a column of texts without languages:
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
    /// A code for each text (`es`, `es-MX`, `en_US`), or one code for all. Only a set of models takes languages.
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
