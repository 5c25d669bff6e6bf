//! [`UnitRows`]: takes the rows of a unit through the engine into its output.
//!
//! ```text
//! SourceItem::Rows -> engine -> UnitBatch -> on_error -> OutputConverter -> Sink
//! SourceItem::Bad  -> Rejects, or an error                     (on_error)
//! SourceItem::Lost -> losses of the record, or an error        (on_damage)
//! ```

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc::Receiver},
    time::Instant,
};

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, cast::AsArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use arrow_select::filter::{filter, filter_record_batch};
use spanframe_engine::{Engine, Notes, RowErrorKind, Step};
use spanframe_store::Writer;
use tracing::warn;

use crate::{
    JobError, OnDamage, OnError,
    form::{AnnotatedBatch, OutputConverter},
    open_input::OpenInput,
    progress::Reporter,
    record::{Counts, Loss, Record},
    rejects::{Reject, Rejects},
    setup::JobSetup,
    sink::Sink,
    source::{BadRow, SourceError, SourceItem},
};

/// The open file of a unit, and how its rows are written.
#[derive(Clone, Copy)]
pub struct UnitInput<'w> {
    pub open: &'w OpenInput,
    pub converter: &'w OutputConverter,
}

/// The output of a unit, still hidden.
pub struct UnitOutput {
    pub sink: Sink<Writer>,
    pub url: String,
}

/// What the reading thread sends.
pub type ReadReceiver = Receiver<Result<SourceItem, SourceError>>;

/// The rows of one unit.
pub struct UnitRows<'w, 'o> {
    pub setup: &'w JobSetup,
    pub input: UnitInput<'w>,
    pub output: UnitOutput,
    pub rejects: Rejects,
    /// Counts and losses are added as rows go through.
    pub record: Record,
    pub reporter: &'w mut Reporter<'o>,
    /// The engine's counters when they were counted last.
    pub counters: EngineCounters,
}

/// Rows that were annotated. All members have one length.
struct UnitBatch {
    /// For each row its row in the file.
    rows: Vec<u64>,
    /// The columns that were read.
    batch: RecordBatch,
    entities: ArrayRef,
    /// What is wrong with a row, by its place in the batch. Such a row has null entities.
    row_errors: BTreeMap<usize, RowErrorKind>,
}

/// A row of a text file that cannot be parsed.
struct BadLine {
    row: u64,
    line: u64,
    reason: BadRow,
    /// For each column that is read its value, where that is sure.
    known: Vec<Option<String>>,
}

impl UnitRows<'_, '_> {
    /// Writes all rows that come.
    ///
    /// # Errors
    /// [`JobError::Row`] and [`JobError::Bad`] unless `on_error` says otherwise, [`JobError::Lost`] unless `on_damage`
    /// does, [`JobError::Stopped`] if the observer says so, and any error of the engine and of writing.
    pub fn write_all(&mut self, received: &ReadReceiver) -> Result<(), JobError> {
        loop {
            let waiting = Instant::now();
            let Ok(read) = received.recv() else { return Ok(()) };
            self.count(|c| c.seconds.read += waiting.elapsed().as_secs_f64());
            match read? {
                SourceItem::Rows { rows, batch } => self.annotate(&rows, &batch)?,
                SourceItem::Bad { row, line, reason, known } => self.bad_row(BadLine { row, line, reason, known })?,
                SourceItem::Lost { rows, part, reason } => self.lost_rows(Loss { rows, part, reason })?,
            }
            self.reporter.report()?;
        }
    }

    fn bad_row(&mut self, bad: BadLine) -> Result<(), JobError> {
        let BadLine { row, line, reason, known } = bad;
        if self.setup.job.on_error != OnError::Reject {
            return Err(JobError::Bad { url: self.record.unit.url.clone(), line, reason });
        }
        let (code, reason) = (reason.code(), reason.to_string());
        let id = self.input.open.columns.id.and_then(|column| known.into_iter().nth(column).flatten());
        self.rejects.push(Reject { row, line: Some(line), id, code, reason });
        self.count(|c| (c.rows, c.rejected) = (c.rows + 1, c.rejected + 1));
        Ok(())
    }

    fn lost_rows(&mut self, loss: Loss) -> Result<(), JobError> {
        let (unit, rows) = (&self.record.unit, &loss.rows);
        if self.setup.job.on_damage != OnDamage::Skip {
            return Err(JobError::lost(&unit.url, rows, loss.reason));
        }
        warn!(unit = unit.number, first = rows.start, end = rows.end, reason = loss.reason, "rows lost");
        self.count(|c| c.lost += loss.rows.end - loss.rows.start);
        self.record.losses.push(loss);
        Ok(())
    }

    /// Annotates a batch, and writes its rows as they come out of the engine.
    fn annotate(&mut self, rows: &[u64], batch: &RecordBatch) -> Result<(), JobError> {
        let engine = &self.setup.engine;
        let notes = self.notes(batch);
        let started = Instant::now();
        let mut writing = 0.0;
        engine.annotate_each(notes, |step| {
            let Step::Rows(annotated) = step else {
                self.count_tokens();
                return self.reporter.report();
            };
            let writes = Instant::now();
            for (count, name) in annotated.counts.iter().zip(engine.names()).filter(|(count, _)| **count > 0) {
                self.count(|c| *c.entities.entry(name.clone()).or_default() += count);
            }
            let (first, length) = (annotated.first_row, annotated.column.len());
            let row_errors = annotated.errors.iter().map(|error| (error.row - first, error.kind.clone())).collect();
            self.write(UnitBatch {
                rows: rows[first..first + length].to_vec(),
                batch: batch.slice(first, length),
                entities: annotated.column,
                row_errors,
            })?;
            self.count_tokens();
            writing += writes.elapsed().as_secs_f64();
            self.reporter.report()
        })?;
        self.count_tokens();
        self.count(|c| {
            c.seconds.write += writing;
            c.seconds.annotate += started.elapsed().as_secs_f64() - writing;
        });
        Ok(())
    }

