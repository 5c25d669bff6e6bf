//! [`Provenance`]: how a file was made, as its footer records it.

use spanframe_jobs::{JobError, input::InputFile, sink, source::Format};

use crate::error::CliError;

/// First part of the keys of spanframe in a footer.
const PREFIX: &str = "spanframe.";
/// Key of the record of a job's unit, which says nothing about the entities.
const RECORD: &str = "record";

/// Model, version and options with which a file was made, as names and values.
pub(super) struct Provenance(pub Vec<(String, String)>);

impl Provenance {
    /// Reads the footer of a Parquet file. Other formats have none.
    ///
    /// # Errors
    /// [`CliError::Job`] if the file cannot be read.
    pub(super) fn read(input: &InputFile) -> Result<Self, CliError> {
        if Format::of(&input.url).map_err(JobError::from)?.0 != Format::Parquet {
            return Ok(Self(Vec::new()));
        }
        let footer = sink::metadata(input.open()?, &input.url).map_err(JobError::from)?;
        let ours = footer.into_iter().filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?.to_string(), value)));
        Ok(Self(ours.filter(|(key, _)| key != RECORD).collect()))
    }

    /// Value of `name`, such as `output_column`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
