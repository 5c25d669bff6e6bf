//! How much of ONNX Runtime's speed is left in the whole job?
//!
//! `make bench` times, alternating in one run on the same machine, the real program (Parquet to Parquet, process start
//! and model loading included) and bare ONNX Runtime on the same windows in sorted batches (loading, tokenizing and
//! decoding left out). It prints one JSON record; benches/runs keeps those worth keeping.

use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use spanframe_core::{batch, sentence, window};
use spanframe_engine::{input::TextColumn, options};
use spanframe_model::{Device, Model, ModelFiles, RuntimeSearch, SessionOptions};

/// Notes that are annotated; every language and length is among them.
const NOTES: usize = 400;
const ROUNDS: usize = 3;

struct Bare {
    seconds: f64,
    tokens: usize,
    padding: usize,
}

fn main() {
    let notes = notes();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.parquet");
    let tiny = folder.path().join("tiny.parquet");
    write(&input, &notes);
    write(&tiny, &notes.slice(0, 1));
    let threads = options::available_threads();
    let model = load(threads);
    let windows = windows(&model, &notes);
    let (mut program, mut bare, mut start) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..ROUNDS {
        start.push(annotate(&tiny));
        program.push(annotate(&input));
        let run = run_bare(&model, &windows, threads);
        bare.push(run.seconds);
        last = Some(run);
    }
    let (program, bare, start) = (median(program), median(bare), median(start));
    let Bare { tokens, padding, .. } = last.expect("at least one round");
    let rate = |seconds: f64| (tokens as f64 / seconds).round();
    println!(
        "{}",
        serde_json::json!({
            "question": "whole job beside bare ONNX Runtime",
            "notes": NOTES, "tokens": tokens, "threads": threads, "rounds": ROUNDS,
            "program_seconds": program, "bare_seconds": bare, "one_note_seconds": start,
            "program_tokens_per_second": rate(program), "bare_tokens_per_second": rate(bare),
            "program_over_bare": bare / program,
            "program_over_bare_without_start": bare / (program - start),
            "padding_share": padding as f64 / (tokens + padding) as f64,
        })
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn notes() -> RecordBatch {
    let file = File::open(root().join("data/notes.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap().slice(0, NOTES)
}

fn write(path: &Path, batch: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Seconds of one run of the real program.
fn annotate(input: &Path) -> f64 {
    let output: PathBuf = input.with_extension("out.parquet");
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_spanframe"))
        .args(["annotate", "--column", "note", "--quiet", "--overwrite", "-o"])
        .args([&output, input])
        .status()
        .unwrap();
    assert!(status.success());
    started.elapsed().as_secs_f64()
}

fn load(sessions: usize) -> Model {
    let files = ModelFiles::find(&root().join("data/models/clinical-ner-small"), "").unwrap();
    let options = SessionOptions { device: Device::Cpu, sessions, intra_threads: 1 };
    Model::load(files, &RuntimeSearch::default(), options).unwrap()
}

/// The distinct windows of all notes.
fn windows(model: &Model, notes: &RecordBatch) -> Vec<Vec<u32>> {
    let column = notes.column_by_name("note").unwrap();
    let column = TextColumn::new(column).unwrap();
    let capacity = model.config.max_length - model.tokenizer.special_tokens();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for text in (0..column.len()).filter_map(|row| column.get(row)) {
        let encoding = model.tokenizer.encode(text).unwrap();
        let ends = sentence::sentence_ends(text, encoding.spans());
        for window in window::windows(&ends, encoding.joined(), capacity, capacity / 4) {
            let pieces = &encoding.ids()[window.tokens];
            let ids = [model.tokenizer.prefix(), pieces, model.tokenizer.suffix()].concat();
            if seen.insert(ids.clone()) {
                found.push(ids);
            }
        }
    }
    found
}

fn run_bare(model: &Model, windows: &[Vec<u32>], threads: usize) -> Bare {
    let lengths: Vec<usize> = windows.iter().map(Vec::len).collect();
    let batches = batch::plan(&lengths, options::DEFAULT_BATCH_TOKENS, batch::Widths::ANY);
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for worker in 0..threads {
            let (next, batches) = (&next, &batches);
            scope.spawn(move || {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let rows: Vec<&[u32]> = batch.items.iter().map(|&i| windows[i].as_slice()).collect();
                    model.backend.run(worker, &rows, batch.width).unwrap();
                }
            });
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    let tokens = lengths.iter().sum();
    let padded: usize = batches.iter().map(|b| b.items.len() * b.width).sum();
    Bare { seconds, tokens, padding: padded - tokens }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
