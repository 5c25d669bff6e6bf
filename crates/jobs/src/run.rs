//! [`run`]: a job from its beginning, or from where it was stopped, to its end.

use std::time::Instant;

use arrow_schema::SchemaRef;
use spanframe_engine::{Engine, EngineOptions, Layout, OptionError, RawOptions};
use spanframe_store::{Store, locate};
use tracing::info;

use crate::{
    Flow, JobError, JobOptions, JobProgress, Ledger, MemoryLimits, Observer, OnChange, OnError, RawJob, Summary,
    begin::{agree, begin},
    draft::Draft,
    form::Form,
    input,
    output_settings::OutputSettings,
    outputs::{adopt, clear, current, remove},
    plan::{JobPlan, Unit},
    source::{self, Source},
    table::Table,
    unit::Work,
};

/// Runs a job, or goes on with one: units that are done are left alone.
///
/// `configure` may add to the engine's options what was not typed, such as where ONNX Runtime is.
///
/// # Errors
/// Any [`JobError`]. Units that are done stay done; the same call goes on from there.
pub fn run(
    job: RawJob, mut typed: RawOptions, configure: impl FnOnce(&mut EngineOptions), observer: &mut dyn Observer,
) -> Result<Summary, JobError> {
    // one name for both: what a row's error becomes is for the job to say, since a job has more ways
    let on_error = typed.on_error.take().or(job.on_error);
    let job = JobOptions::new(RawJob { on_error, ..job })?;
    let output = Store::open(&job.output)?;
    let state = job.state.as_deref().ok_or_else(|| JobError::NoState(output.url("")))?;
    let ledger = Ledger::open(state)?;
    if job.finalize {
        return finalize(&job, &ledger, &output);
    }
    if job.overwrite && job.shard.count > 1 {
        let way_out = "each would remove what the others did, remove the output before the first begins";
        return Err(OptionError::Conflict { option: "overwrite", other: "`shard`", way_out }.into());
    }
    let mut options = EngineOptions::new(typed.clone())?;
    configure(&mut options);
    if job.form != Form::Nested && options.layout == Layout::Annotation {
        let way_out = "a row an entity has columns of its own, leave it out";
        return Err(
            OptionError::Conflict { option: "layout", other: "the form `exploded` or `note_nlp`", way_out }.into()
        );
    }
    if job.form == Form::NoteNlp && options.cleaned_offsets {
        let way_out = "its offsets and snippets are those of the note, leave it out";
        return Err(OptionError::Conflict { option: "cleaned_offsets", other: "the form `note_nlp`", way_out }.into());
    }
    if job.form != Form::Nested && job.on_error == OnError::Null {
        let way_out = "a row without entities gives no row there, say reject";
        return Err(
            OptionError::Conflict { option: "on_error", other: "the form `exploded` or `note_nlp`", way_out }.into()
        );
    }
    ledger.check_folder()?;
    let _lock = ledger.lock(job.shard)?;
    output.sweep()?;
    ledger.store().sweep()?;
    let places = [input::real_place(&output), input::real_place(ledger.store())];
    let inputs = input::find(&job.inputs, &places)?;
    let engine = Engine::new(&options)?;
    engine.check_language(job.language_column.is_some())?;
    let settings = OutputSettings::new(&job, &engine, &typed)?;
    // what is asked for is checked in full before anything is noted, or removed
    let known = match job.overwrite {
        true => (JobPlan::default(), 0),
        false => {
            agree(&job, &ledger, &settings)?;
            ledger.plan()?
        }
    };
    let check = |url: &str, schema: &SchemaRef| {
        let table = Table::new(url, schema, &job)?;
        table.shape(&engine, options.offsets, 0, &job).map(|_| table)
    };
    let draft = Draft::new(known, &inputs, &job, &check)?;
    if job.overwrite {
        clear(&ledger, &output)?;
    }
    let begun = begin(&job, &ledger, &settings)?;
    let plan = draft.note(&ledger, &inputs, &job, &check)?;
    let digest = settings.digest();
    let mut records = current(&ledger, (&plan, &begun), &output, job.on_change)?;
    plan.orphans().into_iter().try_for_each(|orphan| remove(&output, orphan))?;
    plan.superseded().try_for_each(|unit| ledger.forget_rejects(unit.number))?;
    let mine = |unit: &&Unit| unit.number % job.shard.count == job.shard.index;
    let todo: Vec<&Unit> = plan.current().filter(mine).filter(|unit| !records.contains_key(&unit.number)).collect();
    let rows = |unit: &Unit| unit.rows.end - unit.rows.start;
    let mut progress = JobProgress {
        units: plan.current().filter(mine).count(),
        units_before: plan.current().filter(mine).count() - todo.len(),
        rows: plan.current().filter(mine).map(rows).sum(),
        rows_before: plan.current().filter(mine).filter(|u| records.contains_key(&u.number)).map(rows).sum(),
        ..JobProgress::default()
    };
    let metadata = settings.metadata();
    let bounds = MemoryLimits::new(job.memory);
    let work = Work { job: &job, engine: &engine, output: &output, ledger: Some(&ledger), bounds, digest, metadata };
    info!(units = progress.units, before = progress.units_before, rows = progress.rows, "job begins");
    let started = Instant::now();
    if observer.update(&progress) == Flow::Stop {
        return Err(JobError::Stopped);
    }
    let mut open = Opened::default();
    let mut now = 0;
    for unit in todo {
        let replace = unit.replaces || job.on_change == OnChange::Redo || !begun.redone.is_empty();
        let record = match adopt(&work, (&ledger, &begun), unit)? {
            Some(record) => record,
            None => {
                let (source, table) = open.file(unit, &job)?;
                let shape = table.shape(&engine, options.offsets, begun.time, &job)?;
                let source = (source, table, &shape);
                match work.unit(unit, source, replace, (&mut *observer, &mut progress, started)) {
                    // where there are no locks, another process may have been faster
                    Err(JobError::Foreign(url)) => {
                        adopt(&work, (&ledger, &begun), unit)?.ok_or(JobError::Foreign(url))?
                    }
                    made => {
                        now += 1;
                        made?
                    }
                }
            }
        };
        records.insert(unit.number, record);
        progress.units_done += 1;
        progress.elapsed = started.elapsed();
        observer.update(&progress);
    }
    info!(units = now, seconds = started.elapsed().as_secs_f64(), "shard done");
    let summary = Summary::new(&plan, &records, now);
    if summary.missing.is_empty() {
        ledger.set_summary(&summary)?;
    }
    Ok(summary)
}

