//! `spanframe model export`: read here, done by the Python package, since it takes torch.

use std::path::PathBuf;

use clap::ValueEnum;
use spanframe_engine::{ErrorKind, input::TextColumn};

use crate::{
    Host,
    error::CliError,
    flags::{ExportFlags, Precision},
    table_file::TableFile,
    text::print,
};

/// What is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRequest {
    /// Folder of the checkpoint.
    pub checkpoint: PathBuf,
    /// Folder to make.
    pub folder: PathBuf,
    /// Smaller files to write, `fp16` or `int8`.
    pub precision: Vec<String>,
    /// Texts to compare on; the package's own where `None`.
    pub texts: Option<Vec<String>>,
}

/// Why it was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExportError {
    /// Which decides the exit code.
    pub kind: ErrorKind,
    /// What, where, and the way out.
    pub message: String,
}

pub fn export(flags: &ExportFlags, host: &Host) -> Result<(), CliError> {
    let export = host.export.ok_or(CliError::NoPython)?;
    let name = |precision: &Precision| precision.to_possible_value().map(|value| value.get_name().to_string());
    let told = export(ExportRequest {
        checkpoint: flags.checkpoint.clone(),
        folder: flags.folder.clone(),
        precision: flags.precision.iter().filter_map(name).collect(),
        texts: texts(flags)?,
    })?;
    print(&told)
}

/// The notes of the sample that are not null.
fn texts(flags: &ExportFlags) -> Result<Option<Vec<String>>, CliError> {
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
