//! Reconciles the settings of a run with those of the job that it continues.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{JobError, JobOptions, Ledger, OnChange, header::JobHeader, output_settings::OutputSettings};

/// Seconds since 1970 UTC.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

/// The header of a job before and after a run begins.
pub struct Reconciled {
    /// As the ledger has it; `None` for a new job.
    pub stored: Option<JobHeader>,
    /// As the run needs it.
    pub next: JobHeader,
}

/// Finds out with which header a run goes on. Writes nothing.
///
/// # Errors
/// [`JobError::Changed`] if the settings differ and `on_change` is `refuse`, [`JobError::Ledger`], [`JobError::Store`].
pub fn reconcile(job: &JobOptions, ledger: &Ledger, settings: &OutputSettings) -> Result<Reconciled, JobError> {
    let Some(stored) = ledger.header()? else {
        return Ok(Reconciled { stored: None, next: JobHeader::new(now(), settings.clone()) });
    };
    let known = stored.clone();
    let next = match (known.settings.change_to(settings), job.on_change) {
        (None, OnChange::Redo) if !known.kept.is_empty() => known.redo(settings),
        (None, _) => known,
        // no unit is done and no other shard works: an output without a record is made again
        (Some(_), OnChange::Refuse) if job.shard.count == 1 && ledger.records()?.is_empty() => known.redo(settings),
        (Some(change), OnChange::Refuse) => return Err(change.into()),
        (Some(_), OnChange::Keep) => known.keep(settings),
        (Some(_), OnChange::Redo) => known.redo(settings),
    };
    Ok(Reconciled { stored: Some(stored), next })
}

/// Reconciles the settings and stores the header.
///
/// # Errors
/// As [`reconcile`].
pub fn write_header(job: &JobOptions, ledger: &Ledger, settings: &OutputSettings) -> Result<JobHeader, JobError> {
    loop {
        match reconcile(job, ledger, settings)? {
            Reconciled { stored: None, next } => {
                if ledger.create_header(&next)? {
                    return Ok(next);
                }
                // another shard was first: reconcile with its header
            }
            Reconciled { stored: Some(stored), next } => {
                if stored != next {
                    ledger.replace_header(&next)?;
                }
                return Ok(next);
            }
        }
    }
}
