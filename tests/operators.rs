//! Compares spanframe's operators with the functions that the bundled ONNX file defines for them.

use std::{fs, path::Path};

use ort::{
    session::{Session, builder::GraphOptimizationLevel},
    value::Tensor,
};
use spanframe_model::{Backend, Device, Model, ModelFiles, Runtime, RuntimeSearch, SessionOptions};

const ONNX: &str = "model_int8.onnx";
const TEXT: &str = "Started on insulin glargine 10 units and metformin for type 2 diabetes mellitus; no chest pain.";

#[test]
fn operators_match_the_functions_in_the_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/models/clinical-ner-small");
    let (exact, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (file, to) in ["config.json", "tokenizer.json"].iter().flat_map(|file| [(file, &exact), (file, &other)]) {
        fs::copy(folder.join(file), to.path().join(file)).unwrap();
    }
    let bytes = fs::read(folder.join(ONNX)).unwrap();
    // the same file without bfloat16
    let places = places(&bytes, b"bfloat16");
    assert!(!places.is_empty());
    let mut changed = bytes.clone();
    places.iter().for_each(|place| changed[place + 6..place + 8].copy_from_slice(b"32"));
    fs::write(exact.path().join(ONNX), changed).unwrap();
    // the same file with functions that double all scores, shift by the bias and put the tangent for ReLU: a session
    // that runs them differs
    let changed = replaced(bytes, b"\n\x05scale\x15\0\0\x80\x3f", b"\n\x05scale\x15\0\0\0\x40");
    let changed = replaced(changed, b"\n\x04beta", b"\n\x04bias");
    let changed = replaced(changed, b"\"\x04Relu", b"\"\x04Tanh");
    fs::write(other.path().join(ONNX), changed).unwrap();

    let (model, exact_model, other_model) = (load(&folder), load(exact.path()), load(other.path()));
    let encoding = model.tokenizer.encode(TEXT).unwrap();
    let ids = [model.tokenizer.prefix(), encoding.ids(), model.tokenizer.suffix()].concat();
    let width = ids.len() + 3;
    // a lone window, which threads share, and padded windows whose first token is hidden
    for (rows, hide_zero) in [(vec![&ids[..]], false), (vec![&ids[..], &ids[..ids.len() / 2], &ids[..5]], true)] {
        let run = if hide_zero { Backend::run_hiding_zero } else { Backend::run };
        let of_operator = |model: &Model| -> Vec<f32> {
            let logits = run(&model.backend, &rows, width).unwrap();
            rows.iter().enumerate().flat_map(|(i, row)| logits.tokens(i, 0..row.len()).to_vec()).collect()
        };
        let operator = of_operator(&model);
        assert_eq!(operator, of_operator(&other_model));
        let apart = |operator: &[f32], folder: &Path| {
            let function = function(folder, &rows, width, hide_zero);
            assert_eq!(function.len(), operator.len());
            operator.iter().zip(&function).map(|(one, other)| (one - other).abs()).sum::<f32>() / operator.len() as f32
        };
        // values that differ in the last bit may become neighbouring int8 values before the next multiplication
        let near = apart(&of_operator(&exact_model), exact.path());
        let (rounded, far) = (apart(&operator, &folder), apart(&operator, other.path()));
        assert!(near < 0.05 && rounded < 0.2 && far > 0.5, "{near}, {rounded} and {far}");
    }
}

#[test]
fn a_weight_whose_products_may_overflow_is_refused() {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/models/clinical-ner-small");
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json"] {
        fs::copy(bundled.join(file), folder.path().join(file)).unwrap();
    }
    let mut bytes = fs::read(bundled.join(ONNX)).unwrap();
    // the name of a weight, then its values behind their length
    let name = b"0.fo.weight.int8\x4a";
    let [place] = places(&bytes, name)[..] else { panic!("expected one weight of that name") };
    bytes[place + name.len() + 8] = 65;
    fs::write(folder.path().join(ONNX), bytes).unwrap();
    for sessions in [1, 2] {
        let files = ModelFiles::find(folder.path(), "").unwrap();
        let options = SessionOptions { device: Device::Cpu, sessions, intra_threads: 1 };
        let error = Model::load(files, &RuntimeSearch::default(), options).map(drop).unwrap_err().to_string();
        assert!(error.contains("spanframe.ReluLinear: a weight is not from -64 to 64"), "{error}");
    }
}

/// All positions of `wanted`.
fn places(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    (0..bytes.len() - wanted.len()).filter(|&at| bytes[at..].starts_with(wanted)).collect()
}

/// `bytes` with the only occurrence of `old` replaced by `new`, which is as long.
fn replaced(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let [place] = places(&bytes, old)[..] else { panic!("expected one occurrence of {old:?}") };
    bytes[place..place + old.len()].copy_from_slice(new);
    bytes
}

fn load(folder: &Path) -> Model {
    let files = ModelFiles::find(folder, "").unwrap();
    let options = SessionOptions { device: Device::Cpu, sessions: 1, intra_threads: 2 };
    Model::load(files, &RuntimeSearch::default(), options).unwrap()
}

/// The logits of all tokens of `rows`, from a session without spanframe's operators.
fn function(folder: &Path, rows: &[&[u32]], width: usize, hide_zero: bool) -> Vec<f32> {
    let runtime = Runtime::load(&RuntimeSearch::default()).unwrap();
    let builder = Session::builder(runtime.environment()).unwrap();
    let mut builder = builder.with_optimization_level(GraphOptimizationLevel::All).unwrap();
    let mut session = builder.commit_from_file(folder.join(ONNX)).unwrap();
    let padded = |of: fn(i64, bool) -> i64, padding: i64| -> Tensor<i64> {
        let value = |row: &[u32], at: usize| row.get(at).map_or(padding, |&id| of(i64::from(id), hide_zero));
        let values: Vec<i64> = rows.iter().flat_map(|row| (0..width).map(move |at| value(row, at))).collect();
        Tensor::from_array(([rows.len(), width], values)).unwrap()
    };
    let (ids, mask) = (padded(|id, _| id, 1), padded(|id, hide| i64::from(id != 0 || !hide), 0));
    let outputs = session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask]).unwrap();
    let (shape, values) = outputs["logits"].try_extract_tensor::<f32>().unwrap();
    let labels = shape[2] as usize;
    let of_row = |(i, row): (usize, &&[u32])| values[i * width * labels..][..row.len() * labels].to_vec();
    rows.iter().enumerate().flat_map(of_row).collect()
}
