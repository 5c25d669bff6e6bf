//! [`JobFolders`]: the folder of a job's outputs and that of its records.

use spanframe_store::{Lock, Store};

use crate::{
    JobError, JobOptions, Ledger,
    input::{self, InputFile},
};

/// The folders of one job. They need not exist yet.
pub struct JobFolders {
    pub output: Store,
    pub ledger: Ledger,
}

impl JobFolders {
    /// Locates the folders. Reads and writes nothing.
    ///
    /// # Errors
    /// [`JobError::NoState`] if the output is a bucket or `/` and `state` is not given; [`JobError::Store`].
    pub fn locate(job: &JobOptions) -> Result<Self, JobError> {
        let output = Store::open(&job.output)?;
        let state = job.state.as_deref().ok_or_else(|| JobError::NoState(output.url("")))?;
        Ok(Self { output, ledger: Ledger::open(state)? })
    }

    /// Locks the shard, and removes the partial files of runs that were killed.
    ///
    /// # Errors
    /// [`JobError::NotAJob`], [`JobError::Locked`], [`JobError::Store`].
    pub fn claim(&self, job: &JobOptions) -> Result<Lock, JobError> {
        self.ledger.check_folder()?;
        let lock = self.ledger.lock(job.shard)?;
        self.output.sweep()?;
        self.ledger.store().sweep()?;
        Ok(lock)
    }

    /// Finds the inputs. The job's own outputs and records are no inputs.
    ///
    /// # Errors
    /// As [`input::find`].
    pub fn inputs(&self, job: &JobOptions) -> Result<Vec<InputFile>, JobError> {
        let own = [input::real_place(&self.output), input::real_place(self.ledger.store())];
        input::find(&job.inputs, &own)
    }
}
