//! What stands where a job's outputs belong: its own, or a file of someone else.

use std::collections::{BTreeMap, HashMap, HashSet};

use spanframe_store::{Object, Store};

use crate::{
    JobError, Ledger, OnChange,
    ledger::Begun,
    plan::{JobPlan, Unit},
    record::Record,
    sink,
    unit::{RECORD, Work},
};

/// Removes the outputs of the job and its records.
pub fn clear(ledger: &Ledger, output: &Store) -> Result<(), JobError> {
    // a plan that cannot be read names no outputs: what is there is found again by its footer, or refused
    let (plan, _) = match ledger.plan() {
        Err(JobError::Ledger { .. }) => (JobPlan::default(), 0),
        plan => plan?,
    };
    // the records first: none of them may be of an output that is gone
    ledger.clear_records()?;
    plan.units.iter().try_for_each(|unit| remove(output, &unit.output))?;
    ledger.clear()
}

/// Removes an output of a job, but no file of someone else.
pub fn remove(output: &Store, path: &str) -> Result<(), JobError> {
    if output.stat(path)?.is_some() && record_of(output, path)?.is_some() {
        output.remove(path)?;
    }
    Ok(())
}

/// Records of units that stay as they are: their outputs are there.
pub fn current(
    ledger: &Ledger, (plan, begun): (&JobPlan, &Begun), output: &Store, rule: OnChange,
) -> Result<BTreeMap<usize, Record>, JobError> {
    let mut records = ledger.records()?;
    let units: HashMap<usize, &Unit> = plan.current().map(|unit| (unit.number, unit)).collect();
    records.retain(|number, record| units.get(number) == Some(&&record.unit) && begun.stands(&record.settings));
    // far away one listing is cheaper than a look at each
    let listed = if output.is_local() { Vec::new() } else { output.list("")? };
    let mut listed: HashMap<String, Object> = listed.into_iter().map(|object| (object.path.clone(), object)).collect();
    let mut gone = HashSet::new();
    for (&number, record) in &records {
        let path = &record.unit.output;
        let found = listed.remove(path).map_or_else(|| output.stat(path), |object| Ok(Some(object)))?;
        match found {
            Some(object) if is_shown(output, record, &object, begun)? => {}
            Some(_) => return Err(JobError::Foreign(output.url(path))),
            None if rule != OnChange::Redo => return Err(JobError::OutputGone(output.url(path))),
            None => drop(gone.insert(number)),
        }
    }
    records.retain(|number, _| !gone.contains(number));
    Ok(records)
}

/// The record of a unit whose output was shown by a run that ended before it could note so.
pub fn adopt(work: &Work<'_>, (ledger, begun): (&Ledger, &Begun), unit: &Unit) -> Result<Option<Record>, JobError> {
    let Some(object) = work.output.stat(&unit.output)? else { return Ok(None) };
    let redo = unit.replaces || work.job.on_change == OnChange::Redo;
    match record_of(work.output, &unit.output)? {
        Some(record) if is_of(&record, unit, begun) => {
            let record = Record { shown: Some(object.into()), ..record };
            ledger.add(&record)?;
            Ok(Some(record))
        }
        Some(record) if record.unit.url == unit.url && (redo || begun.redone.contains(&record.settings)) => Ok(None),
        _ => Err(JobError::Foreign(work.output.url(&unit.output))),
    }
}

/// Whether `found` is the output that was shown when `record` was written. A copy of it has another version, but its size
/// and its footer; a file of another tool may have taken over the footer alone.
fn is_shown(output: &Store, record: &Record, found: &Object, begun: &Begun) -> Result<bool, JobError> {
    match &record.shown {
        Some(shown) if shown.version != found.version => Ok(shown.size == found.size
            && record_of(output, &found.path)?.is_some_and(|of| is_of(&of, &record.unit, begun))),
        _ => Ok(true),
    }
}

/// Whether a record is of this unit, and of the job as it is now.
fn is_of(record: &Record, unit: &Unit, begun: &Begun) -> bool {
    record.unit == *unit && begun.stands(&record.settings)
}

/// The record in the footer of an output; none in a file of someone else.
fn record_of(output: &Store, path: &str) -> Result<Option<Record>, JobError> {
    let Ok(pairs) = sink::metadata(output.reader(path)?, &output.url(path)) else { return Ok(None) };
    let text = pairs.into_iter().find(|(key, _)| key == RECORD);
    Ok(text.and_then(|(_, text)| serde_json::from_str(&text).ok()))
}
