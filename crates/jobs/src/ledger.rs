//! [`Ledger`]: the job's folder of records, from which a job that was stopped goes on.
//!
//! | file | content | written |
//! |---|---|---|
//! | `job.json` | [`Begun`] | when a job begins, or begins to differ |
//! | `plan/00000.json`, ... | [`Plan`], in pieces that follow each other | when files are found; never changed |
//! | `units/00000000.json`, ... | [`Record`] of a unit | after its output was shown |
//! | `rejects/00000000.parquet`, ... | rejected rows of a unit | before its output is shown |
//! | `summary.json` | [`Summary`](crate::Summary) | when all units are done |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use spanframe_store::{Lock, Store};

use crate::{JobError, Shard, plan::Plan, record::Record, settings::Settings};

const BEGUN: &str = "job.json";
const SUMMARY: &str = "summary.json";

/// What a job was begun with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// When, in seconds from 1970 UTC.
    pub time: i64,
    /// With what; the last that was agreed to, if it changed.
    pub settings: Settings,
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
    pub fn plan(&self) -> Result<(Plan, usize), JobError> {
        let mut plan = Plan::default();
        let mut pieces = 0;
        while let Some(piece) = self.read::<Plan>(&plan_piece(pieces))? {
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
    pub fn extend(&self, pieces: usize, piece: &Plan) -> Result<bool, JobError> {
        Ok(self.store.put_new(&plan_piece(pieces), &json(piece)?)?)
    }

    /// The units that are done.
    ///
    /// # Errors
    /// [`JobError::Store`], [`JobError::Ledger`].
    pub fn records(&self) -> Result<BTreeMap<usize, Record>, JobError> {
        let mut records = BTreeMap::new();
        for object in self.store.list("units")? {
            if let Some(record) = self.read::<Record>(&object.path)? {
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
        self.write(&format!("units/{:08}.json", record.unit.number), record)
    }

    /// Where the rejected rows of a unit are.
    #[must_use]
    pub fn rejects(number: usize) -> String {
        format!("rejects/{number:08}.parquet")
    }

    /// Keeps the summary of the finished job.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn set_summary(&self, summary: &impl Serialize) -> Result<(), JobError> {
        self.write(SUMMARY, summary)
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// [`JobError::Store`].
    pub fn clear(&self) -> Result<(), JobError> {
        // the plan goes last: as long as it is there, a clearing that was stopped can be started again
        let mut objects = self.store.list("")?;
        objects.sort_by_key(|object| object.path.starts_with("plan/"));
        Ok(objects.iter().try_for_each(|object| self.store.remove(&object.path))?)
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

fn plan_piece(number: usize) -> String {
    format!("plan/{number:05}.json")
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, JobError> {
    serde_json::to_vec_pretty(value).map_err(|e| JobError::Internal(e.to_string()))
}
