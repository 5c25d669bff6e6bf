//! [`Engine`]: a model with options, ready to annotate.

use std::sync::{Arc, PoisonError};

use arrow_array::{Array, ArrayRef, StringArray, StructArray, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};
use spanframe_model::ModelCard;

use crate::{
    EngineError, EngineOptions, Fault, Metrics, OnError, RowError,
    catalogue::{self, Alias, Resolved},
    document::Documents,
    loaded::{self, Loaded},
    options::Emulation,
    output::{Chunks, Output, OutputBuilder, positions},
    pipeline::{Diagnosis, Pipeline, Row, Settings, Step},
    schema, settings,
};

/// One entity of one text, for callers without columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The mention, as it stands in the text.
    pub chunk: String,
    /// Its type.
    pub entity: String,
    /// First position, in the unit of the engine's `offsets`.
    pub begin: u32,
    /// End, exclusive or (for [`Offsets::Spark`](crate::Offsets::Spark)) inclusive.
    pub end: u32,
    /// 0 to 1.
    pub confidence: f32,
}

/// The entities of some rows of a column, which follow the rows before.
#[derive(Clone, Debug)]
pub struct Annotated {
    /// The first of them, from 0.
    pub first_row: usize,
    /// One element a row, of type [`schema::data_type`]; null for a null text and for a row with an error.
    pub column: ArrayRef,
    /// Rows (of the whole column) that could not be annotated.
    pub errors: Vec<RowError>,
    /// Entities in `column`, by the place of their type in [`Engine::names`].
    pub counts: Vec<u64>,
}

/// A loaded model with checked options. Cheap to make again: engines share the loaded model.
pub struct Engine {
    loaded: Arc<Loaded>,
    alias: Option<&'static Alias>,
    settings: Settings,
    output: Output,
    /// What entities are called, by their kind.
    names: Vec<String>,
    metrics: Metrics,
    on_error: OnError,
    max_document_bytes: usize,
}

/// The card of the model that `options` name, without loading it.
///
/// # Errors
/// [`EngineError::Model`] for a folder that cannot be read.
pub fn card(options: &EngineOptions) -> Result<ModelCard, EngineError> {
    let resolved = catalogue::resolve(options.model.as_deref())?;
    Ok(catalogue::restrict(ModelCard::read(&resolved.files)?, resolved.alias))
}

impl Engine {
    /// Loads the model (once a process for the same model, device and threads) and checks the options against it.
    ///
    /// # Errors
    /// [`EngineError::Model`] if the model or ONNX Runtime cannot be loaded; [`EngineError::Option`] for an entity type
    /// that the model does not have, or a window that it cannot take.
    pub fn new(options: &EngineOptions) -> Result<Self, EngineError> {
        let Resolved { files, alias } = catalogue::resolve(options.model.as_deref())?;
        let loaded = loaded::load(files, options)?;
        let settings = settings::resolve(options, &loaded.model, alias.map(|alias| alias.entity))?;
        let kinds = settings.decoder.kinds().iter();
        let renamed = |name: &String| options.replace_labels.get(name).unwrap_or(name).clone();
        let chunks = match options.emulate {
            _ if options.preserve_position => Chunks::Text,
            Some(Emulation::SparkNlp) => Chunks::FirstWord,
            _ => Chunks::Words,
        };
        Ok(Self {
            names: kinds.map(|kind| renamed(&kind.name)).collect(),
            output: Output { layout: options.layout, offsets: options.offsets, chunks },
            metrics: Metrics::default(),
            on_error: options.on_error,
            max_document_bytes: options.max_document_bytes,
            settings,
            loaded,
            alias,
        })
    }

