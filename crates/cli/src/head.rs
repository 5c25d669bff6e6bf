//! `spanframe head`: prints the first entities of an annotated file as a table.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float32Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow_cast::pretty::pretty_format_batches;
use spanframe_engine::{
    EngineError, Mention,
    field::{Access, EntityField, FIELDS, Presence},
};
use spanframe_view::{character::line, status};

use crate::{console::print, entity_column::EntityColumn, error::CliError, flags::HeadFlags, table_file::TableFile};

/// Further fields that are shown where an entity has them. All of them would not fit a terminal.
const SHOWN: [&str; 3] = ["model", "code", "term"];

/// Prints the table.
pub fn head(flags: &HeadFlags) -> Result<(), CliError> {
    let file = TableFile::open(&flags.file)?;
    let column = EntityColumn::named(&file, &flags.column)?;
    let index = file.column(&flags.column)?;
    let mut found: Vec<(u64, Mention<'static>)> = Vec::new();
    let mut row = 0;
    for batch in file.read(&[index])? {
        let batch = batch?;
        for mentions in column.read(&file, batch.column(0), row as usize)? {
            found.extend(mentions.into_iter().flatten().map(|mention| (row, mention.into_owned())));
            row += 1;
        }
        if found.len() >= flags.entities {
            break;
        }
    }
    found.truncate(flags.entities);
    let table =
        table(&found, flags.assertion).and_then(|table| pretty_format_batches(&[table])).map_err(EngineError::from)?;
    print(&format!("{table}\n"))
}

/// One row per entity, with the row of the file. Control characters are replaced, so that no note can control the
/// terminal.
fn table(found: &[(u64, Mention<'_>)], assertion: bool) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let rows: ArrayRef = Arc::new(UInt64Array::from_iter_values(found.iter().map(|(row, _)| *row)));
    let is_shown = |field: &&EntityField| {
        matches!(field.presence, Presence::Always)
            || (SHOWN.contains(&field.name) && found.iter().any(|(_, mention)| field.get(mention).is_some()))
    };
    let columns = FIELDS.iter().filter(is_shown).map(|field| (field.name, column(field, found)));
    // five booleans would not fit a terminal
    let words = found.iter().map(|(_, mention)| status::in_words(mention)).collect::<StringArray>();
    let attributes = assertion.then(|| ("assertion", Arc::new(words) as ArrayRef));
    RecordBatch::try_from_iter([("row", rows)].into_iter().chain(columns).chain(attributes))
}

fn column(field: &EntityField, found: &[(u64, Mention<'_>)]) -> ArrayRef {
    let mentions = found.iter().map(|(_, mention)| mention);
    match field.access {
        Access::Text { get, .. } => Arc::new(mentions.map(|m| get(m).map(line)).collect::<StringArray>()),
        Access::Integer { get, .. } | Access::Id { get, .. } => Arc::new(mentions.map(get).collect::<Int64Array>()),
        Access::Float { get, .. } => Arc::new(mentions.map(get).collect::<Float32Array>()),
        Access::Bool { get, .. } => Arc::new(mentions.map(get).collect::<BooleanArray>()),
        Access::Concepts { .. } => {
            Arc::new(mentions.map(|m| Some(line(&field.get(m)?.to_string()))).collect::<StringArray>())
        }
    }
}
