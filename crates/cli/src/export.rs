//! `spanframe model export`: the flags are read here, and the Python package does the work.

use clap::ValueEnum;
use spanframe_engine::input::TextColumn;

use crate::{
    console::print,
    error::CliError,
    flags::{ExportFlags, Precision},
    host::{ExportRequest, Host},
    table_file::TableFile,
};

/// Makes a model folder from a checkpoint.
pub fn export(flags: &ExportFlags, host: &Host) -> Result<(), CliError> {
    let export = host.export.ok_or(CliError::NoPython)?;
    let name = |precision: &Precision| precision.to_possible_value().map(|value| value.get_name().to_string());
    let report = export(ExportRequest {
        checkpoint: flags.checkpoint.clone(),
        folder: flags.folder.clone(),
        precision: flags.precision.iter().filter_map(name).collect(),
        texts: sample(flags)?,
    })?;
    print(&report)
}

/// The first notes of the sample file that are not null; `None` without a sample.
fn sample(flags: &ExportFlags) -> Result<Option<Vec<String>>, CliError> {
    let Some(path) = &flags.sample else { return Ok(None) };
    let file = TableFile::open(path)?;
    let column = file.text_column(&flags.column)?;
    let mut texts = Vec::new();
    for batch in file.read(&[column])? {
        let batch = batch?;
        let notes = TextColumn::new(batch.column(0))?;
        texts.extend((0..notes.len()).filter_map(|row| notes.get(row)).map(String::from));
        if texts.len() >= flags.limit {
            break;
        }
    }
    texts.truncate(flags.limit);
    Ok(Some(texts))
}
