//! [`Engine`]: a model with options, ready to annotate.

use std::sync::{Arc, PoisonError};

use arrow_array::{Array, ArrayRef, StringArray, StructArray, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};
use spanframe_model::ModelCard;

use crate::{
    EngineError, EngineOptions, Metrics,
    catalogue::{self, Alias, Resolved},
    input::TextColumn,
    loaded::{self, Loaded},
    options::Emulation,
    output::{Chunks, Output, OutputBuilder, positions},
    pipeline::{Diagnosis, Pipeline, Row, Settings},
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
    /// End, exclusive or (for [`Offsets::Spark`]) inclusive.
    pub end: u32,
    /// 0 to 1.
    pub confidence: f32,
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
    ///
    /// # Errors
    /// [`EngineError::NotText`], [`EngineError::DocumentTooLong`], [`EngineError::OutputTooLarge`] (use
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
        let column = TextColumn::new(column)?;
        let mut chunks = Vec::new();
        let _turn = self.loaded.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(&column, |rows| {
            let mut builder = OutputBuilder::new(self.output, &self.names);
            for row in &rows {
                builder.push(row.as_ref().map(|(text, entities)| (text.as_ref(), entities.as_slice())))?;
            }
            chunks.push(builder.finish()?);
            Ok(())
        })?;
        if chunks.is_empty() {
            chunks.push(OutputBuilder::new(self.output, &self.names).finish()?);
        }
        Ok(chunks)
    }

    /// The entities of one text, without waiting for a column in progress.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate).
    pub fn annotate_text(&self, text: &str) -> Result<Vec<Annotation>, EngineError> {
        let array = StringArray::from(vec![text]);
        let column = TextColumn::new(&array)?;
        let mut found = Vec::new();
        self.run(&column, |rows| {
            for (text, entities) in rows.into_iter().flatten() {
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
            Ok(())
        })?;
        Ok(found)
    }

    /// What reading each text takes, as a column of type [`schema::diagnostics_type`]. The model does not run.
    ///
    /// A null text gives null.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate).
    pub fn diagnose(&self, column: &dyn Array) -> Result<ArrayRef, EngineError> {
        let column = TextColumn::new(column)?;
        let rows = self.loaded.install(|| self.pipeline().diagnose(&column))?;
        let nulls = NullBuffer::from_iter(rows.iter().map(Option::is_some));
        let count = |field: fn(&Diagnosis) -> usize| -> ArrayRef {
            Arc::new(rows.iter().map(|row| row.as_ref().map(|d| field(d) as u32)).collect::<UInt32Array>())
        };
        let counts =
            vec![count(|d| d.tokens), count(|d| d.unknown_tokens), count(|d| d.windows), count(|d| d.words_lost)];
        let DataType::Struct(fields) = schema::diagnostics_type() else {
            return Err(EngineError::Internal("diagnostics are no struct".to_string()));
        };
        Ok(Arc::new(StructArray::try_new(fields, counts, Some(nulls))?))
    }

    fn run<'a>(
        &self, column: &TextColumn<'a>, sink: impl FnMut(Vec<Row<'a>>) -> Result<(), EngineError> + Send,
    ) -> Result<(), EngineError> {
        let pipeline = self.pipeline();
        self.loaded.install(|| pipeline.run(column, sink))
    }

    fn pipeline(&self) -> Pipeline<'_> {
        Pipeline { model: &self.loaded.model, settings: &self.settings, metrics: &self.metrics }
    }
}
