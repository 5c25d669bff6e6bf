//! `spanframe annotate`: Parquet in, Parquet out, one row group at a time.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use spanframe_engine::{Engine, EngineOptions, schema};
use tempfile::NamedTempFile;

use crate::{error::CliError, flags::AnnotateFlags, interrupt, parquet_file::ParquetFile, progress::Progress};

/// A row group is closed when it holds this much, however large that of the input was.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// One input with all that was decided before any work began.
struct Plan {
    file: ParquetFile,
    output: PathBuf,
    /// Input columns to read: those to keep, and the text.
    columns: Vec<usize>,
    schema: SchemaRef,
}

pub fn annotate(flags: &AnnotateFlags, options: &EngineOptions) -> Result<(), CliError> {
    let inputs = expand(&flags.inputs)?;
    let outputs = outputs(&inputs, &flags.output)?;
    let mut fields = vec![Field::new(&flags.output_column, schema::data_type(options.layout), true)];
    fields.extend(flags.diagnostics_column.iter().map(|name| Field::new(name, schema::diagnostics_type(), true)));
    let plans = inputs
        .iter()
        .zip(outputs)
        .map(|(input, output)| plan(flags, input, output, &fields))
        .collect::<Result<Vec<_>, _>>()?;
    let engine = Engine::new(options)?;
    let rows = plans.iter().map(|p| p.file.rows()).sum();
    let progress = Progress::new(rows, flags.quiet);
    progress.watch(engine.metrics(), || plans.iter().try_for_each(|plan| write(flags, plan, &engine)))
}

/// The files that the arguments name, patterns expanded.
fn expand(inputs: &[String]) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    for input in inputs {
        let path = PathBuf::from(input);
        if path.exists() {
            found.push(path);
            continue;
        }
        if !input.contains(['*', '?', '[']) {
            return Err(CliError::NoFile(input.clone()));
        }
        let wrong = |reason: String| CliError::Pattern { pattern: input.clone(), reason };
        let before = found.len();
        for entry in glob::glob(input).map_err(|e| wrong(e.to_string()))? {
            found.push(entry.map_err(|e| wrong(e.to_string()))?);
        }
        if found.len() == before {
            return Err(CliError::NoMatch(input.clone()));
        }
    }
    Ok(found)
}

/// Where each input goes: the output itself, or a file of the same name in it if it is a folder or ends like one.
fn outputs(inputs: &[PathBuf], output: &Path) -> Result<Vec<PathBuf>, CliError> {
    let says_folder = output.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    if inputs.len() == 1 && !output.is_dir() && !says_folder {
        return Ok(vec![output.to_path_buf()]);
    }
    if output.is_file() {
        return Err(CliError::OutputNotFolder(output.to_path_buf()));
    }
    let mut names = HashSet::new();
    inputs
        .iter()
        .map(|input| {
            let name = input.file_name().unwrap_or_default();
            if !names.insert(name) {
                return Err(CliError::SameName(name.to_string_lossy().into_owned()));
            }
            Ok(output.join(name))
        })
        .collect()
}

fn plan(flags: &AnnotateFlags, input: &Path, output: PathBuf, new: &[Field]) -> Result<Plan, CliError> {
    let file = ParquetFile::open(input)?;
    let text = file.text_column(&flags.column)?;
    let kept = match &flags.select {
        None => (0..file.schema().fields().len()).collect(),
        Some(names) => {
            let mut kept = names.iter().map(|name| file.column(name)).collect::<Result<Vec<_>, _>>()?;
            kept.sort_unstable();
            kept.dedup();
            kept
        }
    };
    let mut fields: Vec<_> = kept.iter().map(|&i| Arc::clone(&file.schema().fields()[i])).collect();
    for field in new {
        if fields.iter().any(|f| f.name() == field.name()) {
            return Err(CliError::ColumnExists { path: input.to_path_buf(), column: field.name().clone() });
        }
        fields.push(Arc::new(field.clone()));
    }
    if output.exists() && !flags.overwrite {
        return Err(CliError::OutputExists(output));
    }
    let schema = Arc::new(Schema::new_with_metadata(fields, file.schema().metadata().clone()));
    let mut columns = kept;
    columns.push(text);
    columns.sort_unstable();
    columns.dedup();
    Ok(Plan { file, output, columns, schema })
}

/// Writes beside the output and renames at the end: there is a whole output or none.
fn write(flags: &AnnotateFlags, plan: &Plan, engine: &Engine) -> Result<(), CliError> {
    let output = &plan.output;
    let failed = |e: &dyn std::error::Error| CliError::Write { path: output.clone(), reason: e.to_string() };
    let folder = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| failed(&e))?;
    let mut partial = partial(folder).map_err(|e| failed(&e))?;
    let _guard = interrupt::remove_if_interrupted(partial.path());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("spanframe ", env!("CARGO_PKG_VERSION")).to_string())
        .build();
    let mut writer =
        ArrowWriter::try_new(&mut partial, Arc::clone(&plan.schema), Some(properties)).map_err(|e| failed(&e))?;
    for row_group in 0..plan.file.row_groups() {
        for batch in plan.file.read(row_group, &plan.columns)? {
            let batch = batch.map_err(|e| plan.file.damaged(&e))?;
            writer.write(&annotated(flags, plan, engine, &batch)?).map_err(|e| failed(&e))?;
            if writer.in_progress_size() > ROW_GROUP_BYTES {
                writer.flush().map_err(|e| failed(&e))?;
            }
        }
        writer.flush().map_err(|e| failed(&e))?;
    }
    writer.close().map_err(|e| failed(&e))?;
    partial.as_file().sync_all().map_err(|e| failed(&e))?;
    let kept = if flags.overwrite { partial.persist(output) } else { partial.persist_noclobber(output) };
    kept.map(drop).map_err(|e| failed(&e.error))
}

/// A hidden file in `folder`, with the rights that the user's umask gives any new file.
fn partial(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".spanframe-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn annotated(
    flags: &AnnotateFlags, plan: &Plan, engine: &Engine, batch: &RecordBatch,
) -> Result<RecordBatch, CliError> {
    let column = |name: &str| {
        batch.column_by_name(name).cloned().ok_or_else(|| CliError::NoColumn {
            path: plan.file.path().to_path_buf(),
            column: name.to_string(),
            known: String::new(),
        })
    };
    let texts = column(&flags.column)?;
    let mut new = vec![engine.annotate(&texts)?];
    if flags.diagnostics_column.is_some() {
        new.push(engine.diagnose(&texts)?);
    }
    let kept = &plan.schema.fields()[..plan.schema.fields().len() - new.len()];
    let mut columns = kept.iter().map(|f| column(f.name())).collect::<Result<Vec<_>, _>>()?;
    columns.append(&mut new);
    RecordBatch::try_new(Arc::clone(&plan.schema), columns).map_err(|e| plan.file.damaged(&e))
}
