//! What Spark NLP saved becomes a model folder, without a JVM.
//!
//! A saved token classifier is a folder with `metadata/part-*` (JSON), `fields/NAME/part-*` (object files of Spark: Hadoop
//! sequence files of Java-serialised arrays), a zip with the ONNX file, and for some a SentencePiece model.

mod family;
mod folder;
mod java;
mod object_file;
mod onnx_zip;
mod sentence_piece;
mod sequence_file;
mod tokenizer;

pub(crate) use folder::{import, is_saved, name};
