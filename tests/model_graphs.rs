//! Graphs that other exporters write: fixed shapes, other types of logits, dynamic quantization.

mod support;

use std::{fs, path::Path};

use spanframe_engine::{Engine, EngineOptions, RawOptions};
use support::{Found, annotate, engine, raw, spanframe, stderr, stdout, test_model};

/// A copy of bert-uncased whose graph `change` rewrote.
fn rewritten(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        fs::copy(Path::new(&test_model("bert-uncased")).join(name), home.path().join(name)).unwrap();
    }
    let graph = fs::read(Path::new(&test_model("bert-uncased")).join("model.onnx")).unwrap();
    fs::write(home.path().join("model.onnx"), change(graph)).unwrap();
    home
}

/// Replaces `from` by `to`, which has the same length, everywhere in `bytes`.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at..at + to.len()].copy_from_slice(to));
}

/// A graph with a fixed dimension in place of the one called `name`. The rest of the name becomes the dimension's
/// denotation, so that no length changes.
fn fixed(mut graph: Vec<u8>, name: &str, size: u8) -> Vec<u8> {
    let length = name.len() as u8;
    let from = [&[0x12, length], name.as_bytes()].concat();
    let to = [&[0x08, size, 0x1a, length - 2], &name.as_bytes()[2..]].concat();
    replace(&mut graph, &from, &to);
    graph
}

fn options(folder: &Path) -> RawOptions {
    RawOptions { model: Some(folder.display().to_string().into()), ..RawOptions::default() }
}

/// The values of `found`, and its confidences rounded: another batch gives other rounding errors.
fn rounded(found: Vec<Option<Vec<Found>>>) -> Vec<Option<Vec<Found>>> {
    let round = |f: Found| Found { confidence: (f.confidence * 1e3).round(), ..f };
    found.into_iter().map(|row| row.map(|row| row.into_iter().map(round).collect())).collect()
}

#[test]
fn graphs_with_fixed_shapes_give_the_entities_of_any_shape() {
    let notes = support::column("notes.parquet", "note").slice(0, 30);
    let narrow = RawOptions { max_length: Some(32), ..raw(Some("bert-uncased")) };
    let wide = rounded(annotate(&engine(raw(Some("bert-uncased"))), &notes));
    let expect = rounded(annotate(&engine(narrow), &notes));
    let shapes = [(Some(1), None), (None, Some(32)), (Some(1), Some(32)), (Some(3), Some(32)), (Some(2), Some(127))];
    for (rows, width) in shapes {
        let home = rewritten(|mut graph| {
            if let Some(rows) = rows {
                graph = fixed(graph, "batch_size", rows);
            }
            width.map_or(graph.clone(), |width| fixed(graph, "sequence_length", width))
        });
        let fixed = engine(RawOptions { sessions: Some(2), ..options(home.path()) });
        let found = rounded(annotate(&fixed, &notes));
        match width {
            Some(32) => assert_eq!(found, expect, "{rows:?} {width:?}"),
            None => assert_eq!(found, wide, "{rows:?} {width:?}"),
            // a window less than the 128 tokens of config.json may be cut elsewhere
            Some(_) => assert!(found.iter().flatten().flatten().count() > 0),
        }
        let shown = stdout(&spanframe(&["model", "show", home.path().to_str().unwrap()]));
        let most = width.unwrap_or(128);
        assert!(shown.contains(&format!("max length    {most} tokens a window")), "{shown}");
    }
    let home = rewritten(|graph| fixed(graph, "sequence_length", 32));
    let too_long = RawOptions { max_length: Some(64), ..options(home.path()) };
    let refused = Engine::new(&EngineOptions::new(too_long).unwrap()).err().unwrap().to_string();
    assert_eq!(refused, "option `max_length` cannot be 64; it may be 3 to 32 with this model");
}

/// Appends a node that casts the logits to the type `number`. Messages of protocol buffers are merged when they are
/// concatenated, so the new node joins the graph.
fn cast(mut graph: Vec<u8>, number: u8) -> Vec<u8> {
    let string = |field: u8, value: &[u8]| [&[field << 3 | 2, value.len() as u8], value].concat();
    replace(&mut graph, b"logits", b"logitz");
    let attribute = [string(1, b"to"), vec![3 << 3, number, 20 << 3 & 0x7f | 0x80, 0x01, 2]].concat();
    let node = [string(1, b"logitz"), string(2, b"logits"), string(4, b"Cast"), string(5, &attribute)].concat();
    let element = [vec![1 << 3, number]].concat();
    let output = [string(1, b"logits"), string(2, &string(1, &element))].concat();
    let added = [string(1, &node), string(12, &output)].concat();
    graph.extend(string(7, &added));
    graph
}

#[test]
fn logits_of_every_floating_point_type_are_read() {
    let notes = support::column("notes.parquet", "note").slice(0, 20);
    let expect = rounded(annotate(&engine(raw(Some("bert-uncased"))), &notes));
    // double; float16 and bfloat16 round the logits, so their entities may differ
    let double = rewritten(|graph| cast(graph, 11));
    assert_eq!(rounded(annotate(&engine(options(double.path())), &notes)), expect);
    for number in [10, 16] {
        let home = rewritten(|graph| cast(graph, number));
        let found = annotate(&engine(options(home.path())), &notes);
        let chunks = |found: &[Option<Vec<Found>>]| found.iter().flatten().map(Vec::len).sum::<usize>();
        assert!(chunks(&found) * 10 > chunks(&expect) * 9, "{number}");
    }
}

/// Dynamic quantization takes one scale for a batch, so a window would change its neighbours.
#[test]
fn a_dynamically_quantized_model_keeps_the_promise_and_says_so() {
    let notes = support::column("notes.parquet", "note").slice(0, 60);
    let model = format!("{}/model_dynamic.onnx", test_model("roberta"));
    let with = |batch_tokens: Option<i64>| {
        let raw = RawOptions { model: Some(model.clone().into()), batch_tokens, ..RawOptions::default() };
        annotate(&engine(raw), &notes)
    };
    let expect = with(None);
    assert!(expect.iter().flatten().flatten().count() > 100);
    for batch_tokens in [64, 4096] {
        assert_eq!(with(Some(batch_tokens)), expect);
    }
    let engine = engine(RawOptions { model: Some(model.clone().into()), ..RawOptions::default() });
    for row in [0, 17, 59] {
        assert_eq!(annotate(&engine, &notes.slice(row, 1)), expect[row..row + 1], "alone");
    }
    let warning =
        "its graph rounds activations by the content of a batch (DynamicQuantizeLinear, dynamic quantization)";
    assert!(stdout(&spanframe(&["model", "show", &model])).contains(&format!("warning       {warning}")));
    let said = stderr(&spanframe(&["text", "--model", &model, "Niega disnea."]));
    assert_eq!(said.matches(warning).count(), 1, "once at loading: {said}");
    let home = tempfile::tempdir().unwrap();
    let added = std::process::Command::new(env!("CARGO_BIN_EXE_spanframe"))
        .args(["model", "add", &model, "--name", "dynamic"])
        .env("SPANFRAME_HOME", home.path())
        .output()
        .unwrap();
    assert!(stdout(&added).contains(&format!("warning       {warning}")), "{}", stderr(&added));
}
