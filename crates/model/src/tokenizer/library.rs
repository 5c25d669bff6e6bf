//! [`LibraryTokenizer`]: the tokenizers library's tokenizer, with models that are read without a detour.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};
use tokenizers::{
    DecoderWrapper, Model, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Token,
    TokenizerImpl,
    models::{TrainerWrapper, bpe::BPE, wordlevel::WordLevel, wordpiece::WordPiece},
};

use super::unigram::Unigram;

/// A tokenizer.json, read.
pub(crate) type LibraryTokenizer =
    TokenizerImpl<TokenizerModel, NormalizerWrapper, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

/// The `model` of tokenizer.json.
#[expect(clippy::large_enum_variant, reason = "a tokenizer has one")]
pub(crate) enum TokenizerModel {
    /// Any but Unigram.
    Library(ModelWrapper),
    Unigram(Unigram),
}

impl<'de> Deserialize<'de> for TokenizerModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ModelVisitor)
    }
}

/// Reads the type of model that the first field names.
///
/// The library, which also reads models without a type, reads a vocabulary into a buffer, from there into a JSON value,
/// and from there into the model, which takes three times as long.
struct ModelVisitor;

impl<'de> Visitor<'de> for ModelVisitor {
    type Value = TokenizerModel;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a tokenizer's model")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<TokenizerModel, A::Error> {
        let mut read = Map::new();
        if let Some(name) = fields.next_key::<String>()? {
            let value = fields.next_value::<Value>()?;
            let rest = MapAccessDeserializer::new(&mut fields);
            match (name.as_str(), value.as_str()) {
                ("type", Some("BPE")) => return BPE::deserialize(rest).map(TokenizerModel::library),
                ("type", Some("Unigram")) => return Unigram::deserialize(rest).map(TokenizerModel::Unigram),
                ("type", Some("WordLevel")) => return WordLevel::deserialize(rest).map(TokenizerModel::library),
                ("type", Some("WordPiece")) => return WordPiece::deserialize(rest).map(TokenizerModel::library),
                _ => read.insert(name, value),
            };
        }
        while let Some((name, value)) = fields.next_entry::<String, Value>()? {
            read.insert(name, value);
        }
        let read = Value::Object(read);
        match ModelWrapper::deserialize(&read).map_err(Error::custom)? {
            ModelWrapper::Unigram(_) => Unigram::deserialize(read).map(TokenizerModel::Unigram).map_err(Error::custom),
            model => Ok(TokenizerModel::Library(model)),
        }
    }
}

impl TokenizerModel {
    fn library(model: impl Into<ModelWrapper>) -> Self {
        Self::Library(model.into())
    }
}

impl Model for TokenizerModel {
    type Trainer = TrainerWrapper;

    fn tokenize(&self, text: &str) -> tokenizers::Result<Vec<Token>> {
        match self {
            Self::Library(model) => model.tokenize(text),
            Self::Unigram(model) => model.tokenize(text),
        }
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Library(model) => model.token_to_id(token),
            Self::Unigram(model) => model.token_to_id(token),
        }
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        match self {
            Self::Library(model) => model.id_to_token(id),
            Self::Unigram(model) => model.id_to_token(id),
        }
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        match self {
            Self::Library(model) => model.get_vocab(),
            Self::Unigram(model) => model.get_vocab(),
        }
    }

    fn get_vocab_size(&self) -> usize {
        match self {
            Self::Library(model) => model.get_vocab_size(),
            Self::Unigram(model) => model.get_vocab_size(),
        }
    }

    fn save(&self, folder: &Path, name: Option<&str>) -> tokenizers::Result<Vec<PathBuf>> {
        match self {
            Self::Library(model) => model.save(folder, name),
            Self::Unigram(model) => model.save(folder, name),
        }
    }

    fn get_trainer(&self) -> TrainerWrapper {
        match self {
            Self::Library(model) => model.get_trainer(),
            Self::Unigram(model) => model.get_trainer().into(),
        }
    }
}
