//! [`open`]: opens a file of any known format.

use std::sync::Arc;

use spanframe_store::ReadAt;

use super::{CsvOptions, Format, Source, SourceError, csv, ipc, ndjson, parquet, text_file::TextFile};

/// Opens a file, CSV with a header and as RFC 4180 has it. See [`open_with`].
///
/// # Errors
/// Those of [`open_with`].
pub fn open(file: Arc<dyn ReadAt>, path: &str) -> Result<Box<dyn Source>, SourceError> {
    open_with(file, path, CsvOptions::default())
}

/// Opens a file. The ending of its name tells the format; `options` are for CSV.
///
/// `.parquet`, `.pq`: Parquet. `.arrow`, `.ipc`, `.feather`: Arrow IPC. `.csv`, `.tsv`: CSV. `.ndjson`, `.jsonl`:
/// NDJSON. CSV and NDJSON may end in `.gz` or `.zst` too; they are read through once, to count rows and infer types.
///
/// # Errors
/// - [`SourceError::Format`] for any other ending.
/// - [`SourceError::Damaged`] if the file is not of its format from beginning to end.
/// - [`SourceError::Unsupported`], [`SourceError::NoHeader`], [`SourceError::FirstRow`],
///   [`SourceError::DuplicateColumn`], [`SourceError::LongRow`].
/// - [`SourceError::Io`] if the store fails.
pub fn open_with(file: Arc<dyn ReadAt>, path: &str, options: CsvOptions) -> Result<Box<dyn Source>, SourceError> {
    let (format, compression) = Format::of(path)?;
    let text = |file, format| TextFile { file, path: path.to_string(), format, compression };
    Ok(match format {
        Format::Parquet => Box::new(parquet::open(file, path)?),
        Format::Ipc => Box::new(ipc::open(file, path)?),
        Format::Csv(separator) => Box::new(csv::open(text(file, "CSV"), separator, options)?),
        Format::Ndjson => Box::new(ndjson::open(text(file, "NDJSON"))?),
    })
}