    /// The texts of a batch, and their languages if the job has a column for them.
    fn notes<'a>(&self, batch: &'a RecordBatch) -> Notes<'a> {
        let columns = &self.input.open.columns;
        let languages = columns.language.map(|column| batch.column(column) as &dyn Array);
        Notes { texts: batch.column(columns.text), languages }
    }

    fn write(&mut self, annotated: UnitBatch) -> Result<(), JobError> {
        self.count(|c| c.rows += annotated.rows.len() as u64);
        let UnitBatch { rows, batch, entities, row_errors } = self.handle_row_errors(annotated)?;
        let job = &self.setup.job;
        let errors: Option<ArrayRef> = (job.on_error == OnError::Null).then(|| {
            let text = |row| row_errors.get(&row).map(reason);
            Arc::new((0..batch.num_rows()).map(text).collect::<StringArray>()) as ArrayRef
        });
        let columns = &self.input.open.columns;
        let diagnose = || self.setup.engine.diagnose(self.notes(&batch));
        let kept = columns.kept(&batch, job.diagnostics_column.is_some().then(diagnose).transpose()?)?;
        // ids of note_nlp are unique in the job and the same in each run: unit number, then row of the output
        let first_id = ((self.record.unit.number as i64) << 32) + self.output.sink.rows() as i64 + 1;
        let text = batch.column(columns.text);
        let annotated = AnnotatedBatch { kept: &kept, text, entities: &entities, errors: errors.as_ref(), first_id };
        for converted in self.input.converter.convert(annotated)? {
            let url = || self.record.unit.url.clone();
            let converted =
                converted.map_err(|error| JobError::FormRows { url: url(), error: error.in_file(&rows) })?;
            self.output.sink.write(&converted).map_err(|error| JobError::sink(&self.output.url, error))?;
            self.count(|c| c.written += converted.num_rows() as u64);
        }
        Ok(())
    }

    /// Does what `on_error` says about rows that could not be annotated.
    fn handle_row_errors(&mut self, annotated: UnitBatch) -> Result<UnitBatch, JobError> {
        let Some((&row, error)) = annotated.row_errors.first_key_value() else { return Ok(annotated) };
        let count = annotated.row_errors.len() as u64;
        match self.setup.job.on_error {
            OnError::Raise => {
                let (url, error) = (self.record.unit.url.clone(), error.clone());
                Err(JobError::Row { url, row: annotated.rows[row], error })
            }
            OnError::Null => {
                self.count(|c| c.nulled += count);
                Ok(annotated)
            }
            OnError::Reject => {
                self.reject(&annotated)?;
                self.count(|c| c.rejected += count);
                annotated.without_row_errors()
            }
        }
    }

    fn reject(&mut self, annotated: &UnitBatch) -> Result<(), JobError> {
        let ids = self.input.open.columns.id.map(|id| cast(annotated.batch.column(id), &DataType::Utf8)).transpose()?;
        let ids = ids.as_ref().map(|ids| ids.as_string::<i32>());
        for (&row, error) in &annotated.row_errors {
            let id = ids.filter(|ids| ids.is_valid(row)).map(|ids| ids.value(row).to_string());
            let (code, reason) = (error.code(), reason(error));
            self.rejects.push(Reject { row: annotated.rows[row], line: None, id, code, reason });
        }
        Ok(())
    }

    /// Changes the counts of the unit and those of the run.
    fn count(&mut self, change: impl Fn(&mut Counts)) {
        change(&mut self.record.counts);
        change(&mut self.reporter.progress.counts);
    }

    /// Counts what the engine has counted since the last call.
    fn count_tokens(&mut self) {
        let now = EngineCounters::of(&self.setup.engine);
        let before = std::mem::replace(&mut self.counters, now);
        self.count(|c| {
            c.tokens += now.tokens - before.tokens;
            c.model_tokens += now.model_tokens - before.model_tokens;
            c.padded_tokens += now.padded_tokens - before.padded_tokens;
            c.unknown_language += now.unknown_languages - before.unknown_languages;
        });
    }
}

impl UnitBatch {
    /// Leaves out the rows that could not be annotated.
    fn without_row_errors(self) -> Result<Self, JobError> {
        let Self { rows, batch, entities, row_errors } = self;
        let good: BooleanArray = (0..rows.len()).map(|row| Some(!row_errors.contains_key(&row))).collect();
        let rows = (0..).zip(rows).filter(|(row, _)| !row_errors.contains_key(row)).map(|(_, row)| row).collect();
        let (batch, entities) = (filter_record_batch(&batch, &good)?, filter(&entities, &good)?);
        Ok(Self { rows, batch, entities, row_errors: BTreeMap::new() })
    }
}

/// The engine's counters since it was loaded.
#[derive(Clone, Copy)]
pub struct EngineCounters {
    tokens: u64,
    model_tokens: u64,
    padded_tokens: u64,
    unknown_languages: u64,
}

impl EngineCounters {
    pub fn of(engine: &Engine) -> Self {
        let metrics = engine.metrics();
        Self {
            tokens: metrics.tokens(),
            model_tokens: metrics.model_tokens(),
            padded_tokens: metrics.padded_tokens(),
            unknown_languages: metrics.unknown_languages(),
        }
    }
}

/// As in the error column and in the file of rejected rows.
fn reason(error: &RowErrorKind) -> String {
    format!("the document {error}")
}
