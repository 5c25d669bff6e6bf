//! [`annotate`]: writes files of entities beside files of notes, each whole or absent, without a ledger.

use std::collections::HashSet;

use spanframe_engine::{EngineOptions, RawOptions};
use spanframe_store::{Store, locate};

use crate::{
    JobError, JobOptions, JobProgress, Observer, RawJob, RunSummary, Summary,
    failed_inputs::FailedInputs,
    input::{self, InputFile},
    input_columns::{ColumnTypes, InputColumns},
    open_input::OpenInput,
    plan::Unit,
    progress::Reporter,
    reconcile::now,
    record::Counts,
    setup::JobSetup,
    unit_rows::UnitInput,
    unit_runner::UnitRunner,
};

/// Annotates each input into one file. Rejected rows are listed in the folder `_rejects` beside the outputs.
///
/// A single input is written to `output` itself. Several inputs are written below the folder `output`, each with the
/// path of its input; so is a single one if `output` is a folder or ends in `/`.
///
/// # Errors
/// Any [`JobError`]. Outputs that were finished before stay.
pub fn annotate(
    job: RawJob, mut typed: RawOptions, configure: impl FnOnce(&mut EngineOptions), observer: &mut dyn Observer,
) -> Result<Summary, JobError> {
    let job = JobOptions::with_on_error(job, &mut typed)?;
    let mut options = EngineOptions::new(typed.clone())?;
    configure(&mut options);
    job.check_form(&options)?;
    let inputs = input::find(&job.inputs, &[])?;
    let targets = Targets::new(&job, &inputs)?;
    let Checked { columns, rows } = check_inputs(&job, &inputs, &targets)?;
    let setup = JobSetup::new(job, &typed, &options)?;
    let begun = now();
    columns.iter().try_for_each(|columns| setup.converter(columns, begun).map(drop))?;
    targets.store.sweep()?;
    let mut reporter = Reporter::new(observer, JobProgress { units: inputs.len(), rows, ..JobProgress::default() });
    let runner = UnitRunner { setup: &setup, output: &targets.store, ledger: None };
    let mut counts = Counts::default();
    for (number, (file, path)) in inputs.iter().zip(&targets.paths).enumerate() {
        // opened again, one at a time: a process may hold few files open. A file replaced meanwhile is taken as it is
        // now
        let open = OpenInput::new(file.open()?, &file.url, &setup.job, &ColumnTypes::new())?;
        let converter = setup.converter(&open.columns, begun)?;
        let unit = Unit {
            number,
            url: file.url.clone(),
            version: file.version.clone(),
            parts: 0..open.source.parts().len(),
            rows: 0..open.source.rows(),
            output: path.clone(),
            replaces: setup.job.overwrite,
        };
        let input = UnitInput { open: &open, converter: &converter };
        let record = runner.run(&unit, input, setup.job.overwrite, &mut reporter)?;
        counts.add(&record.counts);
        reporter.unit_done();
    }
    let units = inputs.len();
    let run = RunSummary::new(&reporter.progress, &FailedInputs::default());
    Ok(Summary { units, units_done: units, units_now: units, counts, run, ..Summary::default() })
}

/// What is known of all inputs before the model is loaded.
#[derive(Default)]
struct Checked {
    columns: Vec<InputColumns>,
    /// Rows of all inputs.
    rows: u64,
}

/// Looks up the columns of all inputs, and checks that no output exists.
fn check_inputs(job: &JobOptions, inputs: &[InputFile], targets: &Targets) -> Result<Checked, JobError> {
    let mut checked = Checked::default();
    for (file, path) in inputs.iter().zip(&targets.paths) {
        let OpenInput { source, columns, .. } = OpenInput::new(file.open()?, &file.url, job, &ColumnTypes::new())?;
        if !job.overwrite && targets.store.stat(path)?.is_some() {
            return Err(JobError::OutputExists(targets.store.url(path)));
        }
        checked.rows += source.rows();
        checked.columns.push(columns);
    }
    Ok(checked)
}

/// Where the outputs are.
struct Targets {
    store: Store,
    /// In the order of the inputs.
    paths: Vec<String>,
}

impl Targets {
    fn new(job: &JobOptions, inputs: &[InputFile]) -> Result<Self, JobError> {
        let (store, path) = locate(&job.output)?;
        if inputs.len() == 1 && !path.is_empty() {
            return Ok(Self { store, paths: vec![path] });
        }
        if store.stat(&path)?.is_some() {
            return Err(JobError::OutputNotFolder(store.url(&path)));
        }
        let mut taken = HashSet::new();
        let place = |input: &InputFile| {
            let output = input.output(None);
            match taken.insert(output.clone()) {
                true => Ok(output),
                false => Err(JobError::SameName(output)),
            }
        };
        let paths = inputs.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { store: Store::open(&job.output)?, paths })
    }
}
