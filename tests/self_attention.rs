//! The operator `spanframe.SelfAttention` beside the function of ONNX Runtime's operators that the bundled file brings for it.

use std::{fs, path::Path};

use ort::{
    session::{Session, builder::GraphOptimizationLevel},
    value::Tensor,
};
use spanframe_model::{Backend, Device, Model, ModelFiles, Runtime, RuntimeSearch, SessionOptions};

const ONNX: &str = "model_int8.onnx";
const TEXT: &str = "Started on insulin glargine 10 units and metformin for type 2 diabetes mellitus; no chest pain.";

#[test]
fn the_operator_says_what_the_function_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/models/clinical-ner-small");
    // the same file whose function doubles all scores: who computes it says something else
    let other = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json"] {
        fs::copy(folder.join(file), other.path().join(file)).unwrap();
    }
    let mut bytes = fs::read(folder.join(ONNX)).unwrap();
    let scale = [b"\n\x05scale\x15".as_slice(), &1.0_f32.to_le_bytes()].concat();
    let places: Vec<usize> = (0..bytes.len() - scale.len()).filter(|&at| bytes[at..].starts_with(&scale)).collect();
    let [place] = places[..] else { panic!("{} scales in the function", places.len()) };
    bytes[place + 8..place + 12].copy_from_slice(&2.0_f32.to_le_bytes());
    fs::write(other.path().join(ONNX), bytes).unwrap();

    let (model, other_model) = (load(&folder), load(other.path()));
    let encoding = model.tokenizer.encode(TEXT).unwrap();
    let ids = [model.tokenizer.prefix(), encoding.ids(), model.tokenizer.suffix()].concat();
    let width = ids.len() + 3;
    // one window alone, which threads share, and windows that are padded and of which the first token is hidden
    for (rows, hide_zero) in [(vec![&ids[..]], false), (vec![&ids[..], &ids[..ids.len() / 2], &ids[..5]], true)] {
        let run = if hide_zero { Backend::run_hiding_zero } else { Backend::run };
        let of_operator = |model: &Model| -> Vec<f32> {
            let logits = run(&model.backend, 0, &rows, width).unwrap();
            rows.iter().enumerate().flat_map(|(i, row)| logits.tokens(i, 0..row.len()).to_vec()).collect()
        };
        let operator = of_operator(&model);
        assert_eq!(operator, of_operator(&other_model));
        let apart = |folder: &Path| {
            let function = function(folder, &rows, width, hide_zero);
            assert_eq!(function.len(), operator.len());
            operator.iter().zip(&function).map(|(one, other)| (one - other).abs()).sum::<f32>() / operator.len() as f32
        };
        // what differs in the last bit may be rounded to either side before the next multiplication
        let (near, far) = (apart(&folder), apart(other.path()));
        assert!(near < 0.02 && far > 0.1, "{near} and {far}");
    }
}

fn load(folder: &Path) -> Model {
    let files = ModelFiles::find(folder, "").unwrap();
    let options = SessionOptions { device: Device::Cpu, sessions: 1, intra_threads: 2 };
    Model::load(files, &RuntimeSearch::default(), options).unwrap()
}

/// The logits of all tokens of `rows` by a session that knows ONNX Runtime's operators alone.
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
