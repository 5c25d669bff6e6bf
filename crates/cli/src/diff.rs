//! `spanframe diff`: compares two columns of entities.

mod input;
mod print;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use spanframe_compare::{
    comparison::{ComparedRow, Comparison, ComparisonOptions},
    difference::Side,
};
use spanframe_engine::{EngineOptions, Offsets, RawOptions};

use self::input::{ColumnNames, DiffInput, InputRow};
use crate::{console, error::CliError, flags::DiffFlags};

pub fn diff(flags: &DiffFlags) -> Result<(), CliError> {
    let names = |entities, flag, text| ColumnNames { entities, flag, id: flags.id.as_deref(), text };
    let a = DiffInput::open(&flags.a, &names(flags.column_a.as_deref(), "--column-a", flags.text_column.as_deref()))?;
    let b = DiffInput::open(&flags.b, &names(flags.column_b.as_deref(), "--column-b", None))?;
    if flags.id.is_none() && a.is_gold() != b.is_gold() {
        let (gold, table) = if a.is_gold() { (&a, &b) } else { (&b, &a) };
        return Err(CliError::NoId { gold: gold.path().to_path_buf(), table: table.path().to_path_buf() });
    }
    let mut comparison = Comparison::new(ComparisonOptions {
        offsets_a: offsets(flags.offsets_a.as_ref(), &a)?,
        offsets_b: offsets(flags.offsets_b.as_ref(), &b)?,
        has_texts: a.has_texts() || b.has_texts(),
        examples: flags.examples,
        show_text: flags.show_text,
    });
    if flags.id.is_some() || a.is_gold() {
        join_by_id(&a, &b, &mut comparison)?;
    } else {
        join_by_position(&a, &b, &mut comparison)?;
    }
    let report = comparison.finish();
    match flags.json {
        true => console::print_json(print::json(&report))?,
        false => console::print(&print::text(&report)?)?,
    }
    if flags.check && !report.is_equal() {
        return Err(CliError::Differ);
    }
    Ok(())
}

/// The unit given by a flag, else the default of the file.
fn offsets(flag: Option<&String>, input: &DiffInput) -> Result<Offsets, CliError> {
    match flag {
        None => Ok(input.default_offsets()),
        Some(_) => Ok(EngineOptions::new(RawOptions { offsets: flag.cloned(), ..RawOptions::default() })?.offsets),
    }
}

fn join_by_position(a: &DiffInput, b: &DiffInput, comparison: &mut Comparison) -> Result<(), CliError> {
    if a.row_count() != b.row_count() {
        let (rows_a, rows_b) = (a.row_count().unwrap_or(0), b.row_count().unwrap_or(0));
        return Err(CliError::RowCounts { a: a.path().to_path_buf(), rows_a, b: b.path().to_path_buf(), rows_b });
    }
    for (number, (a, b)) in (0..).zip(a.rows()?.zip(b.rows()?)) {
        compare(comparison, number, &a?, &b?);
    }
    Ok(())
}

/// Holds all rows of B, and reads A row by row.
fn join_by_id(a: &DiffInput, b: &DiffInput, comparison: &mut Comparison) -> Result<(), CliError> {
    let twice = |path: &Path, first: u64, second: u64| CliError::SameId { path: path.to_path_buf(), first, second };
    let mut held: HashMap<String, (u64, InputRow)> = HashMap::new();
    for (number, row) in (0..).zip(b.rows()?) {
        let mut row = row?;
        let id = row.id.take().unwrap_or_default();
        // one text a row is enough
        row.text = row.text.filter(|_| !a.has_texts());
        if let Some((first, _)) = held.insert(id, (number, row)) {
            return Err(twice(b.path(), first, number));
        }
    }
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut joined = HashSet::new();
    for (number, row) in (0..).zip(a.rows()?) {
        let row = row?;
        let id = row.id.clone().unwrap_or_default();
        match held.get(&id) {
            Some((number_b, row_b)) => {
                compare(comparison, number, &row, row_b);
                joined.insert(*number_b);
            }
            None => comparison.only_in(Side::A),
        }
        if let Some(first) = seen.insert(id, number) {
            return Err(twice(a.path(), first, number));
        }
    }
    for _ in joined.len()..held.len() {
        comparison.only_in(Side::B);
    }
    Ok(())
}

fn compare(comparison: &mut Comparison, number: u64, a: &InputRow, b: &InputRow) {
    let types = compared_types(a, b);
    comparison.row(ComparedRow {
        number,
        id: a.id.as_deref(),
        text: a.text.as_deref().or(b.text.as_deref()),
        types: types.as_deref(),
        a: a.mentions.as_deref(),
        b: b.mentions.as_deref(),
    });
}

/// The types that count in a row: those that every gold input annotated. `None` for all.
///
/// Gold that does not name its types is compared on the labels that occur in it, as in `evaluate`. Between two such
/// inputs all labels count: a label of only one of them is a difference.
fn compared_types(a: &InputRow, b: &InputRow) -> Option<Vec<String>> {
    match (&a.types, &b.types) {
        (Some(a), Some(b)) => Some(a.iter().filter(|entity| b.contains(entity)).cloned().collect()),
        (Some(only), None) | (None, Some(only)) => Some(only.clone()),
        (None, None) => match (&a.labels, &b.labels) {
            (Some(only), None) | (None, Some(only)) => Some(only.to_vec()),
            _ => None,
        },
    }
}
