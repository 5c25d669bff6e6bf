//! [`Ledger`]: the job's folder of records, from which a job that was stopped goes on.
//!
//! | file | content | written |
//! |---|---|---|
//! | `job.json` | [`Begun`] | when a job begins, or begins to differ |
//! | `plan/00000.json`, ... | [`JobPlan`], in pieces that follow each other | when files are found; never changed |
//! | `units/00000000.json`, ... | [`Record`] of a unit | after its output was shown |
//! | `rejects/00000000.parquet`, ... | rejected rows of a unit | before its output is shown |
//! | `summary.json` | [`Summary`] | when all units are done |

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use spanframe_store::{Lock, Store};

use crate::{JobError, Shard, Summary, output_settings::OutputSettings, plan::JobPlan, record::Record};

const BEGUN: &str = "job.json";
const SUMMARY: &str = "summary.json";
const PLAN: Numbered = Numbered { folder: "plan", ending: ".json" };
const UNITS: Numbered = Numbered { folder: "units", ending: ".json" };
const REJECTS: Numbered = Numbered { folder: "rejects", ending: ".parquet" };

/// What a job was begun with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// When, in seconds from 1970 UTC.
    pub time: i64,
    /// With what; the last that was agreed to, if it changed.
    pub settings: OutputSettings,
    /// Digests of other settings whose outputs stay.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub kept: BTreeSet<String>,
    /// Digests of other settings whose outputs are made again: a run that was to do so may have been stopped.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub redone: BTreeSet<String>,
}

impl Begun {
    /// A job that begins.
    #[must_use]
    pub fn new(time: i64, settings: OutputSettings) -> Self {
        Self { time, settings, kept: BTreeSet::new(), redone: BTreeSet::new() }
    }

    /// Whether an output that was made with the settings of this digest is one of the job as it is now.
    #[must_use]
    pub fn stands(&self, digest: &str) -> bool {
        self.settings.digest() == digest || self.kept.contains(digest)
    }

    /// The same job with other settings, with its outputs so far, or without.
    #[must_use]
    pub fn change(mut self, settings: &OutputSettings, keep: bool) -> Self {
        self.kept.insert(self.settings.digest());
        if !keep {
            self.redone.append(&mut self.kept);
        }
        self.settings = settings.clone();
        let digest = settings.digest();
        self.kept.remove(&digest);
        self.redone.remove(&digest);
        self
    }
}

/// Files of one kind, whose names are numbers.
struct Numbered {
    folder: &'static str,
    ending: &'static str,
}

impl Numbered {
    /// Whether `path` is one of them, and not a file that someone else put there.
    fn has(&self, path: &str) -> bool {
        let name = path.strip_prefix(self.folder).and_then(|name| name.strip_prefix('/'));
        let number = name.and_then(|name| name.strip_suffix(self.ending));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Those that are there.
    fn list(&self, store: &Store) -> Result<Vec<String>, JobError> {
        let paths = store.list(self.folder)?.into_iter().map(|object| object.path);
        Ok(paths.filter(|path| self.has(path)).collect())
    }

    fn remove(&self, store: &Store) -> Result<(), JobError> {
        Ok(self.list(store)?.iter().try_for_each(|path| store.remove(path))?)
    }
}

/// The folder of records of one job.
pub struct Ledger {
    store: Store,
}

impl Ledger {
    /// The ledger in the folder `place`, which need not exist yet.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn open(place: &str) -> Result<Self, JobError> {
        Ok(Self { store: Store::open(place)? })
    }

    /// The folder.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Refuses a folder that has files in it and no job: there records would be lost among them.
    ///
    /// # Errors
    /// [`JobError::NotAJob`], [`JobError::Store`].
    pub fn check_folder(&self) -> Result<(), JobError> {
        // a `job.json` that cannot be read may be anyone's
        let is_begun = || match self.begun() {
            Err(JobError::Ledger { .. }) => Ok(false),
            begun => begun.map(|begun| begun.is_some()),
        };
        if is_begun()? {
            return Ok(());
        }
        let mut files = self.store.list("")?;
        files.retain(|file| !file.path.is_empty());
        // another shard may have begun it meanwhile
        match files.is_empty() || files.iter().any(|file| PLAN.has(&file.path)) || is_begun()? {
            true => Ok(()),
            false => Err(JobError::NotAJob(self.store.url(""))),
        }
    }

