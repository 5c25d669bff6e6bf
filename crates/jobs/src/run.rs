//! [`run`]: runs a job from its beginning, or from where it was stopped, to its end.
//!
//! ```text
//! check options -> claim the shard -> find inputs -> load the model
//!   -> begin: header and plan, checked in full before anything is stored or removed
//!   -> each unit of the shard that has no record: adopt its output, make it, or give it up if its input is at fault
//!   -> summary, or the errors of the inputs
//! ```

use std::collections::{BTreeMap, btree_map::Entry};

use spanframe_engine::{EngineOptions, OptionError, RawOptions};
use tracing::info;

use crate::{
    JobError, JobOptions, JobProgress, Observer, OnChange, RawJob, RunSummary, Summary,
    failed_inputs::FailedInputs,
    finalize::finalize,
    folders::JobFolders,
    header::JobHeader,
    input::InputFile,
    input_columns::ColumnTypes,
    open_input::OpenInput,
    outputs::Outputs,
    plan::{StoredPlan, Unit},
    planner::{Planned, Planner},
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
    let job = JobOptions::with_on_error(job, &mut typed)?;
    let folders = JobFolders::locate(&job)?;
    if job.finalize {
        return finalize(&job, &folders);
    }
    check_overwrite(&job)?;
    let mut options = EngineOptions::new(typed.clone())?;
    configure(&mut options);
    job.check_form(&options)?;
    let _lock = folders.claim(&job)?;
    let inputs = folders.inputs(&job)?;
    let setup = JobSetup::new(job, &typed, &options)?;
    let Begun { header, planned } = begin(&setup, &folders, &inputs)?;
    let Planned { plan, files_lost, mut failed } = planned;
    let outputs = Outputs { folders: &folders, header: &header, on_change: setup.job.on_change };
    let mut records = outputs.done(&plan)?;
    plan.orphans().into_iter().try_for_each(|orphan| folders.remove_output(orphan))?;
    plan.superseded().try_for_each(|unit| folders.ledger.remove_rejects(unit.number))?;

    let shard = setup.job.shard;
    let units: Vec<&Unit> = plan.current().filter(|unit| unit.number % shard.count == shard.index).collect();
    let files = JobProgress {
        files_lost,
        files_lost_before: plan.damaged().count().saturating_sub(files_lost),
        files_failed: failed.len(),
        ..JobProgress::default()
    };
    let mut reporter = Reporter::new(observer, progress(&units, &records, files));
    let JobProgress { units: all, units_before, rows, files_lost_before, .. } = reporter.progress;
    info!(units = all, before = units_before, rows, files_lost_before, "job begins");
    let runner = UnitRunner { setup: &setup, output: &folders.output, ledger: Some(&folders.ledger) };
    let mut shard_run = ShardRun { runner, outputs, planned: &plan.columns, open: None };
    let done = shard_run.units(&units, &mut records, &mut reporter, &mut failed);
    if done.is_err() {
        // the unit that was given up no longer counts
        reporter.update();
    }
    let run = &reporter.progress;
    let summary = Summary::new(&plan, &records, run.units_done, RunSummary::new(run, &failed));
    log(run, &summary, done.is_ok());
    done?;
    if failed.len() == 0 && summary.missing.is_empty() {
        folders.ledger.set_summary(&summary)?;
    }
    failed.result(summary)
}

/// Logs the figures of a run, and those of the job.
fn log(run: &JobProgress, summary: &Summary, is_done: bool) {
    let seconds = run.elapsed.as_secs_f64();
    let (files_lost, files_failed, units_failed) = (run.files_lost, run.files_failed, run.units_failed);
    info!(seconds, units_failed, files_lost, files_failed, "run ends");
    let what = if is_done { "run done" } else { "run given up" };
    run.counts.log(what, run.units_done);
    let is_whole = summary.missing.is_empty() && summary.run.failed.is_empty();
    summary.counts.log(if is_whole { "job done" } else { "job so far" }, summary.units_done);
}

fn check_overwrite(job: &JobOptions) -> Result<(), OptionError> {
    if job.overwrite && job.shard.count > 1 {
        let way_out = "each would remove what the others did, remove the output before the first begins";
        return Err(OptionError::Conflict { option: "overwrite", other: "`shard`", way_out });
    }
    Ok(())
}

/// The records of a job that has begun.
struct Begun {
    header: JobHeader,
    planned: Planned,
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
    let planner = Planner { setup, inputs, ledger };
    let extended = planner.extend(stored)?;
    if extended.is_empty() {
        // no input can be read
        extended.failed.result(Summary::default())?;
        return Err(JobError::Internal("a job without inputs".to_string()));
    }
    if setup.job.overwrite {
        folders.clear()?;
    }
    let header = write_header(&setup.job, ledger, &setup.settings)?;
    Ok(Begun { header, planned: planner.store(extended)? })
}

/// How far the units of a shard are. `files` has the counts of files.
fn progress(units: &[&Unit], records: &BTreeMap<usize, Record>, files: JobProgress) -> JobProgress {
    let mut progress = JobProgress { units: units.len(), ..files };
    for unit in units {
        progress.rows += unit.row_count();
        if let Some(record) = records.get(&unit.number) {
            progress.units_before += 1;
            progress.rows_before += unit.row_count();
            progress.counts_before.add(&record.counts);
        }
    }
    progress
}

/// Does the units of a shard, one after the other.
struct ShardRun<'j> {
    runner: UnitRunner<'j>,
    outputs: Outputs<'j>,
    /// The types of all columns, which all outputs share.
    planned: &'j ColumnTypes,
    /// The file of the last unit. Units of one file follow each other.
    open: Option<OpenInput>,
}

impl ShardRun<'_> {
    /// Does the units that have no record. A unit whose input is at fault is given up, and the others are done.
    fn units(
        &mut self, units: &[&Unit], records: &mut BTreeMap<usize, Record>, reporter: &mut Reporter<'_>,
        failed: &mut FailedInputs,
    ) -> Result<(), JobError> {
        reporter.report()?;
        for unit in units {
            let Entry::Vacant(place) = records.entry(unit.number) else { continue };
            match self.unit(unit, reporter) {
                Err(error) if error.is_of_input() => {
                    failed.add(&unit.url, error);
                    reporter.unit_failed(failed.len());
                }
                done => drop(place.insert(done?)),
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: &Unit, reporter: &mut Reporter<'_>) -> Result<Record, JobError> {
        if let Some(record) = self.outputs.adopt(unit)? {
            reporter.unit_adopted(&record);
            return Ok(record);
        }
        let (setup, header) = (self.runner.setup, self.outputs.header);
        if self.open.as_ref().is_none_or(|open| open.url != unit.url) {
            // closes the file before
            self.open = None;
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(OpenInput::of_unit(unit, &setup.job, self.planned)?),
        };
        let converter = setup.converter(&open.columns, header.time)?;
        let replace = unit.replaces || setup.job.on_change == OnChange::Redo || !header.redone.is_empty();
        match self.runner.run(unit, UnitInput { open, converter: &converter }, replace, reporter) {
            // where there are no locks, another process may have been faster: its output counts
            Err(JobError::Foreign(url)) => {
                let record = self.outputs.adopt(unit)?.ok_or(JobError::Foreign(url))?;
                reporter.unit_adopted(&record);
                Ok(record)
            }
            made => {
                let record = made?;
                reporter.unit_done();
                Ok(record)
            }
        }
    }
}
