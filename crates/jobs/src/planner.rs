//! [`Planner`]: extends the plan of a job by the files that are new.
//!
//! The plan only grows. A segment is created, never changed, and whoever creates a number first wins. So shards agree
//! on the numbers of units without talking to each other, and later runs find them unchanged:
//!
//! ```text
//! plan/00000.json  files a, b    units 0..8   a shard created it; the others found it there and took it
//! plan/00001.json  file c        units 8..10  a later run found a new file
//! plan/00002.json  file a again  units 10..12 a was replaced (`on_change=redo`): units 0..4 of a are superseded
//! ```

use std::collections::{BTreeSet, HashMap, HashSet};

use arrow_schema::DataType;
use spanframe_engine::shown_name::quoted_name;
use tracing::warn;

use crate::{
    JobError, Ledger, OnChange, OnDamage,
    common_type::common_type,
    failed_inputs::FailedInputs,
    form::Form,
    input::InputFile,
    input_columns::{ColumnTypes, InputColumns, column_types},
    parquet_type::parquet_type,
    plan::{JobPlan, StoredPlan},
    setup::JobSetup,
    source::{self, SourceError},
};

/// Plans the inputs of a job.
pub struct Planner<'j> {
    pub setup: &'j JobSetup,
    pub inputs: &'j [InputFile],
    pub ledger: &'j Ledger,
}

/// A plan that may have files which the ledger does not have yet.
pub struct ExtendedPlan {
    plan: JobPlan,
    /// What the ledger has of it.
    stored_segments: usize,
    stored_files: usize,
    stored_units: usize,
    /// New inputs that cannot be read. They are not planned, so that the next run tries them again.
    pub failed: FailedInputs,
}

/// A plan that the ledger has.
pub struct Planned {
    pub plan: JobPlan,
    /// Damaged files that this run added to it (`on_damage=skip`).
    pub files_lost: usize,
    /// New inputs that cannot be read.
    pub failed: FailedInputs,
}

impl ExtendedPlan {
    /// True if there is nothing to do but to tell what failed.
    pub fn is_empty(&self) -> bool {
        self.plan.files.is_empty()
    }
}

