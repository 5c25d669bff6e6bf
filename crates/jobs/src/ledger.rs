//! [`Ledger`]: the records of a job, in a folder beside its output (`OUT.job`). A job that was stopped goes on from
//! them.
//!
//! | file | content | written |
//! |---|---|---|
//! | `job.json` | [`JobHeader`] | when a job begins, or its settings change |
//! | `plan/00000.json`, ... | [`JobPlan`], in segments | when new files are found; never changed |
//! | `units/00000000.json`, ... | [`Record`] of a unit | after its output is visible |
//! | `rejects/00000000.parquet`, ... | rejected rows of a unit | before its output is visible |
//! | `summary.json` | [`Summary`] | when all units are done |
//!
//! # The commit of a unit
//!
//! The rename of the output is the commit. The ledger's record is a copy of the one in the output's footer, for speed.
//!
//! ```text
//! step                                        killed after it, there is        the next run
//! 1 write OUT/.spanframe-partial/X            a partial file without a lock    removes it, does the unit
//! 2 write rejects/N.parquet                   rejects without a record         does the unit, replaces them
//! 3 if replacing: remove units/N.json         the old output without a record  does the unit, as job.json says redo
//! 4 end X with the Record in its footer       as after 1                       as after 1
//! 5 sync X, rename to OUT/NAME, never over    an output without a record       adopts it: its footer has the Record
//!   a file (unless replacing)
//! 6 write units/N.json                        everything                       skips the unit
//! ```
//!
//! So no unit is written twice, and nothing but the rename has to be atomic. `UnitRunner` does the steps, `Outputs`
//! adopts.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use spanframe_store::{Lock, Store};

pub use crate::header::JobHeader;
use crate::{
    JobError, Shard, Summary,
    plan::{JobPlan, StoredPlan},
    record::Record,
};

const HEADER: &str = "job.json";
const SUMMARY: &str = "summary.json";
const PLAN: Numbered = Numbered { folder: "plan", digits: 5, ending: ".json" };
const UNITS: Numbered = Numbered { folder: "units", digits: 8, ending: ".json" };
const REJECTS: Numbered = Numbered { folder: "rejects", digits: 8, ending: ".parquet" };

/// A folder of files whose names are numbers.
struct Numbered {
    folder: &'static str,
    digits: usize,
    ending: &'static str,
}

impl Numbered {
    fn path(&self, number: usize) -> String {
        format!("{}/{number:0digits$}{}", self.folder, self.ending, digits = self.digits)
    }

    /// True for a path that one of these files may have. Other files in the folder are not ours.
    fn has(&self, path: &str) -> bool {
        let name = path.strip_prefix(self.folder).and_then(|name| name.strip_prefix('/'));
        let number = name.and_then(|name| name.strip_suffix(self.ending));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn list(&self, store: &Store) -> Result<Vec<String>, JobError> {
        let paths = store.list(self.folder)?.into_iter().map(|object| object.path);
        Ok(paths.filter(|path| self.has(path)).collect())
    }

    fn remove(&self, store: &Store) -> Result<(), JobError> {
        Ok(self.list(store)?.iter().try_for_each(|path| store.remove(path))?)
    }
}

/// The records of one job. Every method fails with [`JobError::Store`] if the store does.
pub struct Ledger {
    store: Store,
}

impl Ledger {
    /// The ledger in `folder`, which need not exist yet.
    ///
    /// # Errors
    /// [`JobError::Store`] if it names no folder.
    pub fn open(folder: &str) -> Result<Self, JobError> {
        Ok(Self { store: Store::open(folder)? })
    }

    /// The folder.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Refuses a folder of other files, among which the records would be lost.
    ///
    /// # Errors
    /// [`JobError::NotAJob`] if the folder has files and no job.
    pub fn check_folder(&self) -> Result<(), JobError> {
        // a `job.json` that is no header may be anyone's
        let has_header = || match self.header() {
            Err(JobError::Ledger { .. }) => Ok(false),
            header => header.map(|header| header.is_some()),
        };
        if has_header()? {
            return Ok(());
        }
        let mut files = self.store.list("")?;
        files.retain(|file| !file.path.is_empty());
        // look again at last: another shard may have begun the job meanwhile
        match files.is_empty() || files.iter().any(|file| PLAN.has(&file.path)) || has_header()? {
            true => Ok(()),
            false => Err(JobError::NotAJob(self.store.url(""))),
        }
    }

    /// Locks a shard against other processes, until the lock is dropped.
    ///
    /// # Errors
    /// [`JobError::Locked`] if another process holds it.
    pub fn lock(&self, shard: Shard) -> Result<Lock, JobError> {
        let name = format!("shard-{}-of-{}", shard.index, shard.count);
        self.store.lock(&name)?.ok_or_else(|| JobError::Locked(self.store.url("")))
    }

