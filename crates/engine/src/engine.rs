//! [`Engine`]: a model with options, ready to annotate.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray, StructArray, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};
use spanframe_model::ModelCard;

use crate::{
    EngineError, EngineOptions, Fault, Layout, Mention, Metrics, Notes, Offsets, OnError, RowError, catalogue,
    combined_card,
    document::Documents,
    entity_column::EntityWriter,
    field::EntityFields,
    model_set::{self, ModelSet},
    options::Emulation,
    output::{Chunks, Output},
    pipeline::{Diagnosis, Manner, Pipeline, Row, Step},
    route::Routes,
    schema,
};

/// The entities of some rows of a column, which follow the rows before.
#[derive(Clone, Debug)]
pub struct Annotated {
    /// The first of them, from 0.
    pub first_row: usize,
    /// One element a row, of type [`EngineOptions::data_type`]; null for a null text and for a row with an error.
    pub column: ArrayRef,
    /// Rows (of the whole column) that could not be annotated.
    pub errors: Vec<RowError>,
    /// Entities in `column`, by the place of their type in [`Engine::names`].
    pub counts: Vec<u64>,
}

/// A loaded model, or a set of them, with checked options. Cheap to make again: engines share loaded models.
pub struct Engine {
    set: ModelSet,
    types: Vec<String>,
    kept: Vec<bool>,
    manner: Manner,
    fields: EntityFields,
    layout: Layout,
    offsets: Offsets,
    chunks: Chunks,
    metrics: Metrics,
    on_error: OnError,
    max_document_bytes: usize,
}

/// The card of the model that `options` name, without loading it; of a set, one for all its models.
///
/// # Errors
/// [`EngineError::Model`] for a folder that cannot be read, [`EngineError::Pipeline`] for a pipeline file that is wrong.
pub fn card(options: &EngineOptions) -> Result<ModelCard, EngineError> {
    let (members, _) = model_set::members(options)?;
    let cards = members.iter().map(|member| {
        let resolved = catalogue::resolve(Some(&member.model))?;
        let card = catalogue::restrict(ModelCard::read(&resolved.files)?, resolved.alias);
        Ok(ModelCard { name: member.name.clone().unwrap_or(card.name), ..card })
    });
    Ok(combined_card::combined(cards.collect::<Result<_, EngineError>>()?))
}

