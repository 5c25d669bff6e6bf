//! Types of Polars, by their formats in the Arrow C data interface.

use arrow_array::ffi::FFI_ArrowSchema;
use arrow_schema::Field;
use polars::prelude::{PolarsResult, polars_err};
use spanframe_engine::{entity_column, shown_name::escaped};

const CAST: &str = "cast it with .cast(pl.String)";
const ANOTHER: &str = "name another column";

/// Types that hold no text: the begin of the format, the name in Python, and how to get a column of strings.
const OTHER_TYPES: &[(&str, &str, &str)] = &[
    ("b", "Boolean", CAST),
    ("c", "Int8", CAST),
    ("C", "UInt8", CAST),
    ("s", "Int16", CAST),
    ("S", "UInt16", CAST),
    ("i", "Int32", CAST),
    ("I", "UInt32", CAST),
    ("l", "Int64", CAST),
    ("L", "UInt64", CAST),
    ("_pli128", "Int128", CAST),
    ("_plu128", "UInt128", CAST),
    ("e", "Float16", CAST),
    ("f", "Float32", CAST),
    ("g", "Float64", CAST),
    ("d:", "Decimal", CAST),
    ("td", "Date", CAST),
    ("tt", "Time", CAST),
    ("ts", "Datetime", CAST),
    ("tD", "Duration", ANOTHER),
    ("+l", "List", ANOTHER),
    ("+L", "List", ANOTHER),
    ("+vl", "List", ANOTHER),
    ("+w", "Array", ANOTHER),
    ("+s", "Struct", "take one of its fields with .struct.field(name)"),
    ("+m", "Map", ANOTHER),
    ("w:", "Object", "make it again as pl.Series(column.to_list(), dtype=pl.String)"),
];

/// Refuses a first input that is not text, and a second one that is not languages.
///
/// # Errors
/// `ComputeError` that names the column, its type and a way out.
pub fn check_text<'a>(inputs: impl Iterator<Item = &'a FFI_ArrowSchema>) -> PolarsResult<()> {
    for (input, expected) in inputs.zip(["a string column", "the language of each row as a string"]) {
        if let Some((kind, way_out)) = other_type(input) {
            let column = escaped(input.name().unwrap_or_default());
            return Err(polars_err!(ComputeError: "column `{column}` is {kind}, expected {expected}: {way_out}"));
        }
    }
    Ok(())
}

/// Refuses an input that has no entities.
///
/// # Errors
/// `ComputeError` that names the column, its type and a way out.
pub fn check_entities<'a>(mut inputs: impl Iterator<Item = &'a FFI_ArrowSchema>) -> PolarsResult<()> {
    let Some(input) = inputs.next() else { return Ok(()) };
    let column = escaped(input.name().unwrap_or_default());
    if let Some(field) = input.children().find_map(unreadable) {
        let (field, kind) = (escaped(field.name().unwrap_or_default()), kind(field));
        return Err(polars_err!(
            ComputeError: "column `{column}` has a field `{field}` of type {kind}, which cannot be read: drop or cast it"
        ));
    }
    if Field::try_from(input).is_ok_and(|field| entity_column::layout(field.data_type()).is_some()) {
        return Ok(());
    }
    let way_out = "link the column that ner.extract made, or a struct of lists or list of structs with chunk, entity, \
                   begin and end";
    Err(polars_err!(ComputeError: "column `{column}` is {}, expected entities: {way_out}", kind(input)))
}

/// Returns the first type in a schema that pyo3-polars cannot read.
fn unreadable(schema: &FFI_ArrowSchema) -> Option<&FFI_ArrowSchema> {
    const READABLE: [&str; 16] = ["b", "c", "C", "s", "S", "i", "I", "l", "L", "f", "g", "n", "+l", "+L", "+s", "+vl"];
    let is_extension = schema.metadata().is_ok_and(|metadata| metadata.contains_key("ARROW:extension:name"));
    let is_readable = is_text(schema) || READABLE.contains(&schema.format());
    if is_extension || !is_readable || schema.dictionary().is_some_and(|values| !is_text(values)) {
        return Some(schema);
    }
    schema.children().find_map(unreadable)
}

/// Returns the name in Python of any type.
fn kind(schema: &FFI_ArrowSchema) -> &'static str {
    match schema.format() {
        _ if schema.dictionary().is_some() => "Categorical",
        "u" | "U" | "vu" => "String",
        "z" | "Z" | "vz" => "Binary",
        "n" => "Null",
        _ => other_type(schema).map_or("of another type", |(name, _)| name),
    }
}

/// Returns the name in Python of a type of Polars that Arrow lacks.
pub fn name(schema: &FFI_ArrowSchema) -> Option<&'static str> {
    OTHER_TYPES.iter().find(|(format, ..)| schema.format() == *format).map(|(_, name, _)| *name)
}

/// Returns the name of a type that holds no text, and a way out. `None` for strings, categories, bytes and nulls.
fn other_type(schema: &FFI_ArrowSchema) -> Option<(&'static str, &'static str)> {
    if schema.metadata().is_ok_and(|metadata| metadata.contains_key("ARROW:extension:name")) {
        return Some(("an Extension", "take what it holds with .ext.storage()"));
    }
    if schema.dictionary().is_some_and(is_text) || is_text(schema) {
        return None;
    }
    let format = schema.format();
    let known = OTHER_TYPES.iter().find(|(begin, ..)| format.starts_with(begin));
    let (_, name, way_out) = *known.unwrap_or(&("", "of another type", ANOTHER));
    let way_out = match name {
        "List" if schema.children().all(is_text) => "make one string of each list with .list.join(\"\\n\")",
        "Array" if schema.children().all(is_text) => "make one string of each array with .arr.join(\"\\n\")",
        _ => way_out,
    };
    Some((name, way_out))
}

/// True for strings, bytes and nulls.
fn is_text(schema: &FFI_ArrowSchema) -> bool {
    matches!(schema.format(), "u" | "U" | "vu" | "z" | "Z" | "vz" | "n")
}
