//! Tokens as Spark NLP makes them, for `emulate="sparknlp"`.

mod basic_token;
mod spark_encoding;
mod spark_tokens;

pub use spark_encoding::SparkEncoding;
