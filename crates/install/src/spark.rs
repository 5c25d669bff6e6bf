//! Turns what Spark NLP saved into a model folder, without a JVM.
//!
//! A saved token classifier is a folder:
//!
//! ```text
//! metadata/part-00000        JSON: class, uid, parameters
//! fields/NAME/part-*         labels, vocabulary, merges: Hadoop sequence files of Java-serialized arrays
//! *_onnx                     a zip file with the ONNX graph
//! *_spp                      a SentencePiece model, for the families that use one
//! ```
//!
//! A saved pipeline has `metadata` and a folder `stages` with one such folder a stage.

mod byte_reader;
mod card;
mod classifier;
mod digest_name;
mod family;
mod import;
mod java;
mod metadata;
mod modified_utf8;
mod object_file;
mod onnx_zip;
mod saved_folder;
mod sentence_piece;
mod sequence_file;
mod special_token;
mod tokenizer;
mod unigram;
mod vocabulary;

pub(crate) use self::{digest_name::digest_name, import::import, metadata::is_saved};
