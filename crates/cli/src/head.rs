//! `spanframe head`: the first entities of an annotated file, as a table.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow_cast::pretty::pretty_format_batches;
use spanframe_engine::{EngineError, entity_column::Mention, schema::MODEL};
use spanframe_view::character::line;

use crate::{
    error::CliError,
    flags::HeadFlags,
    side::{mentions, shape},
    table_file::TableFile,
    text::print,
};

pub fn head(flags: &HeadFlags) -> Result<(), CliError> {
    let file = TableFile::open(&flags.file)?;
    let index = file.column(&flags.column)?;
    shape(&file, &flags.column)?;
    let mut found: Vec<(u64, Mention)> = Vec::new();
    let mut row = 0;
    for batch in file.read(&[index])? {
        for mentions in mentions(&file, &flags.column, batch?.column(0), row as usize)? {
            found.extend(mentions.into_iter().flatten().map(|mention| (row, mention)));
            row += 1;
        }
        if found.len() >= flags.entities {
            break;
        }
    }
    found.truncate(flags.entities);
    let table = table(&found).and_then(|table| pretty_format_batches(&[table])).map_err(EngineError::from)?;
    print(&format!("{table}\n"))
}

/// One row an entity, with the number of the row it was found in. No text steers the terminal.
fn table(found: &[(u64, Mention)]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mentions = || found.iter().map(|(_, mention)| mention);
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("row", Arc::new(UInt64Array::from_iter_values(found.iter().map(|(row, _)| *row)))),
        ("chunk", Arc::new(mentions().map(|m| m.chunk.as_deref().map(line)).collect::<StringArray>())),
        ("entity", Arc::new(mentions().map(|m| Some(line(&m.entity))).collect::<StringArray>())),
        ("begin", Arc::new(Int64Array::from_iter_values(mentions().map(|m| m.begin)))),
        ("end", Arc::new(Int64Array::from_iter_values(mentions().map(|m| m.end)))),
        ("confidence", Arc::new(mentions().map(|m| m.confidence).collect::<Float32Array>())),
    ];
    if mentions().any(|m| m.model.is_some()) {
        columns.push((MODEL, Arc::new(mentions().map(|m| m.model.as_deref().map(line)).collect::<StringArray>())));
    }
    RecordBatch::try_from_iter(columns)
}
