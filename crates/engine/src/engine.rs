//! [`Engine`]: a model, or a set of them, with options, ready to annotate.

mod diagnose;

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::Field;
use spanframe_model::ModelCard;

use crate::{
    EngineError, EngineOptions, Layout, Mention, Metrics, Notes, Offsets, OnError, RowError,
    assertion::Assertion,
    documents::Documents,
    entity_column::EntityWriter,
    field::EntityFields,
    link::{LinkOptions, Linker, Links},
    members::members,
    model_set::ModelSet,
    options::Emulation,
    output::{Chunks, Output},
    pipeline::{Pipeline, Row, SharedOptions, Step, Texts},
    routes::Routes,
};

/// The entities of some rows of a column. They follow the rows given before.
#[derive(Clone, Debug)]
pub struct AnnotatedRows {
    /// The number of the first row, from 0.
    pub first_row: usize,
    /// One element a row, of type [`EngineOptions::data_type`]. Null for a null text and for a row with an error.
    pub column: ArrayRef,
    /// The rows that could not be annotated, counted in the whole column.
    pub errors: Vec<RowError>,
    /// Number of entities in `column` for each of [`Engine::names`].
    pub counts: Vec<u64>,
}

/// A loaded model, or a set of them, with checked options. A second engine is cheap: engines share loaded models.
pub struct Engine {
    set: ModelSet,
    types: Vec<String>,
    kept: Vec<bool>,
    options: SharedOptions,
    fields: EntityFields,
    layout: Layout,
    offsets: Offsets,
    chunks: Chunks,
    assertion: Option<Assertion>,
    linker: Option<Linker>,
    sentences: bool,
    metrics: Metrics,
    on_error: OnError,
    max_document_bytes: usize,
}

impl Engine {
    /// Loads the models and checks the options against them. A process loads a model once for the same device and
    /// threads.
    ///
    /// # Errors
    /// - [`EngineError::Model`] if a model or ONNX Runtime cannot be loaded
    /// - [`EngineError::Option`] for an entity type that no model has, or a window that a model cannot take
    /// - [`EngineError::Pipeline`] for a wrong pipeline file; [`EngineError::Lexicon`] for wrong rules of assertion
    /// - [`EngineError::Vocabulary`] for a vocabulary that cannot be opened
    /// - [`EngineError::Member`] around an error of one model of a set; [`EngineError::SameName`] if two have one name
    pub fn new(options: &EngineOptions) -> Result<Self, EngineError> {
        let (own, options) = members(options)?;
        let assertion = Assertion::of(&options)?;
        let linker = LinkOptions::of(&options)?.as_ref().map(Linker::new).transpose()?;
        let set = ModelSet::load(own, &options)?;
        let (types, kept) = set.types();
        let chunks = match options.emulate {
            _ if options.preserve_position => Chunks::Text,
            Some(Emulation::SparkNlp) => Chunks::FirstWord,
            _ => Chunks::Words,
        };
        Ok(Self {
            set,
            types,
            kept,
            options: SharedOptions {
                // Spark NLP runs the model on each text alone
                batch_tokens: if options.emulate == Some(Emulation::SparkNlp) { 1 } else { options.batch_tokens },
                cleanup: options.cleanup_mode,
                cleaned_offsets: options.cleaned_offsets,
                emulate: options.emulate,
            },
            fields: EntityFields::of(&options),
            layout: options.layout,
            offsets: options.offsets,
            chunks,
            assertion,
            linker,
            sentences: options.sentences,
            metrics: Metrics::default(),
            on_error: options.on_error,
            max_document_bytes: options.max_document_bytes,
        })
    }

