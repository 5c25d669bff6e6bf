//! [`finalize`]: checks that all units of a job are done, and sums them up.

use crate::{
    JobError, JobOptions, JobProgress, OnChange, RunSummary, Summary, failed_inputs::FailedInputs, folders::JobFolders,
    outputs::Outputs,
};

/// Stores and returns the summary of a finished job.
///
/// # Errors
/// - [`JobError::NoJob`] if no job has begun.
/// - [`JobError::Incomplete`] if units are missing; it names the shards to run.
/// - [`JobError::Foreign`], [`JobError::OutputGone`] if outputs were replaced or removed.
/// - [`JobError::Ledger`], [`JobError::Store`].
pub fn finalize(job: &JobOptions, folders: &JobFolders) -> Result<Summary, JobError> {
    let ledger = &folders.ledger;
    let no_job = || JobError::NoJob(ledger.store().url(""));
    let stored = ledger.plan()?;
    if stored.segments == 0 {
        return Err(no_job());
    }
    let header = ledger.header()?.ok_or_else(no_job)?;
    let outputs = Outputs { folders, header: &header, on_change: OnChange::Refuse };
    let run = RunSummary::new(&JobProgress::default(), &FailedInputs::default());
    let summary = Summary::new(&stored.plan, &outputs.done(&stored.plan)?, 0, run);
    if let Some(&example) = summary.missing.first() {
        let shards: Vec<String> = summary
            .shards(job.shard.count)
            .iter()
            .map(|shard| format!("`shard` {}/{}", shard.index, shard.count))
            .collect();
        let shards = if job.shard.count == 1 { "the job again".to_string() } else { shards.join(", ") };
        return Err(JobError::Incomplete { missing: summary.missing.len(), units: summary.units, example, shards });
    }
    ledger.set_summary(&summary)?;
    Ok(summary)
}
