//! [`Outputs`]: the files in the output folder, of this job or of others. Only files of this job are replaced or
//! removed.
//!
//! The footer of an output has the [`Record`] of its unit; that tells an output of a job from any other file. The steps
//! of a commit, and what a killed run leaves, are drawn in [`ledger`](crate::ledger).

use std::collections::{BTreeMap, HashMap, HashSet};

use spanframe_store::{Object, Store};

use crate::{
    JobError, OnChange,
    folders::JobFolders,
    header::JobHeader,
    plan::{JobPlan, Unit},
    record::{RECORD_KEY, Record},
    sink,
};

/// The outputs of a job with this header.
pub struct Outputs<'j> {
    pub folders: &'j JobFolders,
    pub header: &'j JobHeader,
    pub on_change: OnChange,
}

impl Outputs<'_> {
    /// Returns the records of the units that are done, by number: their outputs are there, and belong to the job.
    ///
    /// # Errors
    /// - [`JobError::Foreign`] if another file stands where an output was.
    /// - [`JobError::OutputGone`] if an output is gone, unless `on_change` is `redo`.
    /// - [`JobError::Ledger`], [`JobError::Store`].
    pub fn done(&self, plan: &JobPlan) -> Result<BTreeMap<usize, Record>, JobError> {
        let output = &self.folders.output;
        let mut records = self.folders.ledger.records()?;
        let units: HashMap<usize, &Unit> = plan.current().map(|unit| (unit.number, unit)).collect();
        records
            .retain(|number, record| units.get(number) == Some(&&record.unit) && self.header.accepts(&record.settings));
        // in an object store one listing is cheaper than a request per output
        let listed = if output.is_local() { Vec::new() } else { output.list("")? };
        let mut listed: HashMap<String, Object> = listed.into_iter().map(|o| (o.path.clone(), o)).collect();
        let mut gone = HashSet::new();
        for (&number, record) in &records {
            let path = &record.unit.output;
            let found = listed.remove(path).map_or_else(|| output.stat(path), |object| Ok(Some(object)))?;
            match found {
                Some(object) if self.is_same(record, &object)? => {}
                Some(_) => return Err(JobError::Foreign(output.url(path))),
                None if self.on_change != OnChange::Redo => return Err(JobError::OutputGone(output.url(path))),
                None => drop(gone.insert(number)),
            }
        }
        records.retain(|number, _| !gone.contains(number));
        Ok(records)
    }

    /// Adopts the output of a run that was killed between rename and record: stores the record from its footer, and
    /// returns it. Returns `None` if the unit has no output, or one to replace.
    ///
    /// # Errors
    /// [`JobError::Foreign`] if there is a file of someone else, [`JobError::Store`].
    pub fn adopt(&self, unit: &Unit) -> Result<Option<Record>, JobError> {
        let JobFolders { output, ledger } = self.folders;
        let Some(object) = output.stat(&unit.output)? else { return Ok(None) };
        let may_replace = unit.replaces || self.on_change == OnChange::Redo;
        match read_record(output, &unit.output)? {
            Some(record) if self.is_of(&record, unit) => {
                let record = Record { shown: Some(object.into()), ..record };
                ledger.add_record(&record)?;
                Ok(Some(record))
            }
            Some(record)
                if record.unit.url == unit.url && (may_replace || self.header.redone.contains(&record.settings)) =>
            {
                Ok(None)
            }
            _ => Err(JobError::Foreign(output.url(&unit.output))),
        }
    }

    /// True if `found` is the output that `record` tells of.
    ///
    /// A copy of it has another version, but the same size and footer. The footer alone is no proof: another tool may
    /// have read the output and passed its footer on.
    fn is_same(&self, record: &Record, found: &Object) -> Result<bool, JobError> {
        match &record.shown {
            Some(shown) if shown.version != found.version => Ok(shown.size == found.size
                && read_record(&self.folders.output, &found.path)?.is_some_and(|own| self.is_of(&own, &record.unit))),
            _ => Ok(true),
        }
    }

    /// True if a record is of this unit, and of settings that the job accepts.
    fn is_of(&self, record: &Record, unit: &Unit) -> bool {
        record.unit == *unit && self.header.accepts(&record.settings)
    }
}

impl JobFolders {
    /// Removes the outputs and the records of the job (`overwrite`).
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn clear(&self) -> Result<(), JobError> {
        // a plan that is not valid names no outputs; what is there is adopted by its footer, or refused
        let plan = match self.ledger.plan() {
            Err(JobError::Ledger { .. }) => JobPlan::default(),
            stored => stored?.plan,
        };
        // records first: no record may tell of an output that is gone
        self.ledger.remove_records()?;
        plan.units.iter().try_for_each(|unit| self.remove_output(&unit.output))?;
        self.ledger.clear()
    }

    /// Removes a file if it is an output of a job.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn remove_output(&self, path: &str) -> Result<(), JobError> {
        if self.output.stat(path)?.is_some() && read_record(&self.output, path)?.is_some() {
            self.output.remove(path)?;
        }
        Ok(())
    }
}

/// Reads the record in the footer of an output; `None` if the file is no output of a job.
fn read_record(output: &Store, path: &str) -> Result<Option<Record>, JobError> {
    let Ok(pairs) = sink::metadata(output.reader(path)?, &output.url(path)) else { return Ok(None) };
    let text = pairs.into_iter().find(|(key, _)| key == RECORD_KEY);
    Ok(text.and_then(|(_, text)| serde_json::from_str(&text).ok()))
}
