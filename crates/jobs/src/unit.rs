//! The work on one unit: rows read ahead on a thread, annotated, shaped, and written to a file that is shown at the end.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, cast::AsArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use arrow_select::filter::{filter, filter_record_batch};
use spanframe_engine::{Engine, EngineError, Notes, RowErrorKind, Step, THREAD_NAME};
use spanframe_store::Store;
use tracing::{info, info_span, warn};

use crate::{
    Flow, JobError, JobOptions, JobProgress, Ledger, MemoryLimits, Observer, OnDamage, OnError,
    form::{Annotated, Shape},
    plan::Unit,
    record::{Counts, Loss, Record},
    reject::Rejects,
    sink::{Sink, SinkOptions},
    source::{self, Read, Source},
    table::Table,
};

/// Rows of a batch, at most.
const BATCH_ROWS: usize = 4096;
/// Key of the [`Record`] in the footer of an output.
pub(crate) const RECORD: &str = "spanframe.record";

/// What all units of a job share.
pub(crate) struct Work<'j> {
    pub job: &'j JobOptions,
    pub engine: &'j Engine,
    pub output: &'j Store,
    /// None for files that are annotated without a job.
    pub ledger: Option<&'j Ledger>,
    pub bounds: MemoryLimits,
    /// Of the settings.
    pub digest: String,
    /// For the footer of outputs.
    pub metadata: Vec<(String, String)>,
}

/// A unit in hand.
struct InHand<'w, W: std::io::Write + Send> {
    work: &'w Work<'w>,
    unit: &'w Unit,
    table: &'w Table,
    shape: &'w Shape,
    sink: Sink<W>,
    rejects: Rejects,
    record: Record,
    observer: &'w mut dyn Observer,
    progress: &'w mut JobProgress,
    started: Instant,
    /// See [`tokens`].
    tokens: [u64; 4],
}

impl Work<'_> {
    /// Does `unit`, which is of the open file `source`, and shows its output.
    ///
    /// # Errors
    /// Any [`JobError`]; then nothing was shown.
    pub(crate) fn unit(
        &self, unit: &Unit, (source, table, shape): (&dyn Source, &Table, &Shape), replace: bool,
        (observer, progress, started): (&mut dyn Observer, &mut JobProgress, Instant),
    ) -> Result<Record, JobError> {
        let _span = info_span!("unit", number = unit.number, file = unit.url).entered();
        let url = self.output.url(&unit.output);
        let options = SinkOptions {
            row_group_rows: self.job.row_group_rows,
            row_group_bytes: self.bounds.row_group_bytes,
            codec: self.job.compression,
            metadata: self.metadata.clone(),
        };
        let sink = Sink::new(self.output.create(&unit.output)?, Arc::clone(shape.schema()), &options);
        let before = progress.counts.clone();
        let record = Record {
            unit: unit.clone(),
            settings: self.digest.clone(),
            counts: Counts::default(),
            losses: Vec::new(),
            shown: None,
        };
        let mut in_hand = InHand {
            work: self,
            unit,
            table,
            shape,
            sink: sink.map_err(|e| JobError::sink(&url, e))?,
            rejects: Rejects::default(),
            record,
            observer,
            progress,
            started,
            tokens: tokens(self.engine),
        };
        let bounds = source::ReadLimits { batch_rows: BATCH_ROWS, batch_bytes: self.bounds.batch_bytes };
        let reads = source.read(unit.parts.clone(), &table.read, Some(table.read[table.text]), bounds)?;
        let done = thread::scope(|scope| {
            // one batch waits while another is annotated: the writer holds the reader back
            let (give, take) = mpsc::sync_channel(1);
            let reader = thread::Builder::new().name(format!("{THREAD_NAME}read"));
            let read = move || reads.into_iter().try_for_each(|read| give.send(read));
            let failed = |e: std::io::Error| EngineError::Threads { threads: 1, reason: e.to_string() };
            reader.spawn_scoped(scope, read).map_err(failed)?;
            in_hand.rows(&take)
        });
        // counts of a unit that was given up are not those of rows that are done
        let (metrics, record) = done.inspect_err(|_| in_hand.progress.counts = before)?;
        let InHand { mut sink, rejects, .. } = in_hand;
        let mut record = Record { counts: metrics, ..record };
        record.counts.written = sink.rows();
        if let Some(ledger) = self.ledger {
            if !rejects.is_empty() {
                warn!(unit = unit.number, rows = rejects.len(), "rows rejected");
                write_rejects(ledger, unit, &rejects)?;
            }
            if replace {
                // the record may be of other settings, and of an output that is about to go
                ledger.forget(unit.number)?;
                rejects.is_empty().then(|| ledger.forget_rejects(unit.number)).transpose()?;
            }
            let text = serde_json::to_string(&record).map_err(|e| JobError::Internal(e.to_string()))?;
            sink.append_metadata(RECORD, &text);
        }
        let (writer, _) = sink.finish().map_err(|e| JobError::sink(&url, e))?;
        if !writer.commit(replace)? {
            return Err(JobError::Foreign(url));
        }
        if let Some(ledger) = self.ledger {
            record.shown = self.output.stat(&unit.output)?.map(Into::into);
            ledger.add(&record)?;
        }
        let counts = &record.counts;
        info!(unit = unit.number, rows = counts.rows, written = counts.written, tokens = counts.tokens, "unit done");
        Ok(record)
    }
}

