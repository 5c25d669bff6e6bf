//! How much of ONNX Runtime's speed is left in the whole job?
//!
//! `make bench` times, alternating in one run on the same machine, the real program (Parquet to Parquet, process start
//! and model loading included) and, on the same windows in the same sorted batches (loading, tokenizing and decoding
//! left out), bare ONNX Runtime with operators of its own alone, and its sessions as the program makes them. It prints
//! one JSON record; benches/runs keeps those worth keeping.

use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use ort::{
    session::{Session, builder::GraphOptimizationLevel},
    value::Tensor,
};
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use spanframe_core::{batch, sentence, window};
use spanframe_engine::{input::TextColumn, options};
use spanframe_model::{Device, Model, ModelFiles, Runtime, RuntimeSearch, SessionOptions};

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
    let plain = plain_sessions(threads);
    let (mut program, mut bare, mut sessions, mut start) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..ROUNDS {
        start.push(annotate(&tiny));
        program.push(annotate(&input));
        let run = run_bare(&windows, threads, |worker, rows, width| run_plain(&plain[worker], rows, width));
        bare.push(run.seconds);
        let run = run_bare(&windows, threads, |_, rows, width| {
            model.backend.run(rows, width).unwrap();
        });
        sessions.push(run.seconds);
        last = Some(run);
    }
    let (program, bare, sessions, start) = (median(program), median(bare), median(sessions), median(start));
    let Bare { tokens, padding, .. } = last.expect("at least one round");
    let rate = |seconds: f64| (tokens as f64 / seconds).round();
    println!(
        "{}",
        serde_json::json!({
            "question": "whole job beside bare ONNX Runtime",
            "notes": NOTES, "tokens": tokens, "threads": threads, "rounds": ROUNDS,
            "program_seconds": program, "bare_seconds": bare, "sessions_seconds": sessions, "one_note_seconds": start,
            "program_tokens_per_second": rate(program), "bare_tokens_per_second": rate(bare),
            "program_over_bare": bare / program,
            "program_over_bare_without_start": bare / (program - start),
            "program_over_sessions": sessions / program,
            "program_over_sessions_without_start": sessions / (program - start),
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

fn folder() -> PathBuf {
    root().join("data/models/clinical-ner-small")
}

fn load(sessions: usize) -> Model {
    let files = ModelFiles::find(&folder(), "").unwrap();
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
        for window in window::windows(&ends, encoding.inside_word(), capacity, capacity / 4) {
            let tokens = &encoding.ids()[window.tokens];
            let ids = [model.tokenizer.prefix(), tokens, model.tokenizer.suffix()].concat();
            if seen.insert(ids.clone()) {
                found.push(ids);
            }
        }
    }
    found
}

/// Sessions of one thread each, as somebody makes them who has ONNX Runtime and nothing else.
fn plain_sessions(sessions: usize) -> Vec<Mutex<Session>> {
    let runtime = Runtime::load(&RuntimeSearch::default()).unwrap();
    let session = || {
        let builder = Session::builder(runtime.environment()).unwrap();
        let builder = builder.with_optimization_level(GraphOptimizationLevel::All).unwrap();
        let mut builder = builder.with_intra_threads(1).unwrap();
        Mutex::new(builder.commit_from_file(folder().join("model_int8.onnx")).unwrap())
    };
    (0..sessions).map(|_| session()).collect()
}

fn run_plain(session: &Mutex<Session>, rows: &[&[u32]], width: usize) {
    let shape = [rows.len(), width];
    let pad = 1;
    let mut ids = vec![pad; rows.len() * width];
    let mut mask = vec![0_i64; rows.len() * width];
    for ((ids, mask), row) in ids.chunks_mut(width).zip(mask.chunks_mut(width)).zip(rows) {
        for ((id, mask), &piece) in ids.iter_mut().zip(mask).zip(*row) {
            (*id, *mask) = (i64::from(piece), 1);
        }
    }
    let (ids, mask) = (Tensor::from_array((shape, ids)).unwrap(), Tensor::from_array((shape, mask)).unwrap());
    let mut session = session.lock().unwrap();
    let outputs = session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask]).unwrap();
    outputs["logits"].try_extract_tensor::<f32>().unwrap();
}

fn run_bare(windows: &[Vec<u32>], threads: usize, run: impl Fn(usize, &[&[u32]], usize) + Sync) -> Bare {
    let lengths: Vec<usize> = windows.iter().map(Vec::len).collect();
    let batches = batch::plan(&lengths, options::DEFAULT_BATCH_TOKENS, batch::BatchShape::ANY);
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for worker in 0..threads {
            let (next, batches, run) = (&next, &batches, &run);
            scope.spawn(move || {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let rows: Vec<&[u32]> = batch.items.iter().map(|&i| windows[i].as_slice()).collect();
                    run(worker, &rows, batch.width);
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
