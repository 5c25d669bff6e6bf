//! [`Draft`]: a plan with the files that are new, checked before anything of it is noted.

use std::collections::{BTreeMap, HashMap};

use arrow_schema::SchemaRef;

use crate::{
    JobError, JobOptions, Ledger, OnChange, OnDamage,
    form::Form,
    input::InputFile,
    plan::JobPlan,
    source::{self, SourceError},
    table::{Table, column_types},
};

/// The columns of a file, if the job can use them and write what it makes of them.
pub type Check<'c> = dyn Fn(&str, &SchemaRef) -> Result<Table, JobError> + 'c;

/// A plan, of which the ledger has the beginning.
pub struct Draft {
    plan: JobPlan,
    /// Pieces, files and units of the beginning.
    noted: [usize; 3],
}

impl Draft {
    /// What was planned in `pieces`, with the files that are new behind it.
    ///
    /// # Errors
    /// What `check` has against a file, [`JobError::Drift`], [`JobError::InputChanged`], [`JobError::SameOutput`], and a
    /// file that cannot be read.
    pub fn new(
        (mut plan, pieces): (JobPlan, usize), inputs: &[InputFile], job: &JobOptions, check: &Check<'_>,
    ) -> Result<Self, JobError> {
        let noted = [pieces, plan.files.len(), plan.units.len()];
        let selects = job.select.is_some() || job.form == Form::NoteNlp;
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
                    let columns = check(&file.url, source.schema())?.columns();
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
        Ok(Self { plan, noted })
    }

    /// Notes what is new; if another shard was first, its plan is the plan, and what is new is added to that.
    ///
    /// # Errors
    /// As [`new`](Self::new), and what the ledger answers.
    pub fn note(
        mut self, ledger: &Ledger, inputs: &[InputFile], job: &JobOptions, check: &Check<'_>,
    ) -> Result<JobPlan, JobError> {
        loop {
            let [pieces, files, units] = self.noted;
            let plan = self.plan;
            if plan.files.len() == files {
                return Ok(plan);
            }
            let (columns, files, units) = (plan.columns.clone(), plan.files[files..].to_vec(), &plan.units[units..]);
            if ledger.extend(pieces, &JobPlan { columns, files, units: units.to_vec() })? {
                return Ok(plan);
            }
            self = Self::new(ledger.plan()?, inputs, job, check)?;
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