    /// Keeps other processes from doing the same shard.
    ///
    /// # Errors
    /// [`JobError::Locked`] if one does it now.
    pub fn lock(&self, shard: Shard) -> Result<Lock, JobError> {
        let name = format!("shard-{}-of-{}", shard.index, shard.count);
        self.store.lock(&name)?.ok_or_else(|| JobError::Locked(self.store.url("")))
    }

    /// What the job's outputs are made with.
    ///
    /// # Errors
    /// [`JobError::Store`], [`JobError::Ledger`].
    pub fn begun(&self) -> Result<Option<Begun>, JobError> {
        self.read(BEGUN)
    }

    /// Notes what a new job's outputs are made with; `false` if another process was first.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn begin(&self, begun: &Begun) -> Result<bool, JobError> {
        Ok(self.store.put_new(BEGUN, &json(begun)?)?)
    }

    /// Notes what outputs are made with from now on.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn set_begun(&self, begun: &Begun) -> Result<(), JobError> {
        self.write(BEGUN, begun)
    }

    /// All that was planned, and the number of pieces in which it was.
    ///
    /// # Errors
    /// [`JobError::Store`], [`JobError::Ledger`].
    pub fn plan(&self) -> Result<(JobPlan, usize), JobError> {
        let mut plan = JobPlan::default();
        let mut pieces = 0;
        while let Some(piece) = self.read::<JobPlan>(&plan_piece(pieces))? {
            plan.columns = piece.columns;
            plan.files.extend(piece.files);
            plan.units.extend(piece.units);
            pieces += 1;
        }
        Ok((plan, pieces))
    }

    /// Adds a piece behind the first `pieces`; `false` if another process was first.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn extend(&self, pieces: usize, piece: &JobPlan) -> Result<bool, JobError> {
        Ok(self.store.put_new(&plan_piece(pieces), &json(piece)?)?)
    }

    /// The units that are done.
    ///
    /// # Errors
    /// [`JobError::Store`], [`JobError::Ledger`].
    pub fn records(&self) -> Result<BTreeMap<usize, Record>, JobError> {
        let mut records = BTreeMap::new();
        for path in UNITS.list(&self.store)? {
            if let Some(record) = self.read::<Record>(&path)? {
                records.insert(record.unit.number, record);
            }
        }
        Ok(records)
    }

    /// Notes that a unit is done.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn add(&self, record: &Record) -> Result<(), JobError> {
        self.write(&self::record(record.unit.number), record)
    }

    /// Forgets that a unit was done.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn forget(&self, number: usize) -> Result<(), JobError> {
        Ok(self.store.remove(&record(number))?)
    }

    /// Forgets which rows of a unit were rejected.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn forget_rejects(&self, number: usize) -> Result<(), JobError> {
        Ok(self.store.remove(&Self::rejects(number))?)
    }

    /// Where the rejected rows of a unit are.
    #[must_use]
    pub fn rejects(number: usize) -> String {
        format!("rejects/{number:08}.parquet")
    }

    /// Keeps the summary of the finished job. Who did what of it is left out, so that it stays when nothing is left to do.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn set_summary(&self, summary: &Summary) -> Result<(), JobError> {
        let bytes = json(&Summary { units_now: 0, ..summary.clone() })?;
        match self.store.get(SUMMARY)?.is_some_and(|known| known == bytes) {
            true => Ok(()),
            false => Ok(self.store.put(SUMMARY, &bytes)?),
        }
    }

    /// Forgets which units are done.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn clear_records(&self) -> Result<(), JobError> {
        UNITS.remove(&self.store)
    }

    /// Forgets everything. Other files in the folder stay.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn clear(&self) -> Result<(), JobError> {
        [UNITS, REJECTS].iter().try_for_each(|kind| kind.remove(&self.store))?;
        [SUMMARY, BEGUN].iter().try_for_each(|path| self.store.remove(path))?;
        // the plan goes last: as long as it is there, a clearing that was stopped can be started again
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

fn record(number: usize) -> String {
    format!("units/{number:08}.json")
}

fn plan_piece(number: usize) -> String {
    format!("plan/{number:05}.json")
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, JobError> {
    serde_json::to_vec_pretty(value).map_err(|e| JobError::Internal(e.to_string()))
}
