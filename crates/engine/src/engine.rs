//! [`Engine`]: a model with options, ready to annotate.

use std::sync::{Arc, PoisonError};

use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::Field;
use spanframe_core::Decoder;
use spanframe_model::ModelCard;

use crate::{
    EngineError, EngineOptions, Layout, Metrics, Offsets, OptionError,
    catalogue::{self, Alias, Resolved},
    input::TextColumn,
    loaded::{self, Loaded},
    options::choose,
    output::{OutputBuilder, positions},
    pipeline::{Pipeline, Row},
    schema,
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
    decoder: Decoder,
    capacity: usize,
    stride: usize,
    batch_tokens: usize,
    wanted: Vec<bool>,
    threshold: f32,
    layout: Layout,
    offsets: Offsets,
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
        let config = &loaded.model.config;
        let special = loaded.model.tokenizer.special_tokens();
        let max_length = options.max_length.unwrap_or(config.max_length);
        let most = config.max_positions.unwrap_or(usize::MAX);
        if !(special + 1..=most).contains(&max_length) {
            let allowed = format!("{} to {most} with this model", special + 1);
            let value = max_length.to_string();
            return Err(OptionError::OutOfRange { option: "max_length", value, allowed }.into());
        }
        let capacity = max_length - special;
        let stride = options.stride.unwrap_or(capacity / 4);
        if stride >= capacity {
            let allowed = format!("0 to {}, below the {capacity} pieces of a window", capacity - 1);
            return Err(OptionError::OutOfRange { option: "stride", value: stride.to_string(), allowed }.into());
        }
        let names = config.labels.entities();
        let offered = |name: &str| alias.is_none_or(|alias| alias.entity == name);
        let mut wanted: Vec<bool> = names.iter().map(|name| options.entities.is_none() && offered(name)).collect();
        for name in options.entities.iter().flatten() {
            let all = names.iter().enumerate().map(|(i, known)| (known.as_str(), i));
            wanted[choose("entities", name, all.filter(|(known, _)| offered(known)))?] = true;
        }
        let decoder = options.aggregation_strategy.map_or(config.default_decoder(), Decoder::Labels);
        Ok(Self {
            decoder,
            capacity,
            stride,
            batch_tokens: options.batch_tokens,
            wanted,
            threshold: options.threshold,
            layout: options.layout,
            offsets: options.offsets,
            metrics: Metrics::default(),
            loaded,
            alias,
        })
    }

    /// The field of the output column under `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Field {
        Field::new(name, schema::data_type(self.layout), true)
    }

    /// All entity types of the model, in its order.
    #[must_use]
    pub fn types(&self) -> &[String] {
        self.loaded.model.config.labels.entities()
    }

    /// Which of [`types`](Self::types) this engine gives.
    #[must_use]
    pub fn wanted(&self) -> &[bool] {
        &self.wanted
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
        let names = self.loaded.model.config.labels.entities();
        let mut chunks = Vec::new();
        let _turn = self.loaded.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(&column, |rows| {
            let mut builder = OutputBuilder::new(self.layout, self.offsets, names);
            for row in &rows {
                builder.push(row.as_ref().map(|(text, entities)| (*text, entities.as_slice())))?;
            }
            chunks.push(builder.finish()?);
            Ok(())
        })?;
        if chunks.is_empty() {
            chunks.push(OutputBuilder::new(self.layout, self.offsets, names).finish()?);
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
        let names = self.loaded.model.config.labels.entities();
        let mut found = Vec::new();
        self.run(&column, |rows| {
            for (text, entities) in rows.into_iter().flatten() {
                let spans: Vec<_> = entities.iter().map(|e| e.span).collect();
                let positions = positions(text, &spans, self.offsets);
                found.extend(entities.iter().zip(positions).map(|(e, (begin, end))| Annotation {
                    chunk: e.span.slice(text).to_string(),
                    entity: names[usize::from(e.kind)].clone(),
                    begin,
                    end,
                    confidence: e.score.min(1.0),
                }));
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn run<'a>(
        &self, column: &TextColumn<'a>, sink: impl FnMut(Vec<Row<'a>>) -> Result<(), EngineError> + Send,
    ) -> Result<(), EngineError> {
        let pipeline = Pipeline {
            model: &self.loaded.model,
            decoder: self.decoder,
            capacity: self.capacity,
            stride: self.stride,
            batch_tokens: self.batch_tokens,
            wanted: &self.wanted,
            threshold: self.threshold,
            metrics: &self.metrics,
        };
        self.loaded.install(|| pipeline.run(column, sink))
    }
}