impl Planner<'_> {
    /// Adds the inputs that are new, and checks them in full. Writes nothing.
    ///
    /// A file that was replaced before any unit read it is new. A file that cannot be read is put aside, unless
    /// `overwrite` would remove what an earlier job made of it.
    ///
    /// # Errors
    /// - [`JobError::InputChanged`] if an input was replaced after units of it were done, and `on_change` is `refuse`.
    /// - [`JobError::NoColumn`], [`JobError::WrongType`], [`JobError::Form`] if the job cannot use its columns.
    /// - [`JobError::Drift`] if its columns differ from those of the files before.
    /// - [`JobError::SameOutput`] if two inputs have one output.
    /// - [`JobError::Source`], [`JobError::Input`] if the store fails, or a file cannot be read under `overwrite`.
    pub fn extend(&self, stored: StoredPlan) -> Result<ExtendedPlan, JobError> {
        let StoredPlan { mut plan, segments } = stored;
        let (stored_files, stored_units) = (plan.files.len(), plan.units.len());
        let on_change = self.setup.job.on_change;
        let versions: HashMap<String, String> =
            plan.versions().into_iter().map(|(url, version)| (url.to_string(), version.to_string())).collect();
        let mut failed = FailedInputs::default();
        let mut done = None;
        for file in self.inputs {
            match versions.get(&file.url) {
                Some(version) if *version == file.version => continue,
                Some(_) if on_change != OnChange::Redo => {
                    // the records are read only if a file was replaced
                    let done = match &mut done {
                        Some(done) => done,
                        none => none.insert(self.files_with_units(&plan)?),
                    };
                    match (done.contains(&file.url), on_change) {
                        (true, OnChange::Refuse) => return Err(JobError::InputChanged(file.url.clone())),
                        (true, _) => continue,
                        (false, _) => {}
                    }
                }
                _ => {}
            }
            match self.add(&mut plan, file, segments > 0) {
                Err(error) if error.is_of_input() && !self.setup.job.overwrite => failed.add(&file.url, error),
                added => added?,
            }
        }
        Ok(ExtendedPlan { plan, stored_segments: segments, stored_files, stored_units, failed })
    }

    /// The files of which a unit is done, in their current version.
    fn files_with_units(&self, plan: &JobPlan) -> Result<HashSet<String>, JobError> {
        let records = self.ledger.records()?;
        let done = plan.current().filter(|unit| records.contains_key(&unit.number));
        Ok(done.map(|unit| unit.url.clone()).collect())
    }

    /// Adds a file. The outputs of a plan that `is_stored` have their types already, and the file follows them.
    fn add(&self, plan: &mut JobPlan, file: &InputFile, is_stored: bool) -> Result<(), JobError> {
        let job = &self.setup.job;
        let source = match source::open_with(file.open()?, &file.url, job.csv()) {
            Err(SourceError::Damaged { reason, .. }) if job.on_damage == OnDamage::Skip => {
                plan.add_damaged(file, reason);
                return Ok(());
            }
            source => source?,
        };
        let columns = self.setup.check(&file.url, source.as_ref())?;
        let selects = job.select.is_some() || job.form == Form::NoteNlp;
        // the selection may be another one than when the files before were planned
        let mut known = plan.columns.clone();
        known.retain(|name, _| !selects || columns.own().find(name).is_some());
        let kept = kept_types(&columns, &known, is_stored)?;
        plan.columns = column_types(source.schema());
        plan.columns.extend(kept);
        plan.add(file, source.as_ref(), job.unit_rows)
    }

    /// Stores what is new as the next segment. If another shard was first, extends that shard's plan instead.
    ///
    /// # Errors
    /// As [`extend`](Self::extend), and [`JobError::Ledger`].
    pub fn store(&self, mut extended: ExtendedPlan) -> Result<Planned, JobError> {
        loop {
            let ExtendedPlan { plan, stored_segments, stored_files, stored_units, failed } = extended;
            if plan.files.len() == stored_files {
                return Ok(Planned { plan, files_lost: 0, failed });
            }
            let segment = JobPlan {
                columns: plan.columns.clone(),
                files: plan.files[stored_files..].to_vec(),
                units: plan.units[stored_units..].to_vec(),
            };
            if self.ledger.add_segment(stored_segments, &segment)? {
                let lost = segment.files.iter().filter_map(|file| Some((&file.url, file.damage.as_ref()?)));
                let files_lost = lost.inspect(|(file, reason)| warn!(file, reason, "file lost")).count();
                return Ok(Planned { plan, files_lost, failed });
            }
            extended = self.extend(self.ledger.plan()?)?;
        }
    }
}

/// The types of the kept columns of a file in all outputs. An empty `known` means that there is no file before.
///
/// # Errors
/// [`JobError::Drift`] if a column has values of another kind than in the files before, or is in one of them only.
fn kept_types(columns: &InputColumns, known: &ColumnTypes, is_stored: bool) -> Result<ColumnTypes, JobError> {
    let drift = |column: &str, is: Option<&str>, was: Option<&str>| {
        let [is, was] = [is, was].map(|found| found.unwrap_or("absent").to_string());
        JobError::Drift { url: columns.url().to_string(), column: quoted_name(column), is, was }
    };
    let names: BTreeSet<&String> = known.keys().chain(columns.own().iter().map(|field| field.name())).collect();
    let shared = |name: &String| {
        let is = columns.own().find(name).map(|(_, field)| field.data_type());
        let shared = match (is, known.get(name)) {
            (Some(is), None) if known.is_empty() => Some(is.to_string()),
            (Some(is), Some(was)) if is.to_string() == *was => Some(was.clone()),
            (Some(is), Some(was)) => shared_type(is, was, is_stored),
            _ => None,
        };
        let is = is.map(DataType::to_string);
        Ok((name.clone(), shared.ok_or_else(|| drift(name, is.as_deref(), known.get(name).map(String::as_str)))?))
    };
    names.into_iter().map(shared).collect()
}

/// The type of a column that `is` of one type in a file and `was` of another in those before; `None` if it has none.
fn shared_type(is: &DataType, was: &str, is_stored: bool) -> Option<String> {
    let before: DataType = was.parse().ok()?;
    let common = common_type(&parquet_type(&before)?, &parquet_type(is)?)?;
    if is_stored {
        // outputs of nulls alone are there already
        return (before != DataType::Null).then(|| was.to_string());
    }
    // the plan keeps the name of the type alone
    let name = common.to_string();
    name.parse().is_ok_and(|parsed: DataType| parsed == common).then_some(name)
}
