//! [`UnitRunner`]: does a unit: reads its rows, annotates them, and commits them as one file.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use arrow_array::RecordBatch;
use spanframe_engine::{EngineError, THREAD_NAME};
use spanframe_store::Store;
use tracing::{info, info_span, warn};

use crate::{
    JobError, Ledger,
    form::OutputConverter,
    plan::Unit,
    progress::Reporter,
    record::{Counts, RECORD_KEY, Record},
    rejects::Rejects,
    setup::JobSetup,
    sink::{Sink, SinkOptions},
    source::{ReadLimits, SourceError, SourceItem},
    unit_rows::{EngineCounters, ReadReceiver, UnitInput, UnitOutput, UnitRows},
};

/// Most rows of a batch.
const BATCH_ROWS: usize = 4096;

/// Does the units of a job.
pub struct UnitRunner<'j> {
    pub setup: &'j JobSetup,
    pub output: &'j Store,
    /// `None` for `annotate`, which writes files without a job.
    pub ledger: Option<&'j Ledger>,
}

impl UnitRunner<'_> {
    /// Does `unit` and makes its output visible. `replace` allows it to replace an output of the job.
    ///
    /// # Errors
    /// [`JobError::Foreign`] if a file stands in the output's place and `replace` is false; [`JobError::Stopped`] if
    /// the observer says so; any other [`JobError`] of reading, annotating and writing. Then no output was made
    /// visible.
    pub fn run(
        &self, unit: &Unit, input: UnitInput<'_>, replace: bool, reporter: &mut Reporter<'_>,
    ) -> Result<Record, JobError> {
        let before = reporter.progress.counts.clone();
        // rows of a unit that is given up are not done
        self.attempt(unit, input, replace, reporter).inspect_err(|_| reporter.progress.counts = before)
    }

    fn attempt(
        &self, unit: &Unit, input: UnitInput<'_>, replace: bool, reporter: &mut Reporter<'_>,
    ) -> Result<Record, JobError> {
        let _span = info_span!("unit", number = unit.number, file = unit.url).entered();
        let columns = &input.open.columns;
        let limits = ReadLimits { batch_rows: BATCH_ROWS, batch_bytes: self.setup.limits.batch_bytes };
        let reads =
            input.open.source.read(unit.parts.clone(), &columns.read, Some(columns.read[columns.text]), limits)?;
        let record = Record {
            unit: unit.clone(),
            settings: self.setup.settings.digest(),
            counts: Counts::default(),
            losses: Vec::new(),
            shown: None,
        };
        let mut rows = UnitRows {
            setup: self.setup,
            input,
            output: self.create(unit, input.converter)?,
            rejects: Rejects::default(),
            record,
            reporter,
            counters: EngineCounters::of(&self.setup.engine),
        };
        read_ahead(reads, |received| rows.write_all(received))?;
        let UnitRows { output, rejects, record, .. } = rows;
        let record = self.commit(output, &rejects, record, replace)?;
        let Counts { rows, written, nulled, rejected, lost, unknown_language, tokens, .. } = record.counts;
        let unit = unit.number;
        info!(unit, rows, written, nulled, rejected, lost, unknown_language, tokens, "unit done");
        Ok(record)
    }

    /// Where the rejected rows of a unit are listed: in the records, or without records in a folder beside the output
    /// whose name readers of tables pass over.
    fn rejects_place(&self, unit: &Unit) -> (&Store, String) {
        match self.ledger {
            Some(ledger) => (ledger.store(), Ledger::rejects_path(unit.number)),
            None => (self.output, format!("_rejects/{}", unit.output)),
        }
    }

    /// Begins the output, hidden.
    fn create(&self, unit: &Unit, converter: &OutputConverter) -> Result<UnitOutput, JobError> {
        let options = SinkOptions {
            row_group_rows: self.setup.job.row_group_rows,
            row_group_bytes: self.setup.limits.row_group_bytes,
            codec: self.setup.job.compression,
            metadata: self.setup.settings.metadata(),
        };
        let url = self.output.url(&unit.output);
        let sink = Sink::new(self.output.create(&unit.output)?, Arc::clone(converter.schema()), &options);
        Ok(UnitOutput { sink: sink.map_err(|e| JobError::sink(&url, e))?, url })
    }

    /// Does steps 2 to 6 of the commit that is drawn in [`ledger`](crate::ledger). Their order is the protocol.
    fn commit(
        &self, output: UnitOutput, rejects: &Rejects, mut record: Record, replace: bool,
    ) -> Result<Record, JobError> {
        let UnitOutput { mut sink, url } = output;
        let number = record.unit.number;
        if record.counts.nulled > 0 {
            warn!(unit = number, rows = record.counts.nulled, "rows nulled");
        }
        let (store, path) = self.rejects_place(&record.unit);
        if !rejects.is_empty() {
            warn!(unit = number, rows = rejects.len(), "rows rejected");
            write_rejects(store, &path, &rejects.batch(&record.unit.url)?)?;
        }
        if let Some(ledger) = self.ledger {
            if replace {
                // after a crash the old record must not describe a replaced output
                ledger.remove_record(number)?;
            }
            let text = serde_json::to_string(&record).map_err(|e| JobError::Internal(e.to_string()))?;
            sink.append_metadata(RECORD_KEY, &text);
        }
        if replace && rejects.is_empty() {
            store.remove(&path)?;
        }
        let (writer, _) = sink.finish().map_err(|e| JobError::sink(&url, e))?;
        if !writer.commit(replace)? {
            return Err(JobError::Foreign(url));
        }
        if let Some(ledger) = self.ledger {
            record.shown = self.output.stat(&record.unit.output)?.map(Into::into);
            ledger.add_record(&record)?;
        }
        Ok(record)
    }
}

/// Reads on a thread of its own: one batch waits while the one before is annotated and written.
fn read_ahead(
    reads: impl Iterator<Item = Result<SourceItem, SourceError>> + Send,
    take: impl FnOnce(&ReadReceiver) -> Result<(), JobError>,
) -> Result<(), JobError> {
    thread::scope(|scope| {
        // the channel is full with one batch, so that a slow writer holds the reader back
        let (sender, receiver) = mpsc::sync_channel(1);
        let reader = thread::Builder::new().name(format!("{THREAD_NAME}read"));
        let read = move || reads.into_iter().try_for_each(|read| sender.send(read));
        let failed = |e: std::io::Error| EngineError::Threads { threads: 1, reason: e.to_string() };
        reader.spawn_scoped(scope, read).map_err(failed)?;
        take(&receiver)
    })
}

/// Writes rejected rows, or replaces those of a run that was killed before it committed the unit.
fn write_rejects(store: &Store, path: &str, rows: &RecordBatch) -> Result<(), JobError> {
    let url = store.url(path);
    let failed = |e| JobError::sink(&url, e);
    let mut sink = Sink::new(store.create(path)?, Rejects::schema(), &SinkOptions::default()).map_err(failed)?;
    sink.write(rows).map_err(failed)?;
    sink.finish().map_err(failed)?.0.commit(true)?;
    Ok(())
}
