//! Annotates a column of an Arrow record batch in Rust and prints a line per entity.
//!
//! cargo run --release --example engine [MODEL]

use std::{env, error::Error, fmt::Write, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray, cast::AsArray, types::UInt32Type};
use spanframe_engine::{Engine, EngineOptions, RawOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let notes: ArrayRef = Arc::new(StringArray::from(vec![
        Some("Metformin 500mg twice daily for type 2 diabetes mellitus."),
        None,
        Some("Niega disnea."),
    ]));
    let notes = RecordBatch::try_from_iter([("note", notes)])?;
    print!("{}", annotate(&notes, env::args().nth(1))?);
    Ok(())
}

/// Returns a line per entity of the column `note`: row, type, begin and chunk. `None` uses the bundled model.
pub fn annotate(notes: &RecordBatch, model: Option<String>) -> Result<String, Box<dyn Error>> {
    // the options have the names of the flags and of the Python keywords
    let options = RawOptions { model: model.map(Into::into), threshold: Some(0.5), ..RawOptions::default() };
    let engine = Engine::new(&EngineOptions::new(options)?)?;
    let column = notes.column_by_name("note").ok_or("no column note")?;

    // the default layout is a struct of lists: in each field a list per note
    let entities = engine.annotate(column)?;
    let list = |name| entities.as_struct().column_by_name(name).map(|lists| lists.as_list::<i32>());
    let (chunks, kinds) = (list("chunk").ok_or("no chunks")?, list("entity").ok_or("no entities")?);
    let begins = list("begin").ok_or("no begins")?;
    let mut lines = String::new();
    for row in 0..notes.num_rows() {
        let (chunks, kinds, begins) = (chunks.value(row), kinds.value(row), begins.value(row));
        let begins = begins.as_primitive::<UInt32Type>().values();
        for ((chunk, kind), begin) in chunks.as_string::<i32>().iter().zip(kinds.as_string::<i32>()).zip(begins) {
            writeln!(lines, "{row}\t{}\t{begin}\t{}", kind.unwrap_or_default(), chunk.unwrap_or_default())?;
        }
    }
    Ok(lines)
}
