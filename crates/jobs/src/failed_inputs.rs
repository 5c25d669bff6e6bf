//! [`FailedInputs`]: the input files that a run could not do, while it does all others.

use std::collections::BTreeMap;

use tracing::error;

use crate::{JobError, Summary};

/// The first error of each file that failed, in the order of the job.
#[derive(Default)]
pub struct FailedInputs(Vec<(String, JobError)>);

impl FailedInputs {
    /// Adds the error of a unit of the file `url`, or of the file itself, and logs it.
    pub fn add(&mut self, url: &str, error: JobError) {
        error!(file = url, reason = %error, "input failed");
        if !self.0.iter().any(|(known, _)| known == url) {
            self.0.push((url.to_string(), error));
        }
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Files with their errors.
    pub fn reasons(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(url, error)| (url.clone(), error.to_string())).collect()
    }

    /// Returns the summary of a run in which no input failed.
    ///
    /// # Errors
    /// [`JobError::Inputs`] if one did.
    pub fn result(self, summary: Summary) -> Result<Summary, JobError> {
        match self.0.is_empty() {
            true => Ok(summary),
            false => {
                let errors = self.0.into_iter().map(|(_, error)| error).collect();
                Err(JobError::Inputs { errors, summary: Box::new(summary) })
            }
        }
    }
}
