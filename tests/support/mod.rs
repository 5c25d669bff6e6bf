//! What the tests share: where things are, and short ways to the engine and the program.
#![allow(dead_code)] // each test file uses its part

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray};
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use spanframe_engine::{Engine, EngineOptions, RawOptions};

pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

/// Path of a tiny test model.
pub fn test_model(name: &str) -> String {
    data("test_models").join(name).display().to_string()
}

/// Options with a model; `None` for the bundled one.
pub fn raw(model: Option<&str>) -> RawOptions {
    RawOptions { model: model.map(|name| test_model(name).into()), ..RawOptions::default() }
}

pub fn engine(raw: RawOptions) -> Engine {
    Engine::new(&EngineOptions::new(raw).expect("valid options")).expect("a loadable model")
}

pub fn texts<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    std::sync::Arc::new(texts.into_iter().collect::<StringArray>())
}

/// A reference file of data/reference: gzipped JSON.
pub fn reference(path: &str) -> serde_json::Value {
    let file = File::open(data("reference").join(path)).unwrap();
    serde_json::from_reader(std::io::BufReader::new(flate2::read::GzDecoder::new(file))).unwrap()
}

/// Runs the real program.
pub fn spanframe(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanframe")).args(args).output().expect("the program starts")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

pub fn write(path: &Path, batch: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// One entity as a test wants to see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub chunk: String,
    pub entity: String,
    pub begin: u32,
    pub end: u32,
    pub confidence: f32,
}

/// The rows of a column in the struct-of-lists layout.
pub fn rows(column: &dyn Array) -> Vec<Option<Vec<Found>>> {
    use arrow_array::types::{Float32Type, UInt32Type};
    let column = column.as_struct();
    (0..column.len())
        .map(|row| {
            column.is_valid(row).then(|| {
                let child = |i: usize| column.column(i).as_list::<i32>().value(row);
                let (chunk, entity, begin, end, confidence) = (child(0), child(1), child(2), child(3), child(4));
                (0..chunk.len())
                    .map(|i| Found {
                        chunk: chunk.as_string::<i32>().value(i).to_string(),
                        entity: entity.as_string::<i32>().value(i).to_string(),
                        begin: begin.as_primitive::<UInt32Type>().value(i),
                        end: end.as_primitive::<UInt32Type>().value(i),
                        confidence: confidence.as_primitive::<Float32Type>().value(i),
                    })
                    .collect()
            })
        })
        .collect()
}

/// What `engine` finds in `array`.
pub fn annotate(engine: &Engine, array: &dyn Array) -> Vec<Option<Vec<Found>>> {
    rows(&engine.annotate(array).expect("annotates"))
}

/// A text column of a Parquet file of data/.
pub fn column(file: &str, name: &str) -> ArrayRef {
    let batch = read(&data(file));
    let column = batch.column_by_name(name).expect("the column is there");
    // whatever string type the file's writer chose
    let texts = spanframe_engine::input::TextColumn::new(column).unwrap();
    std::sync::Arc::new((0..texts.len()).map(|row| texts.get(row)).collect::<StringArray>())
}
