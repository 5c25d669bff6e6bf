//! [`begin`]: what a job's outputs are made with, agreed and noted.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{JobError, JobOptions, Ledger, OnChange, ledger::Begun, output_settings::OutputSettings};

/// What the ledger has, and what it is to have; refuses other settings than those of a job that goes on. Writes nothing.
///
/// # Errors
/// [`JobError::Changed`], and what the ledger answers.
pub fn agree(job: &JobOptions, ledger: &Ledger, settings: &OutputSettings) -> Result<(Option<Begun>, Begun), JobError> {
    let Some(known) = ledger.begun()? else {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
        return Ok((None, Begun::new(time, settings.clone())));
    };
    let now = match (known.settings.difference(settings), job.on_change) {
        (None, OnChange::Redo) if !known.kept.is_empty() => known.clone().change(settings, false),
        (None, _) => known.clone(),
        // nothing is done yet, and no other shard does anything: an output without a record is made again
        (Some(_), OnChange::Refuse) if job.shard.count == 1 && ledger.records()?.is_empty() => {
            known.clone().change(settings, false)
        }
        (Some((name, was, is)), OnChange::Refuse) => return Err(JobError::Changed { name, was, is }),
        (Some(_), rule) => known.clone().change(settings, rule == OnChange::Keep),
    };
    Ok((Some(known), now))
}

/// Notes what was agreed.
///
/// # Errors
/// As [`agree`].
pub fn begin(job: &JobOptions, ledger: &Ledger, settings: &OutputSettings) -> Result<Begun, JobError> {
    loop {
        match agree(job, ledger, settings)? {
            // another shard may have been first: then it is one job all the same
            (None, now) if !ledger.begin(&now)? => {}
            (Some(known), now) if known != now => {
                ledger.set_begun(&now)?;
                return Ok(now);
            }
            (_, now) => return Ok(now),
        }
    }
}
