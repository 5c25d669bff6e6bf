//! [`run`]: runs a job from its beginning, or from where it was stopped, to its end.
//!
//! ```text
//! check options -> claim the shard -> find inputs -> load the model
//!   -> begin: header and plan, checked in full before anything is stored or removed
//!   -> each unit of the shard that has no record: adopt its output, or make it
//!   -> summary
//! ```

use std::collections::{BTreeMap, btree_map::Entry};

use spanframe_engine::{EngineOptions, Layout, OptionError, RawOptions};
use tracing::info;

use crate::{
    JobError, JobOptions, JobProgress, Observer, OnChange, OnError, RawJob, Summary,
    finalize::finalize,
    folders::JobFolders,
    form::Form,
    header::JobHeader,
    input::InputFile,
    open_input::OpenInput,
    outputs::Outputs,
    plan::{JobPlan, StoredPlan, Unit},
    planner::Planner,
    progress::Reporter,
    reconcile::{reconcile, write_header},
    record::Record,
    setup::JobSetup,
    unit_rows::UnitInput,
    unit_runner::UnitRunner,
};

/// Runs a job, or continues one: units that are done are not done again.
///
/// `configure` may add to the engine's options what users do not type, such as where ONNX Runtime is.
///
/// # Errors
/// Any [`JobError`]. Units that are done stay done, and the same call goes on from there.
pub fn run(
    job: RawJob, mut typed: RawOptions, configure: impl FnOnce(&mut EngineOptions), observer: &mut dyn Observer,
) -> Result<Summary, JobError> {
    // one name for two options: a job decides about bad rows, since it has more ways than the engine
    let on_error = typed.on_error.take().or(job.on_error);
    let job = JobOptions::new(RawJob { on_error, ..job })?;
    let folders = JobFolders::locate(&job)?;
    if job.finalize {
        return finalize(&job, &folders);
    }
    check_overwrite(&job)?;
    let mut options = EngineOptions::new(typed.clone())?;
    configure(&mut options);
    check_form(&job, &options)?;
    let _lock = folders.claim(&job)?;
    let inputs = folders.inputs(&job)?;
    let setup = JobSetup::new(job, &typed, &options)?;
    let Begun { header, plan } = begin(&setup, &folders, &inputs)?;
    let outputs = Outputs { folders: &folders, header: &header, on_change: setup.job.on_change };
    let mut records = outputs.done(&plan)?;
    plan.orphans().into_iter().try_for_each(|orphan| folders.remove_output(orphan))?;
    plan.superseded().try_for_each(|unit| folders.ledger.remove_rejects(unit.number))?;

    let shard = setup.job.shard;
    let units: Vec<&Unit> = plan.current().filter(|unit| unit.number % shard.count == shard.index).collect();
    let mut reporter = Reporter::new(observer, progress(&units, &records));
    let JobProgress { units: all, units_before, rows, .. } = reporter.progress;
    info!(units = all, before = units_before, rows, "job begins");
    reporter.report()?;
    let runner = UnitRunner { setup: &setup, output: &folders.output, ledger: Some(&folders.ledger) };
    let mut shard_run = ShardRun { runner, outputs, open: None, made: 0 };
    for unit in units {
        if let Entry::Vacant(place) = records.entry(unit.number) {
            place.insert(shard_run.unit(unit, &mut reporter)?);
            reporter.unit_done();
        }
    }
    info!(units = shard_run.made, seconds = reporter.elapsed().as_secs_f64(), "shard done");
    let summary = Summary::new(&plan, &records, shard_run.made);
    if summary.missing.is_empty() {
        folders.ledger.set_summary(&summary)?;
    }
    Ok(summary)
}

fn check_overwrite(job: &JobOptions) -> Result<(), OptionError> {
    if job.overwrite && job.shard.count > 1 {
        let way_out = "each would remove what the others did, remove the output before the first begins";
        return Err(OptionError::Conflict { option: "overwrite", other: "`shard`", way_out });
    }
    Ok(())
}

/// Refuses options that the form of the output has no place for.
fn check_form(job: &JobOptions, options: &EngineOptions) -> Result<(), OptionError> {
    let entity_form = "the form `exploded` or `note_nlp`";
    if job.form != Form::Nested && options.layout == Layout::Annotation {
        let way_out = "a row an entity has columns of its own, leave it out";
        return Err(OptionError::Conflict { option: "layout", other: entity_form, way_out });
    }
    if job.form == Form::NoteNlp && options.cleaned_offsets {
        let way_out = "its offsets and snippets are those of the note, leave it out";
        return Err(OptionError::Conflict { option: "cleaned_offsets", other: "the form `note_nlp`", way_out });
    }
    if job.form != Form::Nested && job.on_error == OnError::Null {
        let way_out = "a row without entities gives no row there, say reject";
        return Err(OptionError::Conflict { option: "on_error", other: entity_form, way_out });
    }
    Ok(())
}

/// The records of a job that has begun.
struct Begun {
    header: JobHeader,
    plan: JobPlan,
}

/// Begins a job or continues it. Everything is checked first, so that a job that cannot begin stores and removes
/// nothing.
fn begin(setup: &JobSetup, folders: &JobFolders, inputs: &[InputFile]) -> Result<Begun, JobError> {
    let JobFolders { ledger, .. } = folders;
    let stored = match setup.job.overwrite {
        true => StoredPlan::default(),
        false => {
            reconcile(&setup.job, ledger, &setup.settings)?;
            ledger.plan()?
        }
    };
    let planner = Planner { setup, inputs };
    let extended = planner.extend(stored)?;
    if setup.job.overwrite {
        folders.clear()?;
    }
    let header = write_header(&setup.job, ledger, &setup.settings)?;
    let plan = planner.store(extended, ledger)?;
    Ok(Begun { header, plan })
}

/// How far the units of a shard are.
fn progress(units: &[&Unit], records: &BTreeMap<usize, Record>) -> JobProgress {
    let done: Vec<&Unit> = units.iter().copied().filter(|unit| records.contains_key(&unit.number)).collect();
    let rows = |units: &[&Unit]| units.iter().map(|unit| unit.row_count()).sum();
    JobProgress {
        units: units.len(),
        units_before: done.len(),
        rows: rows(units),
        rows_before: rows(&done),
        ..JobProgress::default()
    }
}

/// Does the units of a shard, one after the other.
struct ShardRun<'j> {
    runner: UnitRunner<'j>,
    outputs: Outputs<'j>,
    /// The file of the last unit. Units of one file follow each other.
    open: Option<OpenInput>,
    /// Units that were made, and not adopted.
    made: usize,
}

impl ShardRun<'_> {
    fn unit(&mut self, unit: &Unit, reporter: &mut Reporter<'_>) -> Result<Record, JobError> {
        if let Some(record) = self.outputs.adopt(unit)? {
            return Ok(record);
        }
        let (setup, header) = (self.runner.setup, self.outputs.header);
        if self.open.as_ref().is_none_or(|open| open.url != unit.url) {
            // closes the file before
            self.open = None;
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(OpenInput::of_unit(unit, &setup.job)?),
        };
        let converter = setup.converter(&open.columns, header.time)?;
        let replace = unit.replaces || setup.job.on_change == OnChange::Redo || !header.redone.is_empty();
        match self.runner.run(unit, UnitInput { open, converter: &converter }, replace, reporter) {
            // where there are no locks, another process may have been faster: its output counts
            Err(JobError::Foreign(url)) => self.outputs.adopt(unit)?.ok_or(JobError::Foreign(url)),
            made => {
                self.made += 1;
                made
            }
        }
    }
}
