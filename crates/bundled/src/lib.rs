//! The bundled model as bytes of the program, so that the program never searches for it or downloads it. The files are
//! those of `data/models/clinical-ner-small`.
#![forbid(unsafe_code)]

/// Name of the model.
pub const NAME: &str = "clinical-ner-small";

/// Names and contents of the files in the model folder.
pub static FILES: &[(&str, &[u8])] = &[
    ("config.json", include_bytes!("../../../data/models/clinical-ner-small/config.json")),
    ("tokenizer.json", include_bytes!("../../../data/models/clinical-ner-small/tokenizer.json")),
    ("tokenizer_config.json", include_bytes!("../../../data/models/clinical-ner-small/tokenizer_config.json")),
    ("README.md", include_bytes!("../../../data/models/clinical-ner-small/README.md")),
    ("LICENSE", include_bytes!("../../../data/models/clinical-ner-small/LICENSE")),
    ("scores.json", include_bytes!("../../../data/models/clinical-ner-small/scores.json")),
    ("model_int8.onnx", include_bytes!("../../../data/models/clinical-ner-small/model_int8.onnx")),
];
