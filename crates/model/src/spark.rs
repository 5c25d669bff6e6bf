//! Tokens as Spark NLP makes them, for `emulate="sparknlp"`.

mod basic_token;
mod spark_pieces;

pub(crate) use spark_pieces::SentencePiece;
pub use spark_pieces::SparkEncoding;