impl Engine {
    /// Loads the models (each once a process for the same device and threads) and checks the options against them.
    ///
    /// # Errors
    /// [`EngineError::Model`] if a model or ONNX Runtime cannot be loaded; [`EngineError::Option`] for an entity type
    /// that no model has, or a window that one cannot take; [`EngineError::Pipeline`] for a pipeline file that is wrong;
    /// [`EngineError::Member`] around what is wrong with one model of a set; [`EngineError::SameName`].
    pub fn new(options: &EngineOptions) -> Result<Self, EngineError> {
        let set = ModelSet::load(options)?;
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
            manner: Manner {
                // Spark NLP predicts every text by itself
                batch_tokens: if options.emulate == Some(Emulation::SparkNlp) { 1 } else { options.batch_tokens },
                cleanup: options.cleanup_mode,
                cleaned_rows: options.cleaned_offsets,
                emulate: options.emulate,
            },
            fields: EntityFields::of(options),
            layout: options.layout,
            offsets: options.offsets,
            chunks,
            metrics: Metrics::default(),
            on_error: options.on_error,
            max_document_bytes: options.max_document_bytes,
        })
    }

    /// The field of the output column under `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Field {
        Field::new(name, self.fields.data_type(self.layout), true)
    }

    /// The fields of its entities.
    #[must_use]
    pub fn fields(&self) -> &EntityFields {
        &self.fields
    }

    /// What entities are called in the output, in the order of the models, each name once.
    #[must_use]
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Which of [`types`](Self::types) this engine gives.
    #[must_use]
    pub fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// What entities are called in the output. A name may stand more than once, if types were renamed to it or several
    /// models have it.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.set.names
    }

    /// SHA-256 over the files of the model that decide what it finds, as hexadecimal digits; of a set, over those of all
    /// models, their names, languages and own options, and the rules for merging and for unknown languages.
    ///
    /// # Errors
    /// [`EngineError::Model`] for a file that cannot be read.
    pub fn model_digest(&self) -> Result<String, EngineError> {
        self.set.digest()
    }

    /// Refuses languages of rows that no model chooses by, and their absence where one does: before any row is read.
    ///
    /// # Errors
    /// [`EngineError::Option`] and [`EngineError::LanguageMissing`].
    pub fn check_language(&self, told: bool) -> Result<(), EngineError> {
        self.set.check_language(told)
    }

    /// Counts of what this engine has done.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The card of the model, as far as the name goes by which it was asked for; of a set, one for all its models.
    #[must_use]
    pub fn card(&self) -> ModelCard {
        self.set.card()
    }

    /// The entities of each row of a text column: an array of the same length and of type
    /// [`EngineOptions::data_type`].
    ///
    /// A null text gives null, a text without entities gives empty lists. A row's entities do not depend on other rows.
    /// A row that cannot be annotated is an error, or null with `on_error="null"`. Where languages are told, each row goes to
    /// the models of its language.
    ///
    /// # Errors
    /// [`EngineError::NotText`], [`EngineError::LanguageNotText`], [`EngineError::LanguageRows`],
    /// [`EngineError::LanguageMissing`], [`EngineError::Option`] for languages that nobody chooses by, [`EngineError::Row`], [`EngineError::OutputTooLarge`] (use
    /// [`annotate_chunks`](Self::annotate_chunks)), [`EngineError::Forked`], or a failure of the model.
    pub fn annotate<'a>(&self, notes: impl Into<Notes<'a>>) -> Result<ArrayRef, EngineError> {
        let chunks = self.annotate_chunks(notes)?;
        if let [only] = chunks.as_slice() {
            return Ok(Arc::clone(only));
        }
        let parts: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
        Ok(arrow_select::concat::concat(&parts)?)
    }

    /// As [`annotate`](Self::annotate), as arrays that follow each other, at least one: for columns of any size.
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

    /// As [`annotate`](Self::annotate), some rows at a time, in order, as they are done, with the rows that could not be
    /// annotated: whatever `on_error` says, it is for `sink` to decide. An error of `sink`, which also hears of each batch, ends
    /// the work.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), and those of `sink`.
    pub fn annotate_each<'a, E: From<EngineError> + Send>(
        &self, notes: impl Into<Notes<'a>>, mut sink: impl FnMut(Step<Annotated>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let (documents, routes) = self.documents(notes.into())?;
        let mut first_row = 0;
        let _turns = self.set.turns()?;
        self.run((&documents, &routes), |step| {
            let Step::Rows(rows) = step else { return sink(Step::Batch) };
            let mut writer = self.writer();
            let mut errors = Vec::new();
            let mut counts = vec![0; self.names().len()];
            for (row, found) in rows.iter().enumerate() {
                let found = found
                    .as_ref()
                    .map_err(|fault| errors.push(RowError { row: first_row + row, fault: fault.clone() }));
                let found = found.ok().and_then(Option::as_ref);
                found.iter().flat_map(|(_, entities)| entities).for_each(|e| counts[usize::from(e.kind)] += 1);
                writer.push(found.map(|(text, entities)| self.output().mentions(text, entities)))?;
            }
            let column = writer.finish()?;
            sink(Step::Rows(Annotated { first_row, column, errors, counts }))?;
            first_row += rows.len();
            Ok(())
        })
    }

    /// The entities of one text, whose language may be told, without waiting for a column in progress.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), whatever `on_error` says: there is no row to be null.
    pub fn annotate_text(&self, text: &str, language: Option<&str>) -> Result<Vec<Mention<'static>>, EngineError> {
        let texts = StringArray::from(vec![text]);
        let languages = language.map(|code| StringArray::from(vec![code]));
        let languages = languages.as_ref().map(|code| code as &dyn Array);
        let (documents, routes) = self.documents(Notes { texts: &texts, languages })?;
        let mut found = Vec::new();
        self.run((&documents, &routes), |step| {
            let Step::Rows(rows) = step else { return Ok(()) };
            for row in rows {
                let Some((text, entities)) = row.map_err(|fault| RowError { row: 0, fault })? else { continue };
                found.extend(self.output().mentions(&text, &entities).map(Mention::into_owned));
            }
            Ok::<_, EngineError>(())
        })?;
        Ok(found)
    }

    /// What reading each text takes, as a column of type [`schema::diagnostics_type`]. No model runs. Of a set the counts are
    /// sums: of tokens over its tokenizers, of windows over its inferences, as far as they take the row.
    ///
    /// A null text gives null; a row that cannot be annotated has its reason in `error`, and null counts.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), but for those of rows.
    pub fn diagnose<'a>(&self, notes: impl Into<Notes<'a>>) -> Result<ArrayRef, EngineError> {
        let (documents, routes) = self.documents(notes.into())?;
        let diagnose = || Ok::<_, EngineError>(self.pipeline().diagnose(&documents, &routes));
        let rows = self.set.first().install(diagnose)?;
        let nulls = NullBuffer::from_iter(rows.iter().map(|row| !matches!(row, Ok(None))));
        let count = |field: fn(&Diagnosis) -> usize| -> ArrayRef {
            let known = |row: &Result<Option<Diagnosis>, Fault>| row.as_ref().ok()?.as_ref().map(|d| field(d) as u32);
            Arc::new(rows.iter().map(known).collect::<UInt32Array>())
        };
        let error = rows.iter().map(|row| row.as_ref().err().map(ToString::to_string)).collect::<StringArray>();
        let columns = vec![
            count(|d| d.tokens),
            count(|d| d.unknown_tokens),
            count(|d| d.windows),
            count(|d| d.words_lost),
            Arc::new(error),
        ];
        let DataType::Struct(fields) = schema::diagnostics_type() else {
            return Err(EngineError::Internal("diagnostics are no struct".to_string()));
        };
        Ok(Arc::new(StructArray::try_new(fields, columns, Some(nulls))?))
    }

    fn documents<'a>(&self, notes: Notes<'a>) -> Result<(Documents<'a>, Routes<'a>), EngineError> {
        let documents = Documents::new(notes.texts, self.max_document_bytes)?;
        let languages = notes.languages.map(|codes| Documents::of_languages(codes, documents.len())).transpose()?;
        Ok((documents, Routes::new(&self.set, languages)?))
    }

    fn run<'a, E: From<EngineError> + Send>(
        &self, notes: (&Documents<'a>, &Routes<'_>), sink: impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let pipeline = self.pipeline();
        self.set.first().install(|| pipeline.run(notes, sink))
    }

    fn output(&self) -> Output<'_> {
        let Self { offsets, chunks, set, .. } = self;
        Output { offsets: *offsets, chunks: *chunks, types: &set.names, models: set.models.as_deref() }
    }

    fn writer(&self) -> EntityWriter {
        EntityWriter::new(self.layout, self.fields.clone())
    }

    fn pipeline(&self) -> Pipeline<'_> {
        Pipeline { set: &self.set, manner: &self.manner, metrics: &self.metrics }
    }
}