/// Checks that all units are there, and sums them up.
fn finalize(job: &JobOptions, ledger: &Ledger, output: &Store) -> Result<Summary, JobError> {
    let (plan, pieces) = ledger.plan()?;
    if pieces == 0 {
        return Err(JobError::NoJob(ledger.store().url("")));
    }
    let begun = ledger.begun()?.ok_or_else(|| JobError::NoJob(ledger.store().url("")))?;
    let summary = Summary::new(&plan, &current(ledger, (&plan, &begun), output, OnChange::Refuse)?, 0);
    if let Some(&example) = summary.missing.first() {
        let shards: Vec<String> =
            summary.shards(job.shard.count).iter().map(|s| format!("`shard` {}/{}", s.index, s.count)).collect();
        let shards = if job.shard.count == 1 { "the job again".to_string() } else { shards.join(", ") };
        return Err(JobError::Incomplete { missing: summary.missing.len(), units: summary.units, example, shards });
    }
    ledger.set_summary(&summary)?;
    Ok(summary)
}

/// The file that units are made of now: units of one file follow each other.
#[derive(Default)]
struct Opened {
    file: Option<(String, Box<dyn Source>, Table)>,
}

impl Opened {
    fn file(&mut self, unit: &Unit, job: &JobOptions) -> Result<(&dyn Source, &Table), JobError> {
        if self.file.as_ref().is_none_or(|(url, ..)| *url != unit.url) {
            self.file = None;
            let (store, path) = locate(&unit.url)?;
            let object = store.stat(&path)?.ok_or_else(|| JobError::InputGone(unit.url.clone()))?;
            if object.version != unit.version {
                return Err(JobError::InputChanged(unit.url.clone()));
            }
            let source = source::open(store.reader(&path)?, &unit.url)?;
            let table = Table::new(&unit.url, source.schema(), job)?;
            self.file = Some((unit.url.clone(), source, table));
        }
        let (_, source, table) = self.file.as_ref().ok_or_else(|| JobError::Internal("no file is open".to_string()))?;
        Ok((source.as_ref(), table))
    }
}
