//! [`annotate`]: files of entities beside files of notes, each whole or absent, without a ledger.

use std::{collections::HashSet, time::Instant};

use spanframe_engine::{Engine, EngineOptions, OptionError, RawOptions};
use spanframe_store::{Store, locate};

use crate::{
    JobError, JobOptions, JobProgress, MemoryLimits, Observer, RawJob, Summary,
    form::Form,
    input::{self, InputFile},
    output_settings::OutputSettings,
    plan::Unit,
    record::Counts,
    source::{self, Source},
    table::Table,
    unit::Work,
};

/// Annotates each input into one file: `output` itself for one input, or a file of the same path below it if it is a folder,
/// ends like one, or there are several inputs.
///
/// # Errors
/// Any [`JobError`]; outputs that were finished before stay.
pub fn annotate(
    job: RawJob, typed: RawOptions, configure: impl FnOnce(&mut EngineOptions), observer: &mut dyn Observer,
) -> Result<Summary, JobError> {
    let mut options = EngineOptions::new(typed.clone())?;
    configure(&mut options);
    // the engine knows what a single file can do with a row: to reject it, a job needs a place for it
    let on_error = typed.on_error.clone();
    let job = JobOptions::new(RawJob { on_error, ..job })?;
    if job.form != Form::Nested {
        let way_out = "other forms are written by `spanframe run`";
        return Err(OptionError::Conflict { option: "form", other: "a file without a job", way_out }.into());
    }
    let inputs = input::find(&job.inputs, &[])?;
    let (output, paths) = outputs(&job, &inputs)?;
    let (mut tables, mut rows) = (Vec::new(), 0);
    for (file, path) in inputs.iter().zip(&paths) {
        let (source, table) = open(file, &job)?;
        if !job.overwrite && output.stat(path)?.is_some() {
            return Err(JobError::OutputExists(output.url(path)));
        }
        rows += source.rows();
        tables.push(table);
    }
    let engine = Engine::new(&options)?;
    engine.check_language(job.language_column.is_some())?;
    let settings = OutputSettings::new(&job, &engine, &typed)?;
    let shape = |table: &Table| table.shape(&engine, options.offsets, 0, &job);
    tables.iter().try_for_each(|table| shape(table).map(drop))?;
    output.sweep()?;
    let mut progress = JobProgress { units: inputs.len(), rows, ..JobProgress::default() };
    let started = Instant::now();
    let mut counts = Counts::default();
    let work = Work {
        job: &job,
        engine: &engine,
        output: &output,
        ledger: None,
        bounds: MemoryLimits::new(job.memory),
        digest: settings.digest(),
        metadata: settings.metadata(),
    };
    for (number, (file, path)) in inputs.iter().zip(&paths).enumerate() {
        // again, one at a time: a process may hold few files open. One that was replaced meanwhile is taken as it is now
        let (source, table) = open(file, &job)?;
        let shape = shape(&table)?;
        let unit = Unit {
            number,
            url: file.url.clone(),
            version: file.version.clone(),
            parts: 0..source.parts().len(),
            rows: 0..source.rows(),
            output: path.clone(),
            replaces: job.overwrite,
        };
        let record = work.unit(
            &unit,
            (source.as_ref(), &table, &shape),
            job.overwrite,
            (&mut *observer, &mut progress, started),
        )?;
        counts.add(&record.counts);
        progress.units_done += 1;
        progress.elapsed = started.elapsed();
        observer.update(&progress);
    }
    let units = inputs.len();
    Ok(Summary { units, units_done: units, units_now: units, counts, ..Summary::default() })
}

/// An input and its columns, checked.
fn open(file: &InputFile, job: &JobOptions) -> Result<(Box<dyn Source>, Table), JobError> {
    let source = source::open(file.open()?, &file.url)?;
    let table = Table::new(&file.url, source.schema(), job)?;
    Ok((source, table))
}

/// Where the output of each input is.
fn outputs(job: &JobOptions, inputs: &[InputFile]) -> Result<(Store, Vec<String>), JobError> {
    let (store, path) = locate(&job.output)?;
    if inputs.len() == 1 && !path.is_empty() {
        return Ok((store, vec![path]));
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
    Ok((Store::open(&job.output)?, paths))
}