impl<W: std::io::Write + Send> InHand<'_, W> {
    /// Takes all reads through the engine into the sink.
    fn rows(
        &mut self, reads: &mpsc::Receiver<Result<Read, source::SourceError>>,
    ) -> Result<(Counts, Record), JobError> {
        loop {
            let waiting = Instant::now();
            let Ok(read) = reads.recv() else { break };
            self.count(|c| c.seconds.read += waiting.elapsed().as_secs_f64());
            match read? {
                Read::Rows { rows, batch } => self.annotate(&rows, &batch)?,
                Read::Bad { row, line, reason } => {
                    if self.work.job.on_error != OnError::Reject {
                        return Err(JobError::Bad { url: self.unit.url.clone(), line, reason });
                    }
                    self.rejects.push((row, Some(line)), None, reason.code(), reason.to_string());
                    self.count(|c| (c.rows, c.rejected) = (c.rows + 1, c.rejected + 1));
                }
                Read::Lost { rows, part, reason } => {
                    if self.work.job.on_damage != OnDamage::Skip {
                        return Err(JobError::lost(&self.unit.url, &rows, reason));
                    }
                    warn!(unit = self.unit.number, first = rows.start, end = rows.end, reason, "rows lost");
                    self.count(|c| c.lost += rows.end - rows.start);
                    self.record.losses.push(Loss { rows, part, reason });
                }
            }
            self.report()?;
        }
        Ok((std::mem::take(&mut self.record.counts), self.record.clone()))
    }

    /// Annotates a batch and writes what is made of it, some rows at a time.
    fn annotate(&mut self, rows: &[u64], batch: &RecordBatch) -> Result<(), JobError> {
        let engine = self.work.engine;
        let notes = self.notes(batch);
        let started = Instant::now();
        let mut writing = 0.0;
        engine.annotate_each(notes, |step| {
            let Step::Rows(annotated) = step else {
                self.tally();
                return self.report();
            };
            let writes = Instant::now();
            for (count, name) in annotated.counts.iter().zip(engine.names()).filter(|(count, _)| **count > 0) {
                self.count(|c| *c.entities.entry(name.clone()).or_default() += count);
            }
            let range = (annotated.first_row, annotated.column.len());
            let faults = annotated.errors.iter().map(|e| (e.row - range.0, e.kind.clone())).collect();
            self.write(&rows[range.0..range.0 + range.1], &batch.slice(range.0, range.1), &annotated.column, &faults)?;
            self.tally();
            writing += writes.elapsed().as_secs_f64();
            self.report()
        })?;
        self.tally();
        self.count(|c| {
            c.seconds.write += writing;
            c.seconds.annotate += started.elapsed().as_secs_f64() - writing;
        });
        Ok(())
    }

    /// The texts of a batch, with their languages.
    fn notes<'a>(&self, batch: &'a RecordBatch) -> Notes<'a> {
        let languages = self.table.language.map(|column| batch.column(column) as &dyn Array);
        Notes { texts: batch.column(self.table.text), languages }
    }

    /// Writes some annotated rows. `faults` are those of rows that have no entities.
    fn write(
        &mut self, rows: &[u64], batch: &RecordBatch, entities: &ArrayRef, faults: &BTreeMap<usize, RowErrorKind>,
    ) -> Result<(), JobError> {
        let job = self.work.job;
        self.count(|c| c.rows += rows.len() as u64);
        let (mut batch, mut entities, mut rows) = (batch.clone(), Arc::clone(entities), rows.to_vec());
        match (job.on_error, faults.first_key_value()) {
            (_, None) => {}
            (OnError::Raise, Some((&row, fault))) => {
                let fault = fault.clone();
                return Err(JobError::Row { url: self.unit.url.clone(), row: rows[row], fault });
            }
            (OnError::Null, _) => self.count(|c| c.nulled += faults.len() as u64),
            (OnError::Reject, _) => {
                let ids = self.table.id.map(|id| cast(batch.column(id), &DataType::Utf8)).transpose()?;
                for (&row, fault) in faults {
                    let id = ids.as_ref().map(|ids| ids.as_string::<i32>());
                    let id = id.filter(|ids| ids.is_valid(row)).map(|ids| ids.value(row).to_string());
                    self.rejects.push((rows[row], None), id, fault.code(), format!("the document {fault}"));
                }
                self.count(|c| c.rejected += faults.len() as u64);
                let good: BooleanArray = (0..rows.len()).map(|row| Some(!faults.contains_key(&row))).collect();
                (batch, entities) = (filter_record_batch(&batch, &good)?, filter(&entities, &good)?);
                rows = (0..).zip(rows).filter(|(row, _)| !faults.contains_key(row)).map(|(_, row)| row).collect();
            }
        }
        let errors: Option<ArrayRef> = (job.on_error == OnError::Null).then(|| {
            let reason = |row| faults.get(&row).map(|fault| format!("the document {fault}"));
            Arc::new((0..batch.num_rows()).map(reason).collect::<StringArray>()) as ArrayRef
        });
        let first_id = ((self.unit.number as i64) << 32) + self.sink.rows() as i64 + 1;
        let diagnose = || self.work.engine.diagnose(self.notes(&batch));
        let kept = self.table.kept(&batch, job.diagnostics_column.is_some().then(diagnose).transpose()?)?;
        let text = batch.column(self.table.text);
        let annotated = Annotated { kept: &kept, text, entities: &entities, errors: errors.as_ref(), first_id };
        for made in self.shape.batches(annotated)? {
            let url = || self.work.output.url(&self.unit.output);
            let made =
                made.map_err(|error| JobError::FormRows { url: self.unit.url.clone(), error: error.in_file(&rows) })?;
            self.sink.write(&made).map_err(|e| JobError::sink(&url(), e))?;
        }
        Ok(())
    }

    /// Changes the counts of the unit and of the run alike.
    fn count(&mut self, change: impl Fn(&mut Counts)) {
        change(&mut self.record.counts);
        change(&mut self.progress.counts);
    }

    /// Counts the tokens that the engine has seen since the last time.
    fn tally(&mut self) {
        let now = tokens(self.work.engine);
        let before = std::mem::replace(&mut self.tokens, now);
        self.count(|c| {
            c.tokens += now[0] - before[0];
            c.model_tokens += now[1] - before[1];
            c.padded_tokens += now[2] - before[2];
            c.unknown_language += now[3] - before[3];
        });
    }

    fn report(&mut self) -> Result<(), JobError> {
        self.progress.elapsed = self.started.elapsed();
        match self.observer.update(self.progress) {
            Flow::Continue => Ok(()),
            Flow::Stop => Err(JobError::Stopped),
        }
    }
}

/// Tokens of the texts, of the model and of padding, and rows of unknown language, so far.
fn tokens(engine: &Engine) -> [u64; 4] {
    let metrics = engine.metrics();
    [metrics.tokens(), metrics.model_tokens(), metrics.padded_tokens(), metrics.unknown_languages()]
}

/// Writes the rejected rows of a unit, in place of those of a run that ended before the unit was shown.
fn write_rejects(ledger: &Ledger, unit: &Unit, rejects: &Rejects) -> Result<(), JobError> {
    let path = Ledger::rejects(unit.number);
    let url = ledger.store().url(&path);
    let failed = |e| JobError::sink(&url, e);
    let writer = ledger.store().create(&path)?;
    let mut sink = Sink::new(writer, Rejects::schema(), &SinkOptions::default()).map_err(failed)?;
    sink.write(&rejects.batch(&unit.url)?).map_err(failed)?;
    sink.finish().map_err(failed)?.0.commit(true)?;
    Ok(())
}
