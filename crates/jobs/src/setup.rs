//! [`JobSetup`]: the checked options of a job, with the engine that they ask for.

use arrow_schema::{DataType, Field};
use spanframe_engine::{Engine, EngineOptions, Offsets, RawOptions};

use crate::{
    JobError, JobOptions, MemoryLimits, OnError,
    form::{Columns, NoteNlp, OutputConverter},
    input_columns::{ColumnTypes, InputColumns},
    output_settings::OutputSettings,
    source::Source,
};

/// What all units of a job share.
pub struct JobSetup {
    pub job: JobOptions,
    pub engine: Engine,
    pub settings: OutputSettings,
    pub limits: MemoryLimits,
    /// The unit of positions in the entity column.
    offsets: Offsets,
}

impl JobSetup {
    /// Loads the model. `typed` are the engine's options as the user gave them, `options` the same when checked.
    ///
    /// # Errors
    /// [`JobError::Engine`] if the model cannot be loaded, or does not fit `language_column`.
    pub fn new(job: JobOptions, typed: &RawOptions, options: &EngineOptions) -> Result<Self, JobError> {
        let engine = Engine::new(options)?;
        engine.check_language(job.language_column.is_some())?;
        let settings = OutputSettings::new(&job, &engine, typed)?;
        Ok(Self { limits: MemoryLimits::new(job.memory), settings, engine, offsets: options.offsets, job })
    }

    /// Returns the columns of the file `url`, if the job can read them and write what it makes of them.
    ///
    /// # Errors
    /// [`JobError::NoColumn`], [`JobError::WrongType`], [`JobError::Form`].
    pub fn check(&self, url: &str, source: &dyn Source) -> Result<InputColumns, JobError> {
        let columns = InputColumns::new(url, source, &self.job, &ColumnTypes::new())?;
        self.converter(&columns, 0)?;
        Ok(columns)
    }

    /// Plans the output of a file. `begun` is when the job began, in seconds since 1970 UTC; `note_nlp` writes it.
    ///
    /// # Errors
    /// [`JobError::Form`].
    pub fn converter(&self, input: &InputColumns, begun: i64) -> Result<OutputConverter, JobError> {
        let Self { job, engine, offsets, .. } = self;
        let entities = engine.field(&job.output_column);
        let errors = (job.on_error == OnError::Null)
            .then(|| Field::new(format!("{}_error", job.output_column), DataType::Utf8, true));
        let note_nlp = job.id.clone().map(|id_column| NoteNlp {
            id_column,
            offsets: *offsets,
            system: format!("spanframe {}", env!("CARGO_PKG_VERSION")),
            model: engine.card().name,
            time: begun,
        });
        let columns = Columns {
            kept: input.kept_schema.fields(),
            metadata: input.kept_schema.metadata(),
            entities: &entities,
            errors: errors.as_ref(),
        };
        Ok(OutputConverter::new(job.form, columns, note_nlp)?)
    }
}
