//! [`Builder`]: takes entries one by one and writes a vocabulary file.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use crate::{
    BuildOptions, Entry, Summary, VocabularyError, build,
    file::{Names, folder_of},
    fold::fold,
    record::{put, put_text},
    sorter::Sorter,
};

/// Writes a vocabulary in bounded memory, whatever the number of entries. An example stands at the [crate].
///
/// Temporary files without a name lie beside the output, about as large as the source. Nothing is at the path before
/// [`finish`](Self::finish) has written the whole file.
pub struct Builder {
    pub(crate) path: PathBuf,
    pub(crate) options: BuildOptions,
    /// Entries by concept.
    pub(crate) entries: Sorter,
    pub(crate) names: Interned,
    pub(crate) pushed: u64,
    pub(crate) empty_terms: u64,
    pub(crate) empty_codes: u64,
}

/// Names by number.
#[derive(Default)]
pub(crate) struct Interned {
    pub names: Names,
    vocabularies: HashMap<String, u16>,
    entities: HashMap<String, u16>,
    languages: HashMap<String, u16>,
}

impl Builder {
    /// Begins a vocabulary at `path`.
    ///
    /// # Errors
    /// [`VocabularyError::Exists`] if it is there and `options.overwrite` is false, [`VocabularyError::Write`] if its
    /// folder takes no file.
    pub fn new(path: &Path, options: BuildOptions) -> Result<Self, VocabularyError> {
        let fail = |source| VocabularyError::Write { path: path.to_path_buf(), source };
        if !options.overwrite && path.symlink_metadata().is_ok() {
            return Err(VocabularyError::Exists { path: path.to_path_buf() });
        }
        // found before the source is read
        tempfile::tempfile_in(folder_of(path)).map_err(fail)?;
        Ok(Self {
            path: path.to_path_buf(),
            entries: Sorter::new(folder_of(path), options.memory),
            options,
            names: Interned::new(),
            pushed: 0,
            empty_terms: 0,
            empty_codes: 0,
        })
    }

    /// Adds an entry. One whose term or code has no visible character is left out, and counted in the summary.
    ///
    /// # Errors
    /// [`VocabularyError::Write`] if a temporary file cannot be written, [`VocabularyError::TooLarge`] for more than
    /// 65,535 names of vocabularies, entity types or languages.
    pub fn push(&mut self, entry: &Entry) -> Result<(), VocabularyError> {
        self.pushed += 1;
        if fold(&entry.term).is_empty() {
            self.empty_terms += 1;
            return Ok(());
        }
        let code = entry.code.trim();
        if fold(code).is_empty() {
            self.empty_codes += 1;
            return Ok(());
        }
        let [vocabulary, entity, language] = self.names.numbers(entry)?;
        let mut key = Vec::with_capacity(16 + code.len());
        put(&mut key, i64::from(vocabulary));
        put_text(&mut key, code);
        let mut value = Vec::with_capacity(64 + entry.term.len());
        for id in [entry.concept_id, entry.standard_concept_id] {
            put(&mut value, i64::from(id.is_some()));
            put(&mut value, id.unwrap_or_default());
        }
        put_text(&mut value, &entry.term);
        for number in [i64::from(entity), i64::from(language), i64::from(entry.preferred)] {
            put(&mut value, number);
        }
        self.entries.push(&key, &value).map_err(|source| self.write_error(source))
    }

    /// Writes the file and says what it holds.
    ///
    /// # Errors
    /// [`VocabularyError::NoTerms`]; [`VocabularyError::ConceptIds`], [`VocabularyError::StandardConcepts`] and
    /// [`VocabularyError::ConceptCodes`] if entries contradict each other; [`VocabularyError::Write`],
    /// [`VocabularyError::TooLarge`]. Nothing is written then.
    pub fn finish(self) -> Result<Summary, VocabularyError> {
        build::build(self)
    }

    pub(crate) fn write_error(&self, source: io::Error) -> VocabularyError {
        VocabularyError::Write { path: self.path.clone(), source }
    }
}

impl Interned {
    fn new() -> Self {
        let none = || vec![String::new()];
        let names = Names { vocabularies: none(), entities: none(), languages: none() };
        Self { names, ..Self::default() }
    }

    /// Numbers of vocabulary, entity type and language.
    fn numbers(&mut self, entry: &Entry) -> Result<[u16; 3], VocabularyError> {
        let Self { names, vocabularies, entities, languages } = self;
        Ok([
            number(&mut names.vocabularies, vocabularies, entry.vocabulary.as_deref(), "vocabularies")?,
            number(&mut names.entities, entities, entry.entity.as_deref(), "entity types")?,
            number(&mut names.languages, languages, entry.language.as_deref(), "languages")?,
        ])
    }
}

fn number(
    names: &mut Vec<String>, known: &mut HashMap<String, u16>, name: Option<&str>, what: &'static str,
) -> Result<u16, VocabularyError> {
    let name = name.map(str::trim).unwrap_or_default();
    if name.is_empty() {
        return Ok(0);
    }
    if let Some(number) = known.get(name) {
        return Ok(*number);
    }
    let limit = u64::from(u16::MAX);
    let number = u16::try_from(names.len()).map_err(|_| VocabularyError::TooLarge { what, limit })?;
    names.push(name.to_string());
    known.insert(name.to_string(), number);
    Ok(number)
}