    /// Reads the header; `None` if no job has begun.
    ///
    /// # Errors
    /// [`JobError::Ledger`] if the file is not valid.
    pub fn header(&self) -> Result<Option<JobHeader>, JobError> {
        self.read(HEADER)
    }

    /// Stores the header of a new job. Returns `false` if another process was first.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn create_header(&self, header: &JobHeader) -> Result<bool, JobError> {
        Ok(self.store.put_new(HEADER, &json(header)?)?)
    }

    /// Replaces the header.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn replace_header(&self, header: &JobHeader) -> Result<(), JobError> {
        self.write(HEADER, header)
    }

    /// Reads the plan: all of its segments, joined.
    ///
    /// # Errors
    /// [`JobError::Ledger`] if a segment is not valid.
    pub fn plan(&self) -> Result<StoredPlan, JobError> {
        let mut stored = StoredPlan::default();
        while let Some(segment) = self.read::<JobPlan>(&PLAN.path(stored.segments))? {
            stored.plan.columns = segment.columns;
            stored.plan.files.extend(segment.files);
            stored.plan.units.extend(segment.units);
            stored.segments += 1;
        }
        Ok(stored)
    }

    /// Adds the segment of this number to the plan. Returns `false` if another process was first.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn add_segment(&self, number: usize, segment: &JobPlan) -> Result<bool, JobError> {
        Ok(self.store.put_new(&PLAN.path(number), &json(segment)?)?)
    }

    /// Reads the records of the units that are done, by number.
    ///
    /// # Errors
    /// [`JobError::Ledger`] if a record is not valid.
    pub fn records(&self) -> Result<BTreeMap<usize, Record>, JobError> {
        let mut records = BTreeMap::new();
        for path in UNITS.list(&self.store)? {
            if let Some(record) = self.read::<Record>(&path)? {
                records.insert(record.unit.number, record);
            }
        }
        Ok(records)
    }

    /// Stores the record of a unit.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn add_record(&self, record: &Record) -> Result<(), JobError> {
        self.write(&UNITS.path(record.unit.number), record)
    }

    /// Removes the record of a unit.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn remove_record(&self, number: usize) -> Result<(), JobError> {
        Ok(self.store.remove(&UNITS.path(number))?)
    }

    /// Removes the records of all units.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn remove_records(&self) -> Result<(), JobError> {
        UNITS.remove(&self.store)
    }

    /// Path of the file with the rejected rows of a unit.
    #[must_use]
    pub fn rejects_path(number: usize) -> String {
        REJECTS.path(number)
    }

    /// Removes the rejected rows of a unit.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn remove_rejects(&self, number: usize) -> Result<(), JobError> {
        Ok(self.store.remove(&REJECTS.path(number))?)
    }

    /// Stores the summary of a finished job. A run that finds nothing to do changes no byte: the file keeps what the
    /// last run did that made a unit.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn set_summary(&self, summary: &Summary) -> Result<(), JobError> {
        let bytes = json(summary)?;
        let stored = self.store.get(SUMMARY)?.filter(|_| summary.units_now == 0);
        match stored.is_some_and(|stored| of_job(&stored) == of_job(&bytes)) {
            true => Ok(()),
            false => Ok(self.store.put(SUMMARY, &bytes)?),
        }
    }

    /// Removes all records. Other files in the folder stay.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn clear(&self) -> Result<(), JobError> {
        [UNITS, REJECTS].iter().try_for_each(|files| files.remove(&self.store))?;
        [SUMMARY, HEADER].iter().try_for_each(|path| self.store.remove(path))?;
        // the plan goes last: while it is there, a removal that was stopped can be started again
        PLAN.remove(&self.store)
    }

    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, JobError> {
        let Some(bytes) = self.store.get(path)? else { return Ok(None) };
        let wrong = |e: serde_json::Error| JobError::Ledger { url: self.store.url(path), reason: e.to_string() };
        serde_json::from_slice(&bytes).map(Some).map_err(wrong)
    }

    fn write(&self, path: &str, value: &impl Serialize) -> Result<(), JobError> {
        Ok(self.store.put(path, &json(value)?)?)
    }
}

/// The figures of a stored summary that are of the whole job; `None` if it is not valid.
fn of_job(summary: &[u8]) -> Option<Map<String, Value>> {
    let mut all: Map<String, Value> = serde_json::from_slice(summary).ok()?;
    ["units_now", "run"].iter().for_each(|of_run| drop(all.remove(*of_run)));
    Some(all)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, JobError> {
    serde_json::to_vec_pretty(value).map_err(|e| JobError::Internal(e.to_string()))
}