    /// The field of the output column, under `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Field {
        Field::new(name, self.fields.data_type(self.layout), true)
    }

    /// The fields of its entities.
    #[must_use]
    pub fn fields(&self) -> &EntityFields {
        &self.fields
    }

    /// Entity types in the output, in the order of the models, each once.
    #[must_use]
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// For each of [`types`](Self::types), true if this engine gives it.
    #[must_use]
    pub fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// Entity types in the output, one for each type of each model. A name is repeated if several types are renamed to
    /// it, or several models have it.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.set.names
    }

    /// SHA-256 of the model, as hexadecimal digits: over the files that decide what it finds. For a set also over the
    /// models' names, languages and own options, and over the rules for merging and for unknown languages.
    ///
    /// # Errors
    /// [`EngineError::Model`] for a file that cannot be read.
    pub fn model_digest(&self) -> Result<String, EngineError> {
        self.set.digest()
    }

    /// SHA-256 of all that decides the attributes of entities, as hexadecimal digits; `None` if none are asked for.
    #[must_use]
    pub fn assertion_digest(&self) -> Option<String> {
        self.assertion.as_ref().map(Assertion::digest)
    }

    /// What mentions are linked by; `None` if they are not.
    #[must_use]
    pub fn linker(&self) -> Option<&Linker> {
        self.linker.as_ref()
    }

    /// Checks, before any row is read, whether rows may have a language (`is_given`) or must have one.
    ///
    /// # Errors
    /// [`EngineError::Option`] if rows have languages, no model chooses by them, and no attributes are asked for;
    /// [`EngineError::LanguageMissing`] if they have none and a model does.
    pub fn check_language(&self, is_given: bool) -> Result<(), EngineError> {
        self.set.check_language(is_given, self.assertion.is_some())
    }

    /// Counts of this engine's work.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The card of the model under the name that chose it, or one card for a set.
    #[must_use]
    pub fn card(&self) -> ModelCard {
        self.set.card()
    }

    /// The entities of each row of a text column: an array of the same length and of type [`EngineOptions::data_type`].
    ///
    /// A null text gives null, a text without entities gives empty lists. A row's entities do not depend on other rows.
    /// A row that cannot be annotated is an error, or null with `on_error="null"`. With languages, each row goes to the
    /// models of its language.
    ///
    /// # Errors
    /// - [`EngineError::NotText`] for a column that is no text
    /// - [`EngineError::LanguageNotText`], [`EngineError::LanguageRows`], [`EngineError::LanguageMissing`] and
    ///   [`EngineError::Option`] for wrong languages
    /// - [`EngineError::Row`] for a row that cannot be annotated
    /// - [`EngineError::OutputTooLarge`]: use [`annotate_chunks`](Self::annotate_chunks)
    /// - [`EngineError::Forked`], or an error of the model
    pub fn annotate<'a>(&self, notes: impl Into<Notes<'a>>) -> Result<ArrayRef, EngineError> {
        let chunks = self.annotate_chunks(notes)?;
        if let [only] = chunks.as_slice() {
            return Ok(Arc::clone(only));
        }
        let parts: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
        Ok(arrow_select::concat::concat(&parts)?)
    }

    /// As [`annotate`](Self::annotate), for columns of any size: gives arrays that follow each other, at least one.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate).
    pub fn annotate_chunks<'a>(&self, notes: impl Into<Notes<'a>>) -> Result<Vec<ArrayRef>, EngineError> {
        let mut chunks = Vec::new();
        self.annotate_each(notes, |step| {
            let Step::Rows(annotated) = step else { return Ok(()) };
            match annotated.errors.into_iter().next() {
                Some(error) if self.on_error == OnError::Raise => return Err(error.into()),
                _ => chunks.push(annotated.column),
            }
            Ok::<_, EngineError>(())
        })?;
        if chunks.is_empty() {
            chunks.push(self.writer().finish()?);
        }
        Ok(chunks)
    }

    /// As [`annotate`](Self::annotate), but gives rows to `sink` as they are done, some at a time, in order.
    ///
    /// Rows with an error come as null with the error beside them, whatever `on_error` says. Calls `sink`
    /// after each batch too. Stops at the first error that `sink` returns.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), but for errors of rows, and those of `sink`.
    pub fn annotate_each<'a, E: From<EngineError> + Send>(
        &self, notes: impl Into<Notes<'a>>, mut sink: impl FnMut(Step<AnnotatedRows>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let (documents, routes) = self.documents(notes.into())?;
        let mut first_row = 0;
        let _in_use = self.set.lock()?;
        self.run(Texts { documents: &documents, routes: &routes }, |step| {
            let Step::Rows(rows) = step else { return sink(Step::Batch) };
            let count = rows.len();
            sink(Step::Rows(self.annotated(first_row, rows, &routes)?))?;
            first_row += count;
            Ok(())
        })
    }

    fn annotated(
        &self, first_row: usize, rows: Vec<Row<'_>>, routes: &Routes<'_>,
    ) -> Result<AnnotatedRows, EngineError> {
        let (mut writer, mut errors, mut counts) = (self.writer(), Vec::new(), vec![0; self.names().len()]);
        let links = self.links(&rows);
        let output = Output { links: links.as_ref(), ..self.output() };
        for (row, found) in (first_row..).zip(&rows) {
            match found {
                Ok(Some((text, entities))) => {
                    entities.iter().for_each(|entity| counts[usize::from(entity.entity_type)] += 1);
                    let language = routes.language(row);
                    writer.push(Some(output.mentions(text, entities, language.as_deref())))?;
                }
                Ok(None) => writer.push_null(),
                Err(kind) => {
                    errors.push(RowError { row, kind: kind.clone() });
                    writer.push_null();
                }
            }
        }
        Ok(AnnotatedRows { first_row, column: writer.finish()?, errors, counts })
    }

    /// The entities of one text, which may have a language. Does not wait for a column that another call annotates.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), whatever `on_error` says: there is no row to make null.
    pub fn annotate_text(&self, text: &str, language: Option<&str>) -> Result<Vec<Mention<'static>>, EngineError> {
        self.annotate_text_each(text, language, || Ok(()))
    }

    /// As [`annotate_text`](Self::annotate_text), but calls `on_batch` after each batch, and stops at its first error.
    ///
    /// # Errors
    /// As [`annotate_text`](Self::annotate_text), and those of `on_batch`.
    pub fn annotate_text_each<E: From<EngineError> + Send>(
        &self, text: &str, language: Option<&str>, mut on_batch: impl FnMut() -> Result<(), E> + Send,
    ) -> Result<Vec<Mention<'static>>, E> {
        let texts = StringArray::from(vec![text]);
        let codes = language.map(|code| StringArray::from(vec![code]));
        let languages = codes.as_ref().map(|code| code as &dyn Array);
        let (documents, routes) = self.documents(Notes { texts: &texts, languages })?;
        let language = routes.language(0);
        let mut found = Vec::new();
        self.run(Texts { documents: &documents, routes: &routes }, |step| {
            let Step::Rows(rows) = step else { return on_batch() };
            let links = self.links(&rows);
            let output = Output { links: links.as_ref(), ..self.output() };
            for row in &rows {
                let row = row.as_ref().map_err(|kind| EngineError::from(RowError { row: 0, kind: kind.clone() }))?;
                if let Some((text, entities)) = row {
                    let mentions = output.mentions(text, entities, language.as_deref());
                    found.extend(mentions.map(Mention::into_owned));
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn documents<'a>(&self, notes: Notes<'a>) -> Result<(Documents<'a>, Routes<'a>), EngineError> {
        let documents = Documents::new(notes.texts, self.max_document_bytes)?;
        let languages = notes.languages.map(|codes| Documents::of_languages(codes, documents.len())).transpose()?;
        self.check_language(languages.is_some())?;
        Ok((documents, Routes::new(&self.set, languages)))
    }

    fn run<'a, E: From<EngineError> + Send>(
        &self, texts: Texts<'_, 'a>, sink: impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let pipeline = self.pipeline();
        self.set.first().install(|| pipeline.run(texts, sink))
    }

    fn output(&self) -> Output<'_> {
        Output {
            offsets: self.offsets,
            chunks: self.chunks,
            types: &self.set.names,
            models: self.set.models.as_deref(),
            assertion: self.assertion.as_ref(),
            links: None,
            sentences: self.sentences,
        }
    }

    /// What the mentions of `rows` are linked to, if that is asked for.
    fn links<'l>(&'l self, rows: &'l [Row<'_>]) -> Option<Links<'l>> {
        let texts = rows.iter().filter_map(|row| row.as_ref().ok()?.as_ref());
        let mentions = texts.flat_map(|(text, entities)| entities.iter().map(move |entity| (text, entity)));
        let mentions = mentions.map(|(text, entity)| {
            (self.chunks.of(entity.span.slice(text)), self.set.names[usize::from(entity.entity_type)].as_str())
        });
        Some(Links::new(self.linker.as_ref()?, mentions))
    }

    fn writer(&self) -> EntityWriter {
        EntityWriter::new(self.layout, self.fields.clone())
    }

    fn pipeline(&self) -> Pipeline<'_> {
        Pipeline { set: &self.set, options: &self.options, metrics: &self.metrics }
    }
}
