//! [`run`]: a job from its beginning, or from where it was stopped, to its end.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use spanframe_engine::{Engine, EngineOptions, Layout, OptionError, RawOptions};
use spanframe_store::{Store, locate};
use tracing::info;

use crate::{
    Bounds, Flow, JobError, JobOptions, Ledger, Observer, OnChange, OnDamage, OnError, Progress, RawJob, Summary,
    form::Form,
    input::{self, InputFile},
    ledger::Begun,
    plan::{Plan, Unit},
    record::Record,
    settings::Settings,
    sink,
    source::{self, Source, SourceError},
    table::{Table, column_types},
    unit::{RECORD, Work},
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
    let ledger = Ledger::open(&job.state)?;
    if job.finalize {
        return finalize(&job, &ledger);
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
    if job.form != Form::Nested && job.on_error == OnError::Null {
        let way_out = "a row without entities gives no row there, say reject";
        return Err(
            OptionError::Conflict { option: "on_error", other: "the form `exploded` or `note_nlp`", way_out }.into()
        );
    }
    let output = Store::open(&job.output)?;
    let _lock = ledger.lock(job.shard)?;
    if job.overwrite {
        clear(&ledger, &output)?;
    }
    output.sweep()?;
    ledger.store().sweep()?;
    let places = [input::real_place(&output), input::real_place(ledger.store())];
    let inputs = input::find(&job.inputs, &places)?;
    let engine = Engine::new(&options)?;
    engine.check_language(job.language_column.is_some())?;
    let settings = Settings::new(&job, &engine, &typed)?;
    let begun = begin(&job, &ledger, &settings)?;
    let plan = plan(&job, &ledger, &inputs)?;
    let digest = settings.digest();
    let mut records = current(&ledger, (&plan, &begun), &output, job.on_change)?;
    plan.orphans().into_iter().try_for_each(|orphan| remove(&output, orphan))?;
    plan.superseded().try_for_each(|unit| ledger.forget_rejects(unit.number))?;
    let mine = |unit: &&Unit| unit.number % job.shard.count == job.shard.index;
    let todo: Vec<&Unit> = plan.current().filter(mine).filter(|unit| !records.contains_key(&unit.number)).collect();
    let rows = |unit: &Unit| unit.rows.end - unit.rows.start;
    let mut progress = Progress {
        units: plan.current().filter(mine).count(),
        units_before: plan.current().filter(mine).count() - todo.len(),
        rows: plan.current().filter(mine).map(rows).sum(),
        rows_before: plan.current().filter(mine).filter(|u| records.contains_key(&u.number)).map(rows).sum(),
        ..Progress::default()
    };
    let metadata = settings.metadata();
    let bounds = Bounds::new(job.memory);
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
fn finalize(job: &JobOptions, ledger: &Ledger) -> Result<Summary, JobError> {
    let (plan, pieces) = ledger.plan()?;
    if pieces == 0 {
        return Err(JobError::NoJob(ledger.store().url("")));
    }
    let begun = ledger.begun()?.ok_or_else(|| JobError::NoJob(ledger.store().url("")))?;
    let output = Store::open(&job.output)?;
    let summary = Summary::new(&plan, &current(ledger, (&plan, &begun), &output, OnChange::Refuse)?, 0);
    if let Some(&example) = summary.missing.first() {
        let shards: Vec<String> =
            summary.shards(job.shard.count).iter().map(|s| format!("`shard` {}/{}", s.index, s.count)).collect();
        let shards = if job.shard.count == 1 { "the job again".to_string() } else { shards.join(", ") };
        return Err(JobError::Incomplete { missing: summary.missing.len(), units: summary.units, example, shards });
    }
    ledger.set_summary(&summary)?;
    Ok(summary)
}

/// Removes the outputs of the job and its records.
fn clear(ledger: &Ledger, output: &Store) -> Result<(), JobError> {
    // a plan that cannot be read names no outputs: what is there is found again by its footer, or refused
    let (plan, _) = match ledger.plan() {
        Err(JobError::Ledger { .. }) => (Plan::default(), 0),
        plan => plan?,
    };
    // the records first: none of them may be of an output that is gone
    ledger.clear_records()?;
    plan.units.iter().try_for_each(|unit| remove(output, &unit.output))?;
    ledger.clear()
}

/// Removes an output of a job, but no file of someone else.
fn remove(output: &Store, path: &str) -> Result<(), JobError> {
    if output.stat(path)?.is_some() && record_of(output, path)?.is_some() {
        output.remove(path)?;
    }
    Ok(())
}

/// The record in the footer of an output; none in a file of someone else.
fn record_of(output: &Store, path: &str) -> Result<Option<Record>, JobError> {
    let Ok(pairs) = sink::metadata(output.reader(path)?, &output.url(path)) else { return Ok(None) };
    let text = pairs.into_iter().find(|(key, _)| key == RECORD);
    Ok(text.and_then(|(_, text)| serde_json::from_str(&text).ok()))
}

/// Notes the settings of a job that begins; refuses others than those of one that goes on.
fn begin(job: &JobOptions, ledger: &Ledger, settings: &Settings) -> Result<Begun, JobError> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
    loop {
        let Some(known) = ledger.begun()? else {
            let begun = Begun::new(time, settings.clone());
            // another shard may have been first: then it is one job all the same
            if ledger.begin(&begun)? {
                return Ok(begun);
            }
            continue;
        };
        let begun = match (known.settings.difference(settings), job.on_change) {
            (None, OnChange::Redo) if !known.kept.is_empty() => known.change(settings, false),
            (None, _) => return Ok(known),
            // nothing is done yet, and no other shard does anything: an output without a record is made again
            (Some(_), OnChange::Refuse) if job.shard.count == 1 && ledger.records()?.is_empty() => {
                known.change(settings, false)
            }
            (Some((name, was, is)), OnChange::Refuse) => return Err(JobError::Changed { name, was, is }),
            (Some(_), rule) => known.change(settings, rule == OnChange::Keep),
        };
        ledger.set_begun(&begun)?;
        return Ok(begun);
    }
}

/// The plan, with the files that are new behind those that were planned before.
fn plan(job: &JobOptions, ledger: &Ledger, inputs: &[InputFile]) -> Result<Plan, JobError> {
    let selects = job.select.is_some() || job.form == Form::NoteNlp;
    loop {
        let (mut plan, pieces) = ledger.plan()?;
        let (files, units) = (plan.files.len(), plan.units.len());
        let versions: HashMap<String, String> =
            plan.versions().into_iter().map(|(url, version)| (url.to_string(), version.to_string())).collect();
        for file in inputs {
            match versions.get(&file.url) {
                Some(version) if *version == file.version => continue,
                Some(_) if job.on_change == OnChange::Refuse => return Err(JobError::InputChanged(file.url.clone())),
                Some(_) if job.on_change == OnChange::Keep => continue,
                _ => {}
            }
            match source::open(file.open()?, &file.url) {
                Ok(source) => {
                    let columns = Table::new(&file.url, source.schema(), job)?.columns();
                    // the selection may be another one than when the files before were planned
                    let mut known = plan.columns.clone();
                    known.retain(|name, _| !selects || columns.contains_key(name));
                    check_columns(&file.url, &columns, &known)?;
                    plan.columns = column_types(source.schema());
                    plan.add(file, source.as_ref(), job.unit_rows)?;
                }
                Err(SourceError::Damaged { reason, .. }) if job.on_damage == OnDamage::Skip => {
                    plan.add_damaged(file, reason);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if plan.files.len() == files {
            return Ok(plan);
        }
        let piece = Plan {
            columns: plan.columns.clone(),
            files: plan.files[files..].to_vec(),
            units: plan.units[units..].to_vec(),
        };
        // another shard may have been first: then its plan is the plan
        if ledger.extend(pieces, &piece)? {
            return Ok(plan);
        }
    }
}

/// Refuses a file whose columns differ from those of the files before it.
fn check_columns(url: &str, is: &BTreeMap<String, String>, was: &BTreeMap<String, String>) -> Result<(), JobError> {
    let names = is.keys().chain(was.keys()).filter(|_| !was.is_empty());
    let show = |value: Option<&String>| value.map_or("absent".to_string(), Clone::clone);
    match names.map(|name| (name, is.get(name), was.get(name))).find(|(_, is, was)| is != was) {
        None => Ok(()),
        Some((column, is, was)) => {
            Err(JobError::Drift { url: url.to_string(), column: column.clone(), is: show(is), was: show(was) })
        }
    }
}

/// Records of units that stay as they are: their outputs are there.
fn current(
    ledger: &Ledger, (plan, begun): (&Plan, &Begun), output: &Store, rule: OnChange,
) -> Result<BTreeMap<usize, Record>, JobError> {
    let mut records = ledger.records()?;
    let units: HashMap<usize, &Unit> = plan.current().map(|unit| (unit.number, unit)).collect();
    records.retain(|number, record| units.get(number) == Some(&&record.unit) && begun.stands(&record.settings));
    // far away one listing is cheaper than a look at each
    let listed = if output.is_local() { Vec::new() } else { output.list("")? };
    let listed: HashSet<String> = listed.into_iter().map(|object| object.path).collect();
    let mut gone = HashSet::new();
    for (&number, record) in &records {
        let path = &record.unit.output;
        if listed.contains(path) || output.stat(path)?.is_some() {
            continue;
        }
        if rule != OnChange::Redo {
            return Err(JobError::OutputGone(output.url(path)));
        }
        gone.insert(number);
    }
    records.retain(|number, _| !gone.contains(number));
    Ok(records)
}

/// The record of a unit whose output was shown by a run that ended before it could note so.
fn adopt(work: &Work<'_>, (ledger, begun): (&Ledger, &Begun), unit: &Unit) -> Result<Option<Record>, JobError> {
    if work.output.stat(&unit.output)?.is_none() {
        return Ok(None);
    }
    let redo = unit.replaces || work.job.on_change == OnChange::Redo;
    match record_of(work.output, &unit.output)? {
        Some(record) if record.unit == *unit && begun.stands(&record.settings) => {
            ledger.add(&record)?;
            Ok(Some(record))
        }
        Some(record) if record.unit.url == unit.url && (redo || begun.redone.contains(&record.settings)) => Ok(None),
        _ => Err(JobError::Foreign(work.output.url(&unit.output))),
    }
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