    /// The field of the output column under `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Field {
        Field::new(name, schema::data_type(self.output.layout), true)
    }

    /// All entity types of the model, in its order.
    #[must_use]
    pub fn types(&self) -> &[String] {
        self.loaded.model.config.labels.entities()
    }

    /// Which of [`types`](Self::types) this engine gives.
    #[must_use]
    pub fn kept(&self) -> &[bool] {
        &self.settings.types
    }

    /// What entities are called in the output. A name may stand more than once, if types were renamed to it.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// SHA-256 over the files of the model that decide what it finds, as hexadecimal digits.
    ///
    /// # Errors
    /// [`EngineError::Model`] for a file that cannot be read.
    pub fn model_digest(&self) -> Result<String, EngineError> {
        Ok(self.loaded.model.files.digest()?)
    }

    /// Counts of what this engine has done.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The card of the model, as far as the name goes by which it was asked for.
    #[must_use]
    pub fn card(&self) -> ModelCard {
        catalogue::restrict(self.loaded.model.card(), self.alias)
    }

    /// The entities of each row of a text column: an array of the same length and of type [`schema::data_type`].
    ///
    /// A null text gives null, a text without entities gives empty lists. A row's entities do not depend on other rows.
    /// A row that cannot be annotated is an error, or null with `on_error="null"`.
    ///
    /// # Errors
    /// [`EngineError::NotText`], [`EngineError::Row`], [`EngineError::OutputTooLarge`] (use
    /// [`annotate_chunks`](Self::annotate_chunks)), [`EngineError::Forked`], or a failure of the model.
    pub fn annotate(&self, column: &dyn Array) -> Result<ArrayRef, EngineError> {
        let chunks = self.annotate_chunks(column)?;
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
    pub fn annotate_chunks(&self, column: &dyn Array) -> Result<Vec<ArrayRef>, EngineError> {
        let mut chunks = Vec::new();
        self.annotate_each(column, |step| {
            let Step::Rows(annotated) = step else { return Ok(()) };
            match annotated.errors.into_iter().next() {
                Some(error) if self.on_error == OnError::Raise => return Err(error.into()),
                _ => chunks.push(annotated.column),
            }
            Ok::<_, EngineError>(())
        })?;
        if chunks.is_empty() {
            chunks.push(OutputBuilder::new(self.output, &self.names).finish()?);
        }
        Ok(chunks)
    }

    /// As [`annotate`](Self::annotate), some rows at a time, in order, as they are done, with the rows that could not be
    /// annotated: whatever `on_error` says, it is for `sink` to decide. An error of `sink`, which also hears of each batch, ends
    /// the work.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), and those of `sink`.
    pub fn annotate_each<E: From<EngineError> + Send>(
        &self, column: &dyn Array, mut sink: impl FnMut(Step<Annotated>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let documents = self.documents(column)?;
        let mut first_row = 0;
        let _turn = self.loaded.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(&documents, |step| {
            let Step::Rows(rows) = step else { return sink(Step::Batch) };
            let mut builder = OutputBuilder::new(self.output, &self.names);
            let mut errors = Vec::new();
            let mut counts = vec![0; self.names.len()];
            for (row, found) in rows.iter().enumerate() {
                let found = found.as_ref().map_err(|&fault| errors.push(RowError { row: first_row + row, fault }));
                let found = found.ok().and_then(Option::as_ref);
                found.iter().flat_map(|(_, entities)| entities).for_each(|e| counts[usize::from(e.kind)] += 1);
                builder.push(found.map(|(text, entities)| (text.as_ref(), entities.as_slice())))?;
            }
            let column = builder.finish()?;
            sink(Step::Rows(Annotated { first_row, column, errors, counts }))?;
            first_row += rows.len();
            Ok(())
        })
    }

    /// The entities of one text, without waiting for a column in progress.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate).
    pub fn annotate_text(&self, text: &str) -> Result<Vec<Annotation>, EngineError> {
        let array = StringArray::from(vec![text]);
        let documents = self.documents(&array)?;
        let mut found = Vec::new();
        self.run(&documents, |step| {
            let Step::Rows(rows) = step else { return Ok(()) };
            for row in rows {
                let Some((text, entities)) = row.map_err(|fault| RowError { row: 0, fault })? else { continue };
                let spans: Vec<_> = entities.iter().map(|e| e.span).collect();
                let positions = positions(&text, &spans, self.output.offsets);
                found.extend(entities.iter().zip(positions).map(|(e, (begin, end))| Annotation {
                    chunk: self.output.chunks.of(e.span.slice(&text)).into_owned(),
                    entity: self.names[usize::from(e.kind)].clone(),
                    begin,
                    end,
                    confidence: e.score.min(1.0),
                }));
            }
            Ok::<_, EngineError>(())
        })?;
        Ok(found)
    }

    /// What reading each text takes, as a column of type [`schema::diagnostics_type`]. The model does not run.
    ///
    /// A null text gives null; a row that cannot be annotated has its reason in `error`, and null counts.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), but for those of rows.
    pub fn diagnose(&self, column: &dyn Array) -> Result<ArrayRef, EngineError> {
        let documents = self.documents(column)?;
        let rows = self.loaded.install(|| Ok::<_, EngineError>(self.pipeline().diagnose(&documents)))?;
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

    fn documents<'a>(&self, column: &'a dyn Array) -> Result<Documents<'a>, EngineError> {
        Documents::new(column, self.max_document_bytes)
    }

    fn run<'a, E: From<EngineError> + Send>(
        &self, documents: &Documents<'a>, sink: impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let pipeline = self.pipeline();
        self.loaded.install(|| pipeline.run(documents, sink))
    }

    fn pipeline(&self) -> Pipeline<'_> {
        Pipeline { model: &self.loaded.model, settings: &self.settings, metrics: &self.metrics }
    }
}
