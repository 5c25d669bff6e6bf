//! `spanframe head`: the first entities of an annotated file, as a table.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, UInt64Array, cast::AsArray};
use arrow_cast::pretty::pretty_format_batches;
use arrow_schema::DataType;
use spanframe_engine::{Layout, schema};

use crate::{error::CliError, flags::HeadFlags, parquet_file::ParquetFile, text::print};

pub fn head(flags: &HeadFlags) -> Result<(), CliError> {
    let file = ParquetFile::open(&flags.file)?;
    let index = file.column(&flags.column)?;
    let found = file.schema().field(index).data_type().clone();
    let layout = Layout::NAMES.into_iter().find(|(_, layout)| same_shape(&schema::data_type(*layout), &found));
    let Some((_, layout)) = layout else {
        return Err(CliError::NotEntities { path: flags.file.clone(), column: flags.column.clone(), found });
    };
    let mut tables = Vec::new();
    let (mut first_row, mut left) = (0, flags.entities);
    'file: for row_group in 0..file.row_groups() {
        for batch in file.read(row_group, &[index])? {
            let batch = batch.map_err(|e| file.damaged(&e))?;
            let table = explode(batch.column(0), layout, first_row).map_err(|e| file.damaged(&e))?;
            tables.push(table.slice(0, left.min(table.num_rows())));
            left -= left.min(table.num_rows());
            first_row += batch.num_rows() as u64;
            if left == 0 {
                break 'file;
            }
        }
    }
    let table = pretty_format_batches(&tables).map_err(|e| file.damaged(&e))?;
    print(&format!("{table}\n"))
}

/// Whether two types differ at most in the names of list items, which Parquet writers choose.
fn same_shape(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::List(a), DataType::List(b)) => same_shape(a.data_type(), b.data_type()),
        (DataType::Struct(a), DataType::Struct(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| a.name() == b.name() && same_shape(a.data_type(), b.data_type()))
        }
        _ => a == b,
    }
}

/// One row an entity, with the number of the row it was found in.
fn explode(column: &ArrayRef, layout: Layout, first_row: u64) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let (lists, children): (ListArray, Vec<ArrayRef>) = match layout {
        Layout::StructOfLists => {
            let columns = column.as_struct().columns();
            let values = columns.iter().map(|list| flat(list.as_list())).collect();
            (columns[0].as_list().clone(), values)
        }
        Layout::Annotation => return Err(arrow_schema::ArrowError::NotYetImplemented(String::new())),
        Layout::ListOfStructs => {
            let list = column.as_list();
            (list.clone(), flat(list).as_struct().columns().to_vec())
        }
    };
    let rows = (0..lists.len()).flat_map(|row| {
        std::iter::repeat_n(
            first_row + row as u64,
            if lists.is_null(row) { 0 } else { lists.value_length(row) as usize },
        )
    });
    let row: ArrayRef = Arc::new(UInt64Array::from_iter_values(rows));
    let names = schema::entity_fields().map(|(name, _)| name);
    RecordBatch::try_from_iter([("row", row)].into_iter().chain(names.into_iter().zip(children)))
}

/// The values of the rows in `list`, which may be a slice of a longer one.
fn flat(list: &ListArray) -> ArrayRef {
    let (begin, end) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
    list.values().slice(begin as usize, (end - begin) as usize)
}
